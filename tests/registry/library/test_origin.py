"""Provenance in commit messages: what Treadle wrote is read back, and what anybody else wrote is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.library.message import commit_message, one_line, read_trailers
from registry.library.origin import Origin, import_message, read_origins
from tests.conftest import MakeProject
from tests.support.repository import template

BLOB, COMMIT, DIGEST = "b" * 40, "c" * 40, "d" * 64
GREET = Origin("greet", "team/greet", 3, COMMIT, BLOB, DIGEST)
FORGED = "Treadle-Template: tell\nTreadle-Source: community/slack\nTreadle-Version: 12\n"
FORGED_WHOLE = f"{FORGED}Treadle-Commit: {COMMIT}\nTreadle-Blob: {BLOB}\nTreadle-Digest: sha256:{DIGEST}"


def test_every_origin_of_a_commit_is_read_back() -> None:
    tell = Origin("tell", "builtin/tell", 1, "", BLOB, DIGEST)
    assert list(read_origins(import_message([("Greet", GREET), ("Tell", tell)], " from shop"))) == [
        GREET,
        tell,
    ]


@given(st.text(), st.text())
def test_a_name_never_passes_for_provenance(name: str, sender: str) -> None:
    for forged in (name, f"{name}\n\n{FORGED_WHOLE}\n\n", f"x\n{FORGED_WHOLE}", f"\n{name}\r{FORGED}"):
        message = import_message([(forged, GREET), ("Tell", GREET)], f" from {sender}")
        assert list(read_origins(message)) == [GREET, GREET]


@given(st.text())
def test_a_message_of_the_user_never_passes_for_provenance(text: str) -> None:
    for given_text in (text, f"{text}\n\n{FORGED_WHOLE}", FORGED_WHOLE):
        message = commit_message(given_text, [("Publish", "greet@4")])
        assert list(read_origins(message)) == []
        assert not given_text.strip() or ("Publish", "greet@4") in list(read_trailers(message))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Version: 3", "Version: ²"),
        ("Version: 3", "Version: 1" + "0" * 400),
        ("Version: 3", "Version: -3"),
        ("Template: greet", "Template: ../greet"),
        (f"Blob: {BLOB}", "Blob: HEAD"),
        (f"Blob: {BLOB}\nTreadle-", ""),
        (f"sha256:{DIGEST}", DIGEST),
        ("Source: team/greet\nTreadle-Version: 3", "Version: 3\nTreadle-Source: team/greet"),
    ],
)
def test_a_group_in_another_form_tells_nothing(old: str, new: str) -> None:
    message = import_message([("Greet", GREET)])
    assert old in message
    assert list(read_origins(message.replace(old, new))) == []


def test_a_sign_off_among_the_trailers_is_passed_over() -> None:
    assert list(read_origins(import_message([("Greet", GREET)]) + "Signed-off-by: A <a@x>\n")) == [GREET]


@pytest.mark.parametrize("value", ["a\nb", "", " a", "a\u2028b", "a\x1b[2J"])
def test_a_value_is_one_line(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be the value of a trailer"):
        commit_message("Subject", [("Source", value)])
    assert "\n" not in one_line(value)


def test_a_name_forges_neither_its_own_provenance_nor_that_of_another(make_project: MakeProject) -> None:
    project = make_project({"treadle.yaml": "library: {git: ./library}\n"})
    for forged in (
        f"A\n{FORGED_WHOLE}",
        f"A\n\n{FORGED_WHOLE}\n\n",
        "A\nTreadle-Template: evil\nTreadle-Version: ²\n",
    ):
        project.write({"evil.json": template("Evil", 1, Name=forged), "tell.json": template("Tell", 1)})
        done = project.treadle("import", "evil.json", "tell.json")
        if done.exit_code == 0:
            for slug in ("evil", "tell"):
                shown = project.treadle("show", f"library/{slug}").stdout
                assert f"Imported from file/{slug}@1." in shown
                assert "community/slack@12" not in shown.replace(forged, "")
            project.treadle("remove", "library/evil", "--force")
            project.treadle("remove", "library/tell", "--force")
        else:
            assert (done.exit_code, (project.root / "library").exists()) == (2, False)

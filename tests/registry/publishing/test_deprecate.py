"""What repositories say against templates, and whom it reaches."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.catalog.catalog import Catalog
from registry.catalog.verify import verify
from registry.errors import Conflict, Invalid, NotFound
from registry.home import Home
from registry.library.notices import notices_bytes, parse_notices
from registry.model import Notice, NoticeKind, Reference
from registry.project.project_file import find_project
from registry.publishing.deprecate import add_notice, remove_notice
from registry.publishing.import_ import import_templates
from registry.publishing.publish import publish
from tests.support.repository import SourceRepository, template

DEPRECATED, REVOKED = NoticeKind.DEPRECATED, NoticeKind.REVOKED
NOTICES = st.builds(
    Notice,
    st.sampled_from(NoticeKind),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30),
    st.none() | st.sampled_from(["shout", "community/x@3"]),
    st.lists(st.integers(1, 99), max_size=3).map(tuple),
)


def _ref(text: str) -> Reference:
    return Reference.parse(text)


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """The library of a team, with two templates."""
    folder = tmp_path / "team"
    folder.mkdir()
    (folder / "treadle.yaml").write_text("version: 1\nlibrary: {git: ./library}\n")
    with _catalog(folder) as catalog:
        for slug in ("tell", "shout"):
            for body in ("echo one\n", "echo two\n"):
                (folder / f"{slug}.json").write_bytes(template(f"Team - {slug.title()}", 1, body))
                publish(catalog, folder / f"{slug}.json")
    return folder


@pytest.fixture
def shop(tmp_path: Path, team: Path) -> Path:
    """A project that has the team's library as a source."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "treadle.yaml").write_text(
        f"version: 1\nsources: {{team: {{git: {team / 'library'}}}}}\nlibrary: {{git: ./library}}\n"
    )
    _sync(folder)
    return folder


def _catalog(folder: Path) -> Catalog:
    return Catalog.open(Home.at(folder / "home"), find_project(folder), {})


def _sync(folder: Path) -> None:
    with _catalog(folder) as catalog:
        catalog.sync(catalog.definitions("team")[0])


def _notices(folder: Path, reference: str) -> tuple[Notice, ...]:
    with _catalog(folder) as catalog:
        notices = catalog.resolve(_ref(reference)).notices
        assert catalog.show(_ref(reference)).notices == notices
        return notices


def _announce(folder: Path, reference: str, notice: Notice) -> str | None:
    with _catalog(folder) as catalog:
        return add_notice(catalog, _ref(reference), notice).commit


def test_a_deprecation_is_a_commit_and_reaches_published_versions(team: Path) -> None:
    library = SourceRepository(team / "library")
    before = library.head()
    commit = _announce(team, "library/tell", Notice(DEPRECATED, "Too quiet.", "library/shout"))
    assert commit == library.head()
    assert library.git("log", "-1", "--format=%P%n%B") == (
        f"{before}\nDeprecate library/tell\n\nToo quiet.\n\nTreadle-Notice: library/tell"
    )
    assert library.git("status", "--porcelain") == ""
    for reference in ("library/tell", "library/tell@1", "library/tell@latest"):
        assert _notices(team, reference) == (Notice(DEPRECATED, "Too quiet.", "library/shout"),)
    assert _notices(team, "library/shout") == ()


def test_one_version_can_be_revoked(team: Path) -> None:
    _announce(team, "library/tell@1", Notice(REVOKED, "Leaks."))
    assert _notices(team, "library/tell@1") == (Notice(REVOKED, "Leaks.", versions=(1,)),)
    assert _notices(team, "library/tell@2") == ()


def test_the_same_again_changes_nothing_and_other_words_replace(team: Path) -> None:
    assert _announce(team, "library/tell", Notice(DEPRECATED, "Old."))
    assert _announce(team, "library/tell", Notice(DEPRECATED, "Old.")) is None
    assert _announce(team, "library/tell", Notice(DEPRECATED, "Very old."))
    assert _notices(team, "library/tell") == (Notice(DEPRECATED, "Very old."),)


def test_it_can_be_taken_back(team: Path) -> None:
    _announce(team, "library/tell", Notice(DEPRECATED, "Old."))
    _announce(team, "library/tell", Notice(REVOKED, "Leaks."))
    with _catalog(team) as catalog:
        assert remove_notice(catalog, _ref("library/tell"), REVOKED, dry_run=True).commit is None
        assert remove_notice(catalog, _ref("library/tell"), REVOKED).changed
        assert not remove_notice(catalog, _ref("library/tell"), REVOKED).changed
    assert _notices(team, "library/tell") == (Notice(DEPRECATED, "Old."),)


def test_whoever_has_the_library_for_a_source_hears_of_it(team: Path, shop: Path) -> None:
    _announce(team, "library/tell", Notice(DEPRECATED, "Old.", "library/shout@2"))
    assert _notices(shop, "team/tell") == ()
    _sync(shop)
    assert _notices(shop, "team/tell@1") == (Notice(DEPRECATED, "Old.", "team/shout@2"),)
    with _catalog(shop) as catalog:
        found = catalog.search("tell")
    assert [notice.standing for notice in found.notices["team/tell"]] == [DEPRECATED]
    assert "team/shout" not in found.notices


def test_a_copy_hears_what_is_said_about_its_origin(team: Path, shop: Path) -> None:
    with _catalog(shop) as catalog:
        import_templates(catalog, [_ref("team/tell@2")])
    _announce(team, "library/tell@2", Notice(REVOKED, "Leaks."))
    _sync(shop)
    assert _notices(shop, "library/tell") == (Notice(REVOKED, "Leaks.", versions=(2,)),)
    with _catalog(shop) as catalog, pytest.raises(Conflict, match="is revoked: Leaks"):
        import_templates(catalog, [_ref("team/tell@2")])


def test_a_library_may_judge_other_sources(shop: Path) -> None:
    _announce(shop, "team/tell", Notice(REVOKED, "Not for us.", "builtin/run-a-script"))
    assert _notices(shop, "team/tell@1") == (Notice(REVOKED, "Not for us.", "builtin/run-a-script"),)
    _announce(shop, "builtin/sleep", Notice(DEPRECATED))
    assert _notices(shop, "builtin/sleep") == (Notice(DEPRECATED),)


def test_the_authors_own_word_counts(team: Path) -> None:
    document = template(
        "Team - Whisper", 1, Treadle={"Deprecated": {"Reason": "Quiet.", "Successor": "team/x"}}
    )
    (team / "whisper.json").write_bytes(document)
    with _catalog(team) as catalog:
        publish(catalog, team / "whisper.json")
    assert _notices(team, "library/whisper") == (Notice(DEPRECATED, "Quiet.", "team/x"),)


def test_what_is_not_there_is_refused(team: Path) -> None:
    for reference, successor in (
        ("library/tel", None),
        ("library/tell@9", None),
        ("library/tell", "library/no"),
    ):
        with pytest.raises(NotFound):
            _announce(team, reference, Notice(DEPRECATED, successor=successor))
    with pytest.raises(Invalid, match="its own successor"):
        _announce(team, "library/tell@1", Notice(DEPRECATED, successor="library/tell@2"))


def test_notices_that_can_not_be_read_stop_everything(team: Path) -> None:
    library = SourceRepository(team / "library")
    for text in (
        "version: 2\nnotices: {}\n",
        "version: 1\nnotices: {tell: [{standing: odd}]}\n",
        "version: 1\n",
    ):
        library.commit({".treadle/notices.yaml": text.encode()})
        with pytest.raises(Invalid):
            _notices(team, "library/tell")


def test_a_revocation_that_was_taken_out_of_the_cache_is_found(team: Path) -> None:
    _announce(team, "library/tell", Notice(REVOKED, "Leaks."))
    assert _notices(team, "library/tell") == (Notice(REVOKED, "Leaks."),)
    with _catalog(team) as catalog:
        assert verify(catalog, None) == []
        (cache,) = (team / "home/notices").glob("library-*.json")
        head, _ = json.loads(cache.read_bytes())
        cache.write_text(json.dumps([head, {}]))
        assert [problem.code for problem in verify(catalog, None)] == ["notices-altered"]
        cache.write_text("rubbish")
        assert verify(catalog, None) == []
    assert _notices(team, "library/tell") == (Notice(REVOKED, "Leaks."),)


@given(
    st.dictionaries(st.sampled_from(["tell", "shout", "team/tell"]), st.lists(NOTICES, min_size=1).map(tuple))
)
def test_notices_come_back(notices: dict[str, tuple[Notice, ...]]) -> None:
    assert parse_notices(notices_bytes(notices), "x") == notices


def test_a_push_takes_the_notices_along(team: Path, tmp_path: Path) -> None:
    library = SourceRepository(team / "library")
    library.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    library.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    with _catalog(team) as catalog:
        done = add_notice(catalog, _ref("library/tell"), Notice(DEPRECATED), push=True)
    assert library.git("ls-remote", "origin", "refs/heads/main").split()[0] == done.commit

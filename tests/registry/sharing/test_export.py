"""Handing templates on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from registry.catalog.catalog import Catalog
from registry.catalog.details import TemplateCopy
from registry.errors import Conflict, Invalid
from registry.home import Home
from registry.model import Reference
from registry.publishing.publish import publish
from registry.sharing.export import ExportFormat, export_templates, octopus_json, without_secrets
from registry.template.document import digest, read_folder, read_template
from registry.template.files import load_folder
from tests.support.library import CommunityLibrary
from tests.support.repository import parameter, template

ID = "9f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11"
JSON, FOLDER = ExportFormat.OCTOPUS_JSON, ExportFormat.FOLDER


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(Home.at(tmp_path / "home"), None, {}) as catalog:
        yield catalog


def _published(catalog: Catalog, folder: Path, body: str = "echo hello\n", **more: Any) -> TemplateCopy:
    file = folder / "hello.json"
    file.write_bytes(template("Say - Hello", 1, body, Id=ID, **more))
    published = publish(catalog, file)
    return catalog.copy(Reference("library", "hello", published.version))


def _value(copy: TemplateCopy) -> Mapping[str, Any]:
    value: Mapping[str, Any] = json.loads(octopus_json(copy))
    return value


def test_octopus_json_says_what_it_is_and_is_always_the_same(catalog: Catalog, tmp_path: Path) -> None:
    copy = _published(catalog, tmp_path)
    assert _value(copy)["$Meta"] == {
        "ExportedAt": copy.resolved.provenance.date,
        "OctopusVersion": "3.4.0",
        "Type": "ActionTemplate",
    }
    assert octopus_json(copy) == octopus_json(catalog.copy(copy.resolved.reference))


def test_typed_extras_leave_under_their_own_key(catalog: Catalog, tmp_path: Path) -> None:
    extras = {"Parameters": {"Hello.Url": {"Required": True, "Pattern": "https://.*"}}}
    copy = _published(catalog, tmp_path, Parameters=[parameter("Hello.Url")], Treadle=extras)
    assert _value(copy)["Treadle"] == extras
    again = read_template(octopus_json(copy), "again.json").template.parameter("Hello.Url")
    assert again is not None
    assert (again.required, again.pattern) == (True, "https://.*")


def test_secrets_stay_behind_and_expressions_do_not(tmp_path: Path) -> None:
    def sensitive(name: str, default: object) -> dict[str, Any]:
        return parameter(name, control="Sensitive", DefaultValue=default)

    parameters = [
        sensitive("Plain", "hunter2"),
        sensitive("Form", {"HasValue": True, "NewValue": "hunter3"}),
        sensitive("Named", "#{Slack.Hook}"),
        parameter("Open", DefaultValue="kept"),
    ]
    body = 'token="ghp_0123456789abcdefghijklmnopqrstuvwxyz"\n'
    document = read_template(template("Say - Hello", 1, body, Parameters=parameters), "hello.json")
    copy = _copy_of(document)
    defaults = [item["DefaultValue"] for item in _value(copy)["Parameters"]]
    assert defaults == ["", "", "#{Slack.Hook}", "kept"]
    written = export_templates([copy], tmp_path / "hello", FOLDER)
    assert b"hunter" not in b"".join(written.files.values())
    assert [problem.code for problem in written.warnings] == [
        "secret-left-out",
        "secret-left-out",
        "secret-suspected",
    ]


def _copy_of(document: Any) -> TemplateCopy:
    from registry.model import Provenance, ResolvedTemplate
    from registry.template.document import to_folder

    where = Provenance("library", "hello", "hello", 1, "0" * 40)
    resolved = ResolvedTemplate(Reference("library", "hello", 1), document.template, where)
    return TemplateCopy(resolved, document, to_folder(document))


def test_a_folder_leaves_byte_for_byte(catalog: Catalog, tmp_path: Path) -> None:
    copy = catalog.copy(Reference("builtin", "run-a-script"))
    target = tmp_path / "out"
    written = export_templates([copy], target, FOLDER)
    assert {path.relative_to(target).as_posix(): path.read_bytes() for path in written.changed} == copy.files
    assert digest(load_folder(target)) == copy.digest
    assert export_templates([copy], target, FOLDER).changed == ()


def test_several_templates_go_into_a_folder(catalog: Catalog, tmp_path: Path) -> None:
    copies = [catalog.copy(Reference("builtin", slug)) for slug in ("sleep", "run-a-script")]
    tried = export_templates(copies, tmp_path / "out", JSON, dry_run=True)
    assert not (tmp_path / "out").exists()
    written = export_templates(copies, tmp_path / "out", JSON)
    assert tried == written
    assert [path.name for path in written.changed] == ["sleep.json", "run-a-script.json"]
    with pytest.raises(Invalid, match='written as "sleep"'):
        export_templates([copies[0], copies[0]], tmp_path / "out", JSON)


def test_other_content_is_not_overwritten_unless_asked(catalog: Catalog, tmp_path: Path) -> None:
    target = tmp_path / "sleep.json"
    target.write_text("mine")
    copy = catalog.copy(Reference("builtin", "sleep"))
    with pytest.raises(Conflict, match="has other content"):
        export_templates([copy], target, JSON)
    assert target.read_text() == "mine"
    export_templates([copy], target, JSON, force=True)
    assert json.loads(target.read_bytes())["$Meta"]["Type"] == "ActionTemplate"


def test_every_community_template_leaves_as_it_came(community_library: CommunityLibrary) -> None:
    for name, data in list(community_library.templates.items())[::20]:
        document = read_template(data, name)
        copy = _copy_of(document)
        exported = json.loads(octopus_json(copy))
        assert exported["$Meta"]["Type"] == "ActionTemplate"
        assert {**exported, "$Meta": None} == {**without_secrets(document.value), "$Meta": None}
        assert digest(read_folder(copy.files)) == copy.digest

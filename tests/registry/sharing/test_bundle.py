"""Share bundles: what is checked before anything of them is believed."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry.errors import Invalid, Mismatch, NotFound, Untrusted, UserError
from registry.model import Provenance
from registry.project.lock_file import Lock, LockEntry
from registry.sharing.archive import pack_archive, unpack_archive
from registry.sharing.bundle import (
    Bundle,
    NeededVariable,
    Needs,
    SharedTemplate,
    bundle_bytes,
    read_bundle,
)
from registry.template.document import read_folder, read_template, to_folder
from tests.support.repository import template

Files = dict[str, bytes]
PROCESS = b"version: 1\nsteps:\n  - {name: Tell, uses: library/tell}\n"
FOLDER = "templates/library/tell/3-"


def _template(version: int = 3, body: str = "echo hello\n") -> SharedTemplate:
    files = {
        **to_folder(read_template(template("Team - Tell", version, body), "tell.json")),
        "README.md": b"Tells.",
    }
    where = Provenance("library", "tell", "tell", version, "a" * 40, "b" * 40, url="/home/me/library")
    return SharedTemplate(("library/tell",), where, read_folder(files), files)


def _bundle() -> Bundle:
    shared = _template()
    entry = LockEntry(3, "/home/me/library", "tell", "b" * 40, "a" * 40, shared.digest)
    needs = Needs((NeededVariable("Hook", sensitive=True),), ("web",), ("Test",))
    return Bundle("web-shop", {"deploy.yaml": PROCESS}, (shared,), Lock({"library/tell": entry}), needs)


def _packed(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_bundle_comes_back_without_the_paths_of_its_maker(tmp_path: Path) -> None:
    data = bundle_bytes(_bundle())
    assert bundle_bytes(_bundle()) == data
    bundle = read_bundle(_packed(tmp_path / "x.tar.gz", data))
    assert (bundle.name, bundle.processes, bundle.needs) == (
        "web-shop",
        {"deploy.yaml": PROCESS},
        _bundle().needs,
    )
    (shared,) = bundle.templates
    assert (shared.files, shared.digest, shared.version) == (_template().files, _template().digest, 3)
    assert (shared.provenance.url, shared.provenance.commit) == (None, "b" * 40)
    assert bundle.lock.templates["library/tell"].source == ""
    assert b"/home/me" not in b"".join(unpack_archive(io.BytesIO(data), "x").values())


def _altered(path: Path, alter: Callable[[Files, dict[str, Any]], None], *, honest: bool = True) -> Path:
    """The bundle with other files and another manifest; `honest`: the hashes are made right again."""
    files = unpack_archive(io.BytesIO(bundle_bytes(_bundle())), "x")
    manifest = json.loads(files.pop("manifest.json"))
    alter(files, manifest)
    if honest:
        manifest["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return _packed(path, pack_archive({"manifest.json": json.dumps(manifest).encode(), **files}))


def _name(files: Files, end: str) -> str:
    return next(name for name in files if name.endswith(end))


def _other_script(files: Files, _: dict[str, Any]) -> None:
    files[_name(files, "script.sh")] = b"echo evil\n"


def _no_script(files: Files, _: dict[str, Any]) -> None:
    del files[_name(files, "script.sh")]


def _one_more(files: Files, _: dict[str, Any]) -> None:
    files["templates/library/tell/evil.sh"] = b"echo evil\n"


@pytest.mark.parametrize("alter", [_other_script, _no_script, _one_more])
def test_a_file_that_the_manifest_does_not_say_is_found(
    tmp_path: Path, alter: Callable[[Files, dict[str, Any]], None]
) -> None:
    with pytest.raises(Mismatch, match="was altered or damaged") as refused:
        read_bundle(_altered(tmp_path / "x.tar.gz", alter, honest=False))
    assert refused.value.exit_code == 5


def _set(*keys: Any, value: Any) -> Callable[[Files, dict[str, Any]], None]:
    def alter(_: Files, manifest: dict[str, Any]) -> None:
        place: Any = manifest
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return alter


def _process(data: bytes) -> Callable[[Files, dict[str, Any]], None]:
    def alter(files: Files, _: dict[str, Any]) -> None:
        files["processes/deploy.yaml"] = data

    return alter


def _project(files: Files, manifest: dict[str, Any]) -> None:
    files["processes/treadle.yaml"] = files.pop("processes/deploy.yaml")
    manifest["processes"] = ["treadle.yaml"]


def _no_lock(files: Files, _: dict[str, Any]) -> None:
    del files["treadle.lock"]


def _empty_lock(files: Files, _: dict[str, Any]) -> None:
    files["treadle.lock"] = b"version: 1\n"


def _other_lock(files: Files, _: dict[str, Any]) -> None:
    files["treadle.lock"] = files["treadle.lock"].replace(_template().digest.encode(), b"0" * 64)


def _two_meanings(_: Files, manifest: dict[str, Any]) -> None:
    manifest["templates"][0]["references"] = ["library/tell", "library/tell"]


ENTRY = ("templates", 0)
LIES: dict[str, tuple[Callable[[Files, dict[str, Any]], None], type[UserError], str]] = {
    "another script, with its hash": (_other_script, Mismatch, "is not the one in the manifest"),
    "a file that nothing is about": (_one_more, Invalid, "which nothing in it is about"),
    "an unknown version": (_set("version", value=2), Invalid, "format version 2"),
    "another kind": (_set("kind", value="zip"), Invalid, "kind"),
    "no name": (_set("name", value=""), Invalid, "name"),
    "a name that adds lines to a commit": (_set("name", value="a\nTreadle-Blob: x"), Invalid, "name"),
    "a name that ends a line": (_set("name", value="a\n"), Invalid, "name"),
    "a process with a path": (
        _set("processes", value=["../deploy.yaml"]),
        Invalid,
        "process 1: expected text",
    ),
    "the project as a process": (_project, Invalid, "the name of a project"),
    "a process that is missing": (_set("processes", value=["other.yaml"]), Invalid, "other.yaml"),
    "a slug with a path": (_set(*ENTRY, "slug", value="../tell"), Invalid, "slug"),
    "another version of the template": (_set(*ENTRY, "version", value=4), Mismatch, "is not the one"),
    "another digest": (_set(*ENTRY, "digest", value="0" * 64), Mismatch, "is not the one"),
    "another folder": (_set(*ENTRY, "folder", value=f"{FOLDER}{'0' * 12}"), Invalid, "template.yaml"),
    "no reference at all": (_set(*ENTRY, "references", value=["tell"]), Invalid, "can be called"),
    "one reference, two meanings": (_two_meanings, Invalid, "two meanings"),
    "no lock": (_no_lock, Invalid, "treadle.lock"),
    "nothing locked": (_empty_lock, Invalid, "does not lock it"),
    "other content locked": (_other_lock, Mismatch, "is locked to content"),
    "no process": (_process(b"version: 1\n"), Invalid, "steps"),
    "no YAML": (_process(b"steps: ["), Invalid, "deploy.yaml"),
    "a template that is not there": (_process(PROCESS.replace(b"tell", b"x")), Invalid, "does not hold it"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_bundle_that_lies_is_refused(tmp_path: Path, lie: str) -> None:
    alter, kind, said = LIES[lie]
    with pytest.raises(kind, match=said):
        read_bundle(_altered(tmp_path / "x.tar.gz", alter))


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_bundle(tmp_path / "x.tar.gz")
    with pytest.raises(Invalid, match=r"it has no manifest\.json"):
        read_bundle(_packed(tmp_path / "x.tar.gz", pack_archive({"a": b"1"})))
    with pytest.raises(Invalid, match="not a complete archive"):
        read_bundle(_packed(tmp_path / "x.tar.gz", b"\x1f\x8b nothing"))


def test_a_file_too_large_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "x.tar.gz").open("wb") as file:
        file.truncate(10 << 30)
    with pytest.raises(Untrusted, match="10,737 MB large"):
        read_bundle(tmp_path / "x.tar.gz")


@pytest.mark.parametrize("name", ["TREADLE.yaml", "treadle.yml", "Treadle.YML"])
def test_a_process_is_never_called_as_a_project_is(tmp_path: Path, name: str) -> None:
    bundle = replace(_bundle(), processes={name: PROCESS})
    with pytest.raises(Invalid):
        read_bundle(_packed(tmp_path / "x.tar.gz", bundle_bytes(bundle)))


@pytest.mark.parametrize("name", [".gitattributes", "x/.gitattributes"])
def test_attributes_that_are_not_ours_are_refused(tmp_path: Path, name: str) -> None:
    shared = _template()
    bundle = replace(_bundle(), templates=(replace(shared, files={**shared.files, name: b"* filter=x\n"}),))
    with pytest.raises(Untrusted, match="steers git"):
        read_bundle(_packed(tmp_path / "x.tar.gz", bundle_bytes(bundle)))


def test_attributes_that_keep_line_ends_come_along(tmp_path: Path) -> None:
    shared = _template(body="echo hello\r\n")
    assert ".gitattributes" in shared.files
    entry = replace(_bundle().lock.templates["library/tell"], sha256=shared.digest)
    bundle = replace(_bundle(), templates=(shared,), lock=Lock({"library/tell": entry}))
    assert (
        read_bundle(_packed(tmp_path / "x.tar.gz", bundle_bytes(bundle))).templates[0].files == shared.files
    )

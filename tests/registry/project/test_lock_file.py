"""treadle.lock, and finding what was altered."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from registry.catalog.catalog import Catalog
from registry.catalog.locking import make_lock
from registry.cli.context import Context
from registry.cli.verify import verify_command
from registry.errors import Invalid, Mismatch
from registry.home import Home
from registry.model import Reference
from registry.project.lock_file import Lock, read_lock, refuse_change, write_lock
from registry.project.project_file import find_project
from registry.publishing.import_ import import_templates
from tests.support.repository import SCRIPT, SourceRepository, template


@pytest.fixture
def repository(tmp_path: Path) -> SourceRepository:
    repository = SourceRepository.create(tmp_path / "source")
    repository.commit({"hello.json": template("Hello", 1), "other.json": template("Other", body="ls\n" * 40)})
    return repository


@pytest.fixture
def catalog(tmp_path: Path, repository: SourceRepository) -> Iterator[Catalog]:
    project = tmp_path / "project"
    project.mkdir()
    sources = f"sources: {{team: {{git: {repository.path}}}}}\nlibrary: {{git: ./library}}\n"
    (project / "treadle.yaml").write_text(sources)
    with Catalog.open(Home.at(tmp_path / "home"), find_project(project), {}) as catalog:
        catalog.sync(*catalog.definitions("team"))
        yield catalog


def _references(*texts: str) -> list[Reference]:
    return [Reference.parse(text) for text in texts]


def test_a_lock_comes_back_as_it_was(catalog: Catalog, tmp_path: Path, repository: SourceRepository) -> None:
    images = {"debian:12": f"sha256:{'0123' * 16}"}
    lock = make_lock(
        catalog, _references("team/hello", "team/other@1", "team/hello@latest", "builtin/sleep"), None, images
    )
    assert list(lock.templates) == ["team/hello", "team/other@1", "builtin/sleep"]
    entry = lock.templates["team/hello"]
    assert (entry.version, entry.blob, entry.commit) == (1, repository.blob("hello.json"), repository.head())
    file = tmp_path / "treadle.lock"
    write_lock(file, lock)
    assert read_lock(file) == lock
    before = file.read_bytes()
    write_lock(file, Lock(dict(reversed(list(lock.templates.items()))), images))
    assert file.read_bytes() == before
    assert read_lock(tmp_path / "none") is None


def test_a_locked_reference_means_the_same_for_ever(catalog: Catalog, repository: SourceRepository) -> None:
    (reference,) = _references("team/hello")
    lock = make_lock(catalog, [reference], None)
    repository.move("hello.json", "greeting.json")
    repository.commit({"greeting.json": template("Hello", 1, "echo altered under the same number\n")})
    catalog.sync(*catalog.definitions("team"))
    assert catalog.resolve(reference).template.properties[SCRIPT] == "echo altered under the same number\n"
    found = catalog.resolve(reference, lock.templates["team/hello"])
    assert found.template.properties[SCRIPT] == "echo hello\n"
    assert (found.provenance.slug, found.provenance.path) == ("greeting", "hello.json")
    again = make_lock(catalog, [reference], lock)
    assert again == lock


def test_a_change_of_the_lock_is_refused_by_name(catalog: Catalog, repository: SourceRepository) -> None:
    references = _references("team/hello", "team/other")
    lock = make_lock(catalog, references, None)
    refuse_change(lock, make_lock(catalog, references, lock))
    repository.commit({"hello.json": template("Hello", 2)})
    catalog.sync(*catalog.definitions("team"))
    with pytest.raises(Mismatch) as refused:
        refuse_change(lock, make_lock(catalog, _references("team/hello", "builtin/sleep"), None))
    assert refused.value.exit_code == 5
    old, new = (repository.blob("hello.json", revision)[:7] for revision in ("HEAD~1", "HEAD"))
    assert [problem.message for problem in refused.value.problems] == [
        '"builtin/sleep" is not locked',
        '"team/other" is locked and not used',
        f'"team/hello" is locked to version 1 ({old}) and means version 2 ({new})',
    ]
    with pytest.raises(Mismatch):
        refuse_change(None, lock)
    with pytest.raises(Mismatch, match='image "debian:12" is locked to sha256:1 and means sha256:2'):
        refuse_change(Lock({}, {"debian:12": "sha256:1"}), Lock({}, {"debian:12": "sha256:2"}))


def test_content_that_is_gone_or_another_is_told(catalog: Catalog) -> None:
    (reference,) = _references("team/hello")
    entry = make_lock(catalog, [reference], None).templates["team/hello"]

    def refusal(**changes: object) -> str:
        altered = {name: getattr(entry, name) for name in entry.__slots__} | changes
        with pytest.raises(Mismatch) as refused:
            catalog.resolve(reference, type(entry)(**altered))
        return refused.value.code

    assert refusal(blob="0" * 40) == "locked-content-missing"
    assert refusal(version=2) == "locked-content-missing"
    assert refusal(sha256="0" * 64) == "locked-content-altered"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("version: 1\ntemplatez/: {}\n", "lock-invalid"),
        ("version: 1\ntemplates/: []\n", "lock-invalid"),
        ("version: 1\ntemplates: {}\nimages: {a/b: latest}\n", "lock-invalid"),
        ("version: 2\n", "unknown-version"),
        ("", "unknown-version"),
        ("garbage\n", "lock-invalid"),
        ("- 1\n", "lock-invalid"),
        ("version: 1\ntemplates: {team/hello: {version: 1}}\n", "lock-invalid"),
        ("version: 1\ntemplates: {hello: 1, x/y: 2}\n", "lock-invalid"),
    ],
)
def test_what_is_no_lock_is_refused(text: str, code: str, tmp_path: Path) -> None:
    file = tmp_path / "treadle.lock"
    file.write_text(text)
    with pytest.raises(Invalid) as refused:
        read_lock(file)
    assert refused.value.code == code
    assert len(refused.value.problems) == text.count("/") + text.count("hello: 1,")


# --- verify


def _verify(catalog: Catalog, tmp_path: Path) -> Result:
    context = Context(tmp_path / "project", catalog.home, color=False)
    return CliRunner().invoke(verify_command, ["--json"], obj=context)


def _codes(result: Result) -> list[str]:
    return [problem["code"] for problem in json.loads(result.stdout)["problems"]]


@pytest.fixture
def locked(catalog: Catalog, tmp_path: Path) -> Catalog:
    """With a library, and a lock over all sources."""
    import_templates(catalog, _references("team/other"))
    lock = make_lock(catalog, _references("team/hello", "library/other", "builtin/sleep"), None)
    write_lock(tmp_path / "project/treadle.lock", lock)
    return catalog


def test_nothing_altered_is_nothing_found(locked: Catalog, tmp_path: Path) -> None:
    result = _verify(locked, tmp_path)
    assert (result.exit_code, _codes(result)) == (0, [])


@pytest.mark.parametrize("file", ["HEAD", "refs/heads/main"])
@pytest.mark.parametrize("content", [None, b"garbage\n"])
def test_a_library_that_cannot_be_read_is_found(
    locked: Catalog, tmp_path: Path, file: str, content: bytes | None
) -> None:
    path = tmp_path / "project/library/.git" / file
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    result = _verify(locked, tmp_path)
    assert isinstance(result.exception, Mismatch)
    assert "objects-damaged" in _codes(result)


def test_every_kind_of_altered_byte_is_found(locked: Catalog, tmp_path: Path) -> None:
    def after() -> list[str]:
        result = _verify(locked, tmp_path)
        assert isinstance(result.exception, Mismatch)
        return _codes(result)

    script = tmp_path / "project/library/other/script.sh"
    script.write_bytes(b"altered\n")
    assert after() == ["work-tree-altered"]
    SourceRepository(tmp_path / "project/library").git("checkout", "--", ".")

    lock = tmp_path / "project/treadle.lock"
    text = lock.read_text()
    entry = read_lock(lock)
    assert entry
    sha = entry.templates["team/hello"].sha256
    lock.write_text(text.replace(sha, sha[::-1]))
    assert after() == ["locked-content-altered"]
    lock.write_text(text)

    for part, other in (
        (f"commit: {entry.templates['team/hello'].commit}", f"commit: {'f' * 40}"),
        ("path: hello.json", "path: hallo.json"),
        ("source: ''", "source: https://example.com/x.git"),
    ):
        lock.write_text(text.replace(part, other, 1))
        assert after() == ["locked-origin-altered"]
    for part, other in ((sha, f"{sha[:-1]}x"), ("templates:", "temp1ates:"), ("version: 1", "version: 3")):
        lock.write_text(text.replace(part, other, 1))
        assert after() in (["lock-invalid"], ["unknown-version"])
    lock.write_text(text)

    with sqlite3.connect(locked.home.index_file) as index:
        index.execute("UPDATE content SET version = 7 WHERE slug = 'other' AND path = 'other.json'")
    assert after() == ["index-altered"]
    with sqlite3.connect(locked.home.index_file) as index:
        index.execute("UPDATE content SET version = 1 WHERE slug = 'other' AND path = 'other.json'")
    index.close()

    (mirror,) = locked.home.path.glob("sources/team-*.git")
    (pack,) = mirror.glob("objects/pack/*.pack") if list(mirror.glob("objects/pack/*.pack")) else [None]
    victim = pack or max(mirror.glob("objects/??/*"), key=lambda path: path.stat().st_size)
    victim.chmod(0o600)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 0xFF
    victim.write_bytes(bytes(data))
    assert "objects-damaged" in after()

"""Taking in share bundles: what they become, and that nothing is written when anything is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from registry.catalog.catalog import Catalog
from registry.errors import Conflict
from registry.home import Home
from registry.model import Reference
from registry.project.lock_file import read_lock
from registry.project.project_file import find_project
from registry.publishing.import_ import import_templates
from registry.publishing.publish import publish
from registry.sharing.bundle import (
    Bundle,
    NeededVariable,
    Needs,
    SharedTemplate,
    bundle_bytes,
    read_bundle,
)
from registry.sharing.export_bundle import draft_bundle
from registry.sharing.import_bundle import BundleImport, TemplateStatus, import_bundle, missing_needs
from registry.template.document import read_template
from tests.support.library import CommunityLibrary
from tests.support.repository import SourceRepository, template

PRESENT, ADDED, UPDATED = TemplateStatus.PRESENT, TemplateStatus.ADDED, TemplateStatus.UPDATED


@dataclass
class Place:
    """A project with a home of its own; `team` is a source that only some have."""

    root: Path
    team: Path | None = None

    def __post_init__(self) -> None:
        self.root.mkdir()
        sources = f"sources: {{team: {{git: {self.team}}}}}\n" if self.team else ""
        (self.root / "treadle.yaml").write_text(f"version: 1\nlibrary: {{git: ./library}}\n{sources}")
        if self.team:
            with self.catalog() as catalog:
                catalog.sync(catalog.definitions("team")[0])

    def catalog(self) -> Catalog:
        return Catalog.open(Home.at(self.root / "home"), find_project(self.root), {})

    def publish(self, slug: str, body: str) -> None:
        file = self.root / f"{slug}.json"
        with self.catalog() as catalog:
            held = [entry.version for entry in catalog.library_entries() if entry.slug == slug]
            file.write_bytes(template(f"Team - {slug.title()}", held[0] if held else 1, body))
            publish(catalog, file)

    def share(self, *references: str) -> Bundle:
        """A bundle with one process, which uses these templates one after the other."""
        steps = [f"  - {{name: Step {number}, uses: {name}}}\n" for number, name in enumerate(references, 1)]
        process = ("# ours\nversion: 1\nsteps:\n" + "".join(steps)).encode()
        (self.root / "deploy.yaml").write_bytes(process)
        with self.catalog() as catalog:
            draft = draft_bundle(catalog, [self.root / "deploy.yaml"])
        (self.root / "deploy.yaml").unlink()
        return draft.bundle("sender", Needs())

    def receive(self, bundle: Bundle, *, force: bool = False, dry_run: bool = False) -> BundleImport:
        with self.catalog() as catalog:
            return import_bundle(catalog, bundle, self.root, force=force, dry_run=dry_run)

    def files(self) -> Mapping[str, bytes]:
        """Everything that matters: the project's files and the library's objects."""
        paths = (path for path in self.root.rglob("*") if path.is_file() and "home" not in path.parts)
        return {str(path.relative_to(self.root)): path.read_bytes() for path in paths}


@pytest.fixture
def team(tmp_path: Path) -> SourceRepository:
    repository = SourceRepository.create(tmp_path / "team")
    repository.commit({"roll.json": template("Team - Roll", 12, "echo twelve\n")})
    repository.commit({"roll.json": template("Team - Roll", 15, "echo fifteen\n")})
    return repository


@pytest.fixture
def sender(tmp_path: Path, team: SourceRepository) -> Place:
    place = Place(tmp_path / "sender", team.path)
    place.publish("tell", "echo one\n")
    return place


def _told(reception: BundleImport) -> Sequence[tuple[str, TemplateStatus]]:
    return [(str(item.reference), item.status) for item in reception.templates]


def test_templates_come_to_the_library_and_processes_get_exact(tmp_path: Path, sender: Place) -> None:
    bundle = sender.share("library/tell", "team/roll@12+", "builtin/sleep")
    receiver = Place(tmp_path / "receiver")
    before = receiver.files()
    tried = receiver.receive(bundle, dry_run=True)
    assert receiver.files() == before
    done = receiver.receive(bundle)
    assert _told(done) == _told(tried)
    assert set(_told(done)) == {
        ("library/tell@1", ADDED),
        ("library/roll@15", ADDED),
        ("builtin/sleep@1", PRESENT),
    }
    assert (receiver.root / "deploy.yaml").read_text() == (
        "# ours\nversion: 1\nsteps:\n"
        "  - {name: Step 1, uses: library/tell@1}\n"
        "  - {name: Step 2, uses: library/roll@15}\n"
        "  - {name: Step 3, uses: builtin/sleep@1}\n"
    )
    lock = read_lock(receiver.root / "treadle.lock")
    assert lock is not None
    with receiver.catalog() as catalog:
        for name, entry in lock.templates.items():
            assert catalog.resolve(Reference.parse(name), entry).provenance.version == entry.version
        origins = [catalog.library.origin(slug) for slug in ("tell", "roll")]
    assert [(origin.source, origin.version) for origin in origins if origin] == [
        ("sender/tell", 1),
        ("team/roll", 15),
    ]


def test_the_same_again_changes_nothing(tmp_path: Path, sender: Place) -> None:
    bundle = sender.share("library/tell", "team/roll@12")
    receiver = Place(tmp_path / "receiver")
    receiver.receive(bundle)
    before = receiver.files()
    again = receiver.receive(bundle)
    assert receiver.files() == before
    assert (again.commit, again.changed, again.lock_changed) == (None, (), False)
    assert {status for _, status in _told(again)} == {PRESENT}


def test_templates_alone_leave_the_lock_alone(tmp_path: Path, sender: Place) -> None:
    bundle = replace(sender.share("library/tell"), processes={})
    receiver = Place(tmp_path / "receiver")
    assert _told(receiver.receive(bundle)) == [("library/tell@1", ADDED)]
    assert not (receiver.root / "treadle.lock").exists()


def test_a_sender_can_take_its_own_bundle(sender: Place) -> None:
    bundle = sender.share("library/tell", "team/roll@12")
    assert {status for _, status in _told(sender.receive(bundle))} == {PRESENT}


def test_a_source_with_the_same_content_is_used(
    tmp_path: Path, sender: Place, team: SourceRepository
) -> None:
    receiver = Place(tmp_path / "receiver", team.path)
    assert _told(receiver.receive(sender.share("team/roll@12"))) == [("team/roll@12", PRESENT)]


def test_a_newer_version_follows_and_an_older_one_is_found(tmp_path: Path, sender: Place) -> None:
    receiver = Place(tmp_path / "receiver")
    first = sender.share("library/tell")
    receiver.receive(first)
    sender.publish("tell", "echo two\n")
    assert _told(receiver.receive(sender.share("library/tell"), force=True)) == [("library/tell@2", UPDATED)]
    assert _told(receiver.receive(first, force=True)) == [("library/tell@1", PRESENT)]
    assert "library/tell@1" in (receiver.root / "deploy.yaml").read_text()


def test_two_versions_of_a_template_arrive_together(tmp_path: Path, sender: Place) -> None:
    receiver = Place(tmp_path / "receiver")
    done = receiver.receive(sender.share("team/roll@15", "team/roll@12"))
    assert _told(done) == [("library/roll@12", ADDED), ("library/roll@15", ADDED)]
    with receiver.catalog() as catalog:
        versions = [item.version for item in catalog.versions(Reference.parse("library/roll"))]
        assert versions == [15, 12]


def test_a_number_never_gets_a_second_meaning(tmp_path: Path, sender: Place) -> None:
    receiver = Place(tmp_path / "receiver")
    receiver.publish("tell", "echo mine\n")
    _refused(receiver, sender.share("library/tell"), "version-clash")


def test_an_older_version_is_not_put_on_top(tmp_path: Path, sender: Place) -> None:
    receiver = Place(tmp_path / "receiver")
    with receiver.catalog() as catalog:
        (receiver.root / "tell.json").write_bytes(template("Team - Tell", 7, "echo mine\n"))
        import_templates(catalog, [receiver.root / "tell.json"])
    _refused(receiver, sender.share("library/tell"), "version-older")


def test_a_changed_copy_is_not_overwritten(tmp_path: Path, sender: Place) -> None:
    receiver = Place(tmp_path / "receiver")
    receiver.receive(sender.share("library/tell"))
    receiver.publish("tell", "echo changed here\n")
    for body in ("echo two\n", "echo three\n"):
        sender.publish("tell", body)
    _refused(receiver, sender.share("library/tell"), "template-modified")


def test_another_template_of_that_name_is_not_overwritten(tmp_path: Path, sender: Place) -> None:
    receiver = Place(tmp_path / "receiver")
    (receiver.root / "tell.json").write_bytes(template("Other - Tell", 1))
    with receiver.catalog() as catalog:
        publish(catalog, receiver.root / "tell.json")
    _refused(receiver, sender.share("library/tell"), "template-clash")


def test_a_process_with_other_content_is_not_overwritten(tmp_path: Path, sender: Place) -> None:
    receiver = Place(tmp_path / "receiver")
    (receiver.root / "deploy.yaml").write_text("version: 1\nsteps: []\n")
    bundle = sender.share("library/tell")
    _refused(receiver, bundle, "file-exists")
    assert receiver.receive(bundle, force=True).changed == (receiver.root / "deploy.yaml",)


def _refused(receiver: Place, bundle: Bundle, code: str) -> None:
    before = receiver.files()
    with pytest.raises(Conflict) as refused:
        receiver.receive(bundle)
    assert refused.value.code == code
    assert receiver.files() == before


def test_two_contents_for_one_number_are_refused(tmp_path: Path, sender: Place) -> None:
    bundle = sender.share("library/tell", "team/roll@12")
    tell, roll = bundle.templates
    other = read_template(template("Team - Tell", 1, "echo other\n"), "tell.json")
    provenance = roll.provenance.__class__("team", "tell", "tell.json", 1, "a" * 40)
    twice = SharedTemplate(("team/tell@1",), provenance, other, tell.files)
    _refused(Place(tmp_path / "receiver"), Bundle("sender", {}, (tell, twice), bundle.lock), "version-clash")


def test_what_a_project_does_not_define_is_missing(tmp_path: Path) -> None:
    project = tmp_path / "treadle.yaml"
    project.write_text(
        "version: 1\nvariables: {site.host: x}\nenvironments: {Test: {}}\n"
        "targets: {web-1: {environments: [Test], roles: [Web]}}\n"
    )
    needs = Needs(
        (NeededVariable("Site.Host"), NeededVariable("Hook", sensitive=True)), ("web", "db"), ("test", "Live")
    )
    assert missing_needs(needs, None) == needs
    assert missing_needs(needs, project) == Needs((needs.variables[1],), ("db",), ("Live",))


@pytest.mark.slow
def test_real_templates_travel_unchanged(tmp_path: Path, community_library: CommunityLibrary) -> None:
    sender = Place(tmp_path / "sender", community_library.path)
    with sender.catalog() as catalog:
        entries = catalog.search("", limit=1000).hits
        chosen = [f"team/{entry.slug}" for entry in entries if entry.source == "team"][::12]
    bundle = read_bundle(_written(tmp_path / "x.tar.gz", bundle_bytes(sender.share(*chosen))))
    receiver = Place(tmp_path / "receiver")
    done = receiver.receive(bundle)
    assert {status for _, status in _told(done)} == {ADDED}
    with receiver.catalog() as here, sender.catalog() as there:
        for item in done.templates:
            (name,) = item.shared.references
            assert here.show(item.reference).digest == there.show(Reference.parse(name)).digest
    assert receiver.receive(bundle).changed == ()


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path

"""What commands and the planner ask of the registry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.catalog.catalog import Catalog
from registry.catalog.sync import SyncReport
from registry.errors import Conflict, Invalid, NotFound, Untrusted
from registry.home import Home
from registry.index.search import Filters
from registry.model import Reference, ResolvedTemplate
from registry.project.project_file import find_project
from registry.publishing.import_ import ImportStatus, import_templates
from tests.support.library import CommunityLibrary
from tests.support.repository import SCRIPT, SourceRepository, parameter, template


@pytest.fixture
def repository(tmp_path: Path) -> SourceRepository:
    repository = SourceRepository.create(tmp_path / "source")
    repository.commit({"hello.json": template("Hello", 1), "other.json": template("Other", body="ls\n" * 40)})
    return repository


@pytest.fixture
def catalog(tmp_path: Path, repository: SourceRepository) -> Iterator[Catalog]:
    """Of a project with one source, `team`, and a library of its own."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "treadle.yaml").write_text(
        f"version: 1\nsources:\n  team: {{git: {repository.path}}}\nlibrary: {{git: ./library}}\n"
    )
    with Catalog.open(Home.at(tmp_path / "home"), find_project(project), {}) as catalog:
        yield catalog


def _sync(catalog: Catalog, name: str = "team") -> SyncReport:
    result = catalog.sync(*catalog.definitions(name))
    assert isinstance(result, SyncReport), result
    return result


def _resolve(catalog: Catalog, text: str) -> ResolvedTemplate:
    return catalog.resolve(Reference.parse(text))


def test_a_reference_becomes_exact(catalog: Catalog, repository: SourceRepository) -> None:
    _sync(catalog)
    found = _resolve(catalog, "team/hello")
    assert found.template.name == "Hello"
    where = found.provenance
    assert (where.source, where.slug, where.path, where.version) == ("team", "hello", "hello.json", 1)
    assert (where.blob, where.commit) == (repository.blob("hello.json"), repository.head())
    assert (where.url, where.ref, where.author) == (str(repository.path), "main", "Tests")


def test_every_version_is_reachable(catalog: Catalog, repository: SourceRepository) -> None:
    repository.commit({"hello.json": template("Hello", 2, "echo first two\n")})
    draft = repository.blob("hello.json")
    repository.commit({"hello.json": template("Hello", 2, "echo two\n")})
    repository.commit({"hello.json": template("Hello", 3, "echo three\n")})
    _sync(catalog)

    def script(text: str) -> str | None:
        return _resolve(catalog, text).template.properties[SCRIPT]

    assert script("team/hello") == script("team/hello@latest") == script("team/hello@3") == "echo three\n"
    assert script("team/hello@2") == "echo two\n"
    assert script(f"team/hello@2:{draft[:7]}") == "echo first two\n"
    assert script("team/hello@1") == "echo hello\n"
    info = catalog.versions(Reference.parse("team/hello"))
    assert [item.version for item in info] == [3, 2, 1]
    assert info[1].variants == (draft,)


def test_a_number_that_went_down_is_still_the_latest(catalog: Catalog, repository: SourceRepository) -> None:
    repository.commit({"hello.json": template("Hello", 40)})
    repository.commit({"hello.json": template("Hello", 4)})
    _sync(catalog)
    assert _resolve(catalog, "team/hello").template.version == 4
    assert _resolve(catalog, "team/hello@1+").template.version == 4
    assert _resolve(catalog, "team/hello@40+").template.version == 40


def test_an_open_version_stops_before_the_interface_breaks(
    catalog: Catalog, repository: SourceRepository
) -> None:
    url = parameter("Url")
    repository.commit({"hello.json": template("Hello", 2, Parameters=[url])})
    color = parameter("Color", DefaultValue="red")
    repository.commit({"hello.json": template("Hello", 3, Parameters=[url, color])})
    repository.commit(
        {"hello.json": template("Hello", 4, Parameters=[parameter("Url", control="Sensitive"), color])}
    )
    _sync(catalog)
    assert _resolve(catalog, "team/hello@2+").template.version == 3
    assert _resolve(catalog, "team/hello@1+").template.version == 1
    assert _resolve(catalog, "team/hello@4+").template.version == 4


def test_a_renamed_template_answers_to_its_old_name(catalog: Catalog, repository: SourceRepository) -> None:
    repository.move("hello.json", "greeting.json")
    repository.commit({"greeting.json": template("Hello", 2)})
    _sync(catalog)
    found = _resolve(catalog, "team/hello@1")
    assert (found.provenance.slug, found.provenance.path) == ("greeting", "hello.json")
    assert _resolve(catalog, "team/hello").template.version == 2


def test_a_deleted_template_needs_its_version(catalog: Catalog, repository: SourceRepository) -> None:
    (repository.path / "hello.json").unlink()
    repository.commit()
    _sync(catalog)
    with pytest.raises(NotFound) as refused:
        _resolve(catalog, "team/hello")
    assert refused.value.hint == "If you still want it, name the version: `team/hello@1`."
    assert _resolve(catalog, "team/hello@1").template.name == "Hello"
    assert catalog.show(Reference.parse("team/hello@1")).deleted


def test_what_is_not_there_is_told_with_the_next_step(catalog: Catalog, repository: SourceRepository) -> None:
    def refusal(text: str) -> tuple[str, str, str | None]:
        with pytest.raises(NotFound) as refused:
            _resolve(catalog, text)
        return refused.value.code, refused.value.message, refused.value.hint

    assert refusal("team/hello") == (
        "source-not-synced",
        'source "team" has not been synced yet',
        "Run `treadle source sync team`.",
    )
    assert refusal("taem/hello") == (
        "source-not-found",
        'there is no source "taem"',
        'Did you mean "team"?',
    )
    repository.switch("side", create=True)
    repository.commit({"hello.json": template("Hello", 7)})
    draft = repository.blob("hello.json")
    repository.commit({"hello.json": template("Hello", 2)})
    repository.switch("main")
    repository.merge("side")
    _sync(catalog)
    assert refusal("team/helo") == (
        "template-not-found",
        'source "team" has no template "helo"',
        'Did you mean "hello"?',
    )
    assert refusal("team/hello@9") == (
        "version-not-found",
        '"team/hello" has no version 9',
        "There are: 1, 2.",
    )
    assert refusal("team/hello@7") == (
        "version-not-found",
        '"team/hello" never had version 7 on its main line, only in merged drafts',
        f"Take a draft by its blob: `team/hello@7:{draft[:7]}`.",
    )
    assert _resolve(catalog, f"team/hello@7:{draft[:7]}").template.version == 7
    assert refusal("team/hello@2:0000")[0] == "variant-not-found"
    assert refusal("library/hello")[2] == "Fill it with `treadle import community/SLUG`."


def test_builtin_templates_are_always_there(catalog: Catalog) -> None:
    found = _resolve(catalog, "builtin/sleep")
    assert found.template.action_type == "Octopus.Script"
    assert (found.provenance.commit, found.provenance.url) == (None, None)
    assert len(found.provenance.blob) == 40
    assert {entry.slug for entry in catalog.search("", Filters(source=("builtin",))).hits} >= {
        "sleep",
        "http-request",
    }


def test_a_lost_index_is_made_again_without_the_source(
    catalog: Catalog, repository: SourceRepository, tmp_path: Path
) -> None:
    _sync(catalog)
    before = _resolve(catalog, "team/hello").provenance
    catalog.close()
    catalog.home.index_file.unlink()
    repository.path.rename(tmp_path / "gone")
    with Catalog.open(catalog.home, find_project(tmp_path / "project"), {}) as again:
        after = _resolve(again, "team/hello").provenance
    assert (after.blob, after.commit) == (before.blob, before.commit)


def test_a_link_in_a_template_folder_is_not_followed(catalog: Catalog, repository: SourceRepository) -> None:
    repository.commit(
        {"evil/template.yaml": b"schema: 1\nid: x\nname: Evil\nversion: 1\naction_type: Octopus.Script\n"}
    )
    (repository.path / "evil/script.sh").symlink_to("/etc/passwd")
    repository.commit()
    report = _sync(catalog)
    assert ("evil/script.sh", "refused") in {(item.path, item.kind) for item in report.findings}
    with pytest.raises(Untrusted, match=r'"evil/script\.sh" is a link'):
        _resolve(catalog, "team/evil")


def test_search_puts_names_first_and_filters(catalog: Catalog, repository: SourceRepository) -> None:
    repository.commit(
        {
            "notes.json": template("Notes", body="# says hello\n", Category="docs"),
            "say-hello-ps.json": template("Say hello", Properties={SCRIPT: "Write-Host"}),
            "hello-mail.json": template("Mail", ActionType="Octopus.Email", Properties={}),
        }
    )
    _sync(catalog)

    def slugs(query: str, category: str = "", syntax: str = "", action_type: str = "") -> list[str]:
        kinds, languages, types = ((value,) if value else () for value in (category, syntax, action_type))
        filters = Filters(("team",), kinds, languages, types)
        return [entry.slug for entry in catalog.search(query, filters).hits]

    assert slugs("hello")[0] == "hello"
    assert set(slugs("hello")[:3]) == {"hello", "say-hello-ps", "hello-mail"}
    assert slugs("hello")[3] == "notes"
    assert slugs("hel")[0] in {"hello", "hello-mail", "say-hello-ps"}
    assert slugs("hello", syntax="PowerShell") == ["say-hello-ps"]
    assert slugs("hello", category="DOCS") == ["notes"]
    assert slugs("", action_type="octopus.email") == ["hello-mail"]
    assert (
        slugs('"hello" -- OR * (') == ["hello", *slugs("hello or")[1:]] or slugs('"hello" -- (')[0] == "hello"
    )
    assert slugs("zzz") == []
    assert catalog.search("hello", limit=1).total >= 4


def test_search_names_the_sources_it_could_not_ask(catalog: Catalog) -> None:
    assert catalog.search("hello").unsynced == ("community", "team")
    with pytest.raises(NotFound, match="has not been synced yet"):
        catalog.search("hello", Filters(source=("team",)))


# --- import


def _import(catalog: Catalog, *texts: str, slug: str | None = None) -> list[ImportStatus]:
    report = import_templates(catalog, [Reference.parse(text) for text in texts], slug)
    return [item.status for item in report.items]


def _library(catalog: Catalog, tmp_path: Path) -> SourceRepository:
    return SourceRepository(tmp_path / "project/library")


def test_an_import_is_one_commit_that_says_where_from(
    catalog: Catalog, repository: SourceRepository, tmp_path: Path
) -> None:
    _sync(catalog)
    assert _import(catalog, "team/hello", "builtin/sleep") == [ImportStatus.ADDED, ImportStatus.ADDED]
    library = _library(catalog, tmp_path)
    assert library.git("rev-list", "--count", "HEAD") == "1"
    assert (library.path / "hello/script.sh").read_bytes() == b"echo hello\n"
    assert library.git("status", "--porcelain") == ""
    trailers = library.git("log", "-1", "--format=%(trailers:only,unfold)").splitlines()
    digest = catalog.show(Reference.parse("team/hello")).digest
    assert trailers[:6] == [
        "Treadle-Template: hello",
        "Treadle-Source: team/hello",
        "Treadle-Version: 1",
        f"Treadle-Commit: {repository.head()}",
        f"Treadle-Blob: {repository.blob('hello.json')}",
        f"Treadle-Digest: sha256:{digest}",
    ]
    found = catalog.show(Reference.parse("library/hello"))
    assert (found.template, found.digest) == (_resolve(catalog, "team/hello").template, digest)
    assert found.origin
    assert (found.origin.source, found.origin.version) == ("team/hello", 1)


def test_the_same_import_again_changes_nothing(catalog: Catalog, tmp_path: Path) -> None:
    _sync(catalog)
    _import(catalog, "team/hello")
    head = _library(catalog, tmp_path).head()
    assert _import(catalog, "team/hello@1") == [ImportStatus.UNCHANGED]
    assert _library(catalog, tmp_path).head() == head


def test_another_version_takes_the_place_of_an_untouched_copy(
    catalog: Catalog, repository: SourceRepository, tmp_path: Path
) -> None:
    repository.commit({"hello.json": template("Hello", 2, Properties={SCRIPT: "Write-Host"})})
    _sync(catalog)
    _import(catalog, "team/hello@1")
    assert _import(catalog, "team/hello@2") == [ImportStatus.UPDATED]
    library = _library(catalog, tmp_path)
    assert sorted(path.name for path in (library.path / "hello").iterdir()) == ["script.ps1", "template.yaml"]
    assert library.git("status", "--porcelain") == ""
    assert _resolve(catalog, "library/hello@1").template.version == 1
    library.commit({"hello/script.ps1": b"Write-Host changed\n"})
    with pytest.raises(Conflict) as refused:
        _import(catalog, "team/hello@1")
    assert refused.value.code == "template-modified"


def test_clashes_name_both(catalog: Catalog, repository: SourceRepository, tmp_path: Path) -> None:
    repository.commit({"twin.json": template("Hello", 5), "named.json": template("hello", Id="another")})
    _sync(catalog)
    _import(catalog, "team/hello")
    head = _library(catalog, tmp_path).head()

    def refusal(*texts: str, slug: str | None = None) -> str:
        with pytest.raises(Conflict) as refused:
            _import(catalog, *texts, slug=slug)
        assert _library(catalog, tmp_path).head() == head
        return refused.value.message

    assert refusal("team/twin") == '"team/twin" and the library\'s "hello" both have the title "Hello"'
    assert refusal("team/named") == '"team/named" and the library\'s "hello" both have the title "hello"'
    assert (
        refusal("team/other", slug="hello") == '"team/other" and the library\'s "hello" both have that name'
    )
    assert "both have the title" in refusal("team/hello", slug="copy")
    assert (
        refusal("team/other", "team/other@1") == '"team/other@1" and "team/other" both have the name "other"'
    )


def test_several_imports_are_all_or_nothing(catalog: Catalog, tmp_path: Path) -> None:
    _sync(catalog)
    with pytest.raises(NotFound):
        _import(catalog, "team/hello", "team/nothing")
    assert not (tmp_path / "project/library").exists()


def test_a_dry_run_writes_nothing(catalog: Catalog, tmp_path: Path) -> None:
    _sync(catalog)
    report = import_templates(catalog, [Reference.parse("team/hello")], dry_run=True)
    assert report.items[0].files == ("hello/script.sh", "hello/template.yaml")
    assert report.commit is None
    assert not (tmp_path / "project/library").exists()


@pytest.mark.parametrize("slug", ["../x", "a/b", "", ".git", "a b"])
def test_a_copy_can_have_no_name_that_leads_out(slug: str, catalog: Catalog, tmp_path: Path) -> None:
    _sync(catalog)
    with pytest.raises(Invalid, match="cannot be the name"):
        _import(catalog, "team/hello", slug=slug)
    assert not (tmp_path / "project/library").exists()


def test_uncommitted_changes_are_in_the_way_only_where_it_writes(catalog: Catalog, tmp_path: Path) -> None:
    _sync(catalog)
    _import(catalog, "team/hello")
    library = _library(catalog, tmp_path)
    library.write({"README.md": b"mine", "other/notes.txt": b"mine"})
    with pytest.raises(Conflict) as refused:
        _import(catalog, "team/other")
    assert '"other/notes.txt"' in refused.value.message
    assert _import(catalog, "builtin/sleep") == [ImportStatus.ADDED]
    assert library.git("status", "--porcelain").splitlines() == ["?? README.md", "?? other/"]


def test_a_library_can_be_a_folder_of_a_larger_repository(
    tmp_path: Path, repository: SourceRepository
) -> None:
    project = SourceRepository.create(tmp_path / "project")
    files = {
        "treadle.yaml": f"sources: {{team: {{git: {repository.path}}}}}\nlibrary: {{git: templates}}\n".encode()
    }
    project.commit({**files, "templates/README.md": b"ours\n"})
    with Catalog.open(tmp_path / "home", find_project(project.path), {}) as catalog:
        _sync(catalog)
        _import(catalog, "team/hello")
        assert _resolve(catalog, "library/hello").provenance.path == "templates/hello"
    assert project.git("show", "--name-only", "--format=", "HEAD").splitlines() == [
        "templates/hello/script.sh",
        "templates/hello/template.yaml",
    ]
    assert project.git("status", "--porcelain") == ""


def test_a_bare_library_is_written_to_as_well(tmp_path: Path, repository: SourceRepository) -> None:
    repository.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "home/library"))
    (tmp_path / "home/config.yaml").write_text(f"sources: {{team: {{git: {repository.path}}}}}\n")
    with Catalog.open(tmp_path / "home", None, {}) as catalog:
        _sync(catalog)
        _import(catalog, "team/hello")
        assert _resolve(catalog, "library/hello").template.name == "Hello"


def test_real_templates_are_found_shown_and_imported(
    community_library: CommunityLibrary, tmp_path: Path
) -> None:
    environ = {"TREADLE_COMMUNITY_URL": str(community_library.bundle)}
    with Catalog.open(tmp_path / "home", None, environ) as catalog:
        _sync(catalog, "community")
        assert catalog.search("slack bash").hits[0].slug.startswith("slack-")
        twelve = catalog.show(Reference.parse("community/slack-send-simple-notification@12"))
        assert (twelve.latest, twelve.provenance.blob[:7]) == (15, "25212ca")
        assert len(twelve.template.parameters) == 7
        assert _resolve(catalog, "community/slack-send-simple-notification@12+").template.version == 12
        assert _resolve(catalog, "community/iis-get-sites").provenance.slug == "iis-list-sites"
        _import(catalog, "community/slack-send-simple-notification@12", "community/bash-http-test-url")
        copy = catalog.show(Reference.parse("library/slack-send-simple-notification"))
        assert (copy.template, copy.digest) == (twelve.template, twelve.digest)

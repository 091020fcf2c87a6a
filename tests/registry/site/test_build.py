"""`treadle index build`: the site's folder, its files, and what others wrote in them."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

CHECKOUT = Path(__file__).parents[3]
ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
URL = "https://templates.example.com/"


def document(version: int = 1, **changes: Any) -> str:
    """A template in Octopus JSON."""
    return json.dumps(
        {
            "Id": "7a1c0f5e-5b43-4d0c-9d5f-3f1a5a8f3c11",
            "Name": "Chat - Tell",
            "Description": "Tells *everybody*.\n\nSecond paragraph.",
            "ActionType": "Octopus.Script",
            "Version": version,
            "Category": "chat",
            "Properties": {
                "Octopus.Action.Script.ScriptBody": "echo told",
                "Octopus.Action.Script.Syntax": "Bash",
                "Octopus.Action.Script.ScriptSource": "Inline",
            },
            "Parameters": [],
            **changes,
        }
    )


def parameter(name: str, control: str, default: str) -> dict[str, Any]:
    settings = {"Octopus.ControlType": control}
    return {"Name": name, "Label": name, "HelpText": "", "DefaultValue": default, "DisplaySettings": settings}


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    return make_project({"treadle.yaml": {"library": {"git": "./library"}}})


def publish(project: ProjectTree, *documents: str) -> None:
    for text in documents:
        project.write({"tell.json": text})
        done = project.treadle("publish", "tell.json")
        assert done.exit_code == 0, done.stderr


def build(project: ProjectTree, *arguments: str) -> Path:
    done = project.treadle("index", "build", "-o", "site", *arguments)
    assert done.exit_code == 0, done.stderr
    return project.root / "site"


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if not path.is_dir()
    }


class Elements(HTMLParser):
    """The start tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


# --- the folder


def test_every_template_has_its_pages(project: ProjectTree) -> None:
    publish(project, document())
    written = files(build(project))
    for reference in ("builtin/sleep", "library/tell"):
        for name in ("index.html", "index.md", "index.json"):
            assert f"templates/{reference}/{name}" in written
    assert {"index.html", "index.json", "feed.xml", "llms.txt"} <= set(written)


def test_only_the_named_sources_are_shown(project: ProjectTree) -> None:
    publish(project, document())
    site = build(project, "--source", "library")
    assert [path.name for path in (site / "templates").iterdir()] == ["library"]


@pytest.mark.parametrize(("source", "code"), [("nope", "source-not-found"), ("library", "library-empty")])
def test_a_source_that_cannot_be_read_is_an_error(project: ProjectTree, source: str, code: str) -> None:
    done = project.treadle("index", "build", "-o", "site", "--source", source)
    assert done.exit_code == 2
    assert code in done.stderr
    assert not (project.root / "site").exists()


def test_a_source_that_was_never_synced_is_named(project: ProjectTree) -> None:
    done = project.treadle("index", "build", "-o", "site")
    assert "treadle source sync community" in done.stderr


def test_the_same_catalog_gives_the_same_bytes(project: ProjectTree) -> None:
    publish(project, document())
    first = files(build(project))
    assert files(build(project)) == first
    assert project.treadle("index", "build", "-o", "site").stdout == "site is up to date\n"
    done = project.treadle("index", "build", "-o", "again", "--json").json
    assert done["changed"]
    assert files(project.root / "again") == first


def test_a_page_of_a_template_that_is_gone_goes(project: ProjectTree) -> None:
    publish(project, document())
    site = build(project)
    assert project.treadle("remove", "library/tell").exit_code == 0
    build(project)
    assert not (site / "templates/library").exists()


@pytest.mark.parametrize("other", ["notes.txt", "templates/builtin/sleep/mine.txt", ".git/HEAD"])
def test_a_folder_with_files_of_others_is_left_alone(project: ProjectTree, other: str) -> None:
    build(project)
    project.write({f"site/{other}": "mine"})
    before = files(project.root / "site")
    done = project.treadle("index", "build", "-o", "site", "--source", "builtin")
    assert done.exit_code == 2
    assert "site-folder-taken" in done.stderr
    assert other in done.stderr
    assert files(project.root / "site") == before


def test_a_file_is_not_replaced_by_a_site(project: ProjectTree) -> None:
    project.write({"site": "mine"})
    assert "site-folder-taken" in project.treadle("index", "build", "-o", "site").stderr
    assert (project.root / "site").read_text() == "mine"


def test_nothing_is_left_beside_the_folder(project: ProjectTree) -> None:
    (project.root / "site").mkdir()
    before = {path.name for path in project.root.iterdir()}
    build(project)
    assert {path.name for path in project.root.iterdir()} == before


def test_a_dry_run_writes_nothing(project: ProjectTree) -> None:
    assert project.treadle("index", "build", "-o", "site", "--dry-run").stdout == "would write site\n"
    assert not (project.root / "site").exists()


@pytest.mark.parametrize(
    "url", ["templates.example.com", "javascript:alert(1)", "https://x/ y", "https://a:b@x/"]
)
def test_what_is_no_web_address_is_refused(project: ProjectTree, url: str) -> None:
    done = project.treadle("index", "build", "-o", "site", "--url", url)
    assert done.exit_code == 2
    assert "site-url-invalid" in done.stderr


# --- releases


def test_renovate_reads_the_releases(project: ProjectTree) -> None:
    publish(project, document(), document(Description="Tells all."))
    site = build(project, "--url", URL.rstrip("/"))
    page = f"{URL}templates/library/tell/index.html"
    found = json.loads((site / "templates/library/tell/index.json").read_text())
    assert [release["version"] for release in found["releases"]] == ["2", "1"]
    assert found["releases"][0]["changelogUrl"] == f"{page}#v2"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*", found["releases"][0]["releaseTimestamp"])
    assert found["homepage"] == page
    (listed,) = [
        item
        for item in json.loads((site / "index.json").read_text())["templates"]
        if item["reference"] == "library/tell"
    ]
    assert listed["releases"] == found["releases"]


def test_the_settings_for_renovate_fit_processes_and_the_site(project: ProjectTree) -> None:
    page = (CHECKOUT / "docs/static-index.md").read_text()
    (block,) = re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    settings = json.loads(block)
    (manager,) = settings["customManagers"]
    pattern = manager["matchStrings"][0].replace("(?<", "(?P<")
    process = (CHECKOUT / "examples/health-check/deploy.yaml").read_text()
    found = [match.groupdict() for match in re.finditer(pattern, process)]
    assert found == [{"depName": "builtin/wait-for-http", "currentValue": "1"}]
    address = settings["customDatasources"]["treadle"]["defaultRegistryUrlTemplate"]
    path = address.removeprefix(URL).replace("{{packageName}}", found[0]["depName"])
    releases = json.loads((build(project) / path).read_text())["releases"]
    assert [release["version"] for release in releases] == ["1"]
    versions = re.compile(manager["versioningTemplate"].removeprefix("regex:").replace("(?<", "(?P<"))
    assert all(versions.match(release["version"]) for release in releases)


def test_a_revoked_version_is_marked_everywhere(project: ProjectTree) -> None:
    publish(project, document(), document(Description="Tells all."))
    assert project.treadle("revoke", "library/tell@1", "-m", "Tells too much").exit_code == 0
    site = build(project)
    found = json.loads((site / "templates/library/tell/index.json").read_text())
    assert [release.get("isDeprecated") for release in found["releases"]] == [None, True]
    for name in ("index.html", "index.md"):
        assert "revoked: Tells too much" in (site / "templates/library/tell" / name).read_text()


def test_the_feed_holds_each_version_under_an_id_of_its_own(project: ProjectTree) -> None:
    publish(project, document(), document(Description="Tells all."))
    feed = ElementTree.parse(build(project, "--url", URL) / "feed.xml").getroot()
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == ["Chat - Tell 2", "Chat - Tell 1"]
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == 2
    (link,) = entries[0].findall(f"{ATOM}link")
    assert link.get("href") == f"{URL}templates/library/tell/index.html#v2"


def test_the_folder_is_one_below_the_directory_given_with_c(project: ProjectTree) -> None:
    project.write({"sub/treadle.yaml": {}})
    assert project.treadle("-C", "sub", "index", "build", "-o", "site").exit_code == 0
    assert (project.root / "sub/site/index.html").is_file()


def test_no_path_of_this_machine_is_published(project: ProjectTree) -> None:
    publish(project, document())
    assert [name for name, data in files(build(project)).items() if str(project.root).encode() in data] == []


# --- what others wrote


@pytest.fixture
def hostile(project: ProjectTree) -> Path:
    template = document(
        Name=f"Chat {HOSTILE}",
        Description=f"{HOSTILE}\n\n[link](javascript:alert(3)) ![p](https://example.com/p.png)\n\n# Releases",
        Category=f"c {HOSTILE}",
        Parameters=[
            parameter("Chat.Text", "SingleLineText", HOSTILE),
            parameter("Chat.Token", "Sensitive", "hunter2hunter2"),
        ],
        Properties={
            "Octopus.Action.Script.ScriptBody": f"# ```\n# </code></pre>{HOSTILE}\n",
            "Octopus.Action.Script.Syntax": "Bash",
            "Octopus.Action.Script.ScriptSource": "Inline",
        },
    )
    project.write({"tell.json": template})
    done = project.treadle("import", "tell.json", "--as", "tell")
    assert done.exit_code == 0, done.stderr
    return build(project)


def test_nothing_that_others_wrote_becomes_an_element(hostile: Path) -> None:
    for path in (hostile / "index.html", hostile / "templates/library/tell/index.html"):
        tags = Elements(path.read_text()).tags
        assert not [tag for tag, attributes in tags if any(name.startswith("on") for name in attributes)]
        assert not [tag for tag, _ in tags if tag in ("img", "iframe", "object")]
        assert len([tag for tag, _ in tags if tag == "script"]) == (1 if path.parent == hostile else 0)
        assert not [a for _, a in tags if (a.get("href") or "").startswith("javascript")]


def test_a_page_lets_no_other_script_run(hostile: Path) -> None:
    for path in hostile.rglob("index.html"):
        (policy,) = [
            attributes["content"] or ""
            for tag, attributes in Elements(path.read_text()).tags
            if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy


def test_text_for_programs_stays_text(hostile: Path) -> None:
    page = (hostile / "templates/library/tell/index.md").read_text()
    outside = re.sub(r"^(`{3,})\w*\n.*?^\1$", "", page, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"(?<!\\)<", outside)
    assert re.findall(r"^#+ .*$", outside, re.MULTILINE)[1:] == [
        "## Parameters",
        "## Script: script",
        "## Releases",
    ]
    assert not re.search(r"(?<!\\)<", (hostile / "llms.txt").read_text())
    assert ElementTree.parse(hostile / "feed.xml").getroot().tag == f"{ATOM}feed"


def test_the_default_of_a_secret_stays_at_home(hostile: Path) -> None:
    assert [name for name, data in files(hostile).items() if b"hunter2hunter2" in data] == []


def test_hidden_characters_are_written_out(project: ProjectTree) -> None:
    publish(project, document(Description="Tells \u202edneirf\u202c all."))
    site = build(project)
    for path in (*site.rglob("*.html"), *site.rglob("*.md"), *site.rglob("*.json"), site / "feed.xml"):
        assert "\u202e" not in path.read_text()
    assert "\\u202e" in (site / "templates/library/tell/index.html").read_text()


def test_hidden_characters_of_a_notice_are_written_out(project: ProjectTree) -> None:
    publish(project, document())
    done = project.treadle("deprecate", "library/tell", "--reason", "old\x1b]0;x\x07\u202e")
    assert done.exit_code == 0, done.stderr
    site = build(project)
    for name, data in files(site).items():
        if name.endswith((".html", ".xml", ".md", ".txt")):
            assert not re.search("[\x1b\x07\u202e]", data.decode()), name
    ElementTree.parse(site / "feed.xml")  # raises where it is not well-formed


def test_the_list_is_there_without_a_script(hostile: Path) -> None:
    tags = Elements((hostile / "index.html").read_text()).tags
    links = [attributes.get("href") for tag, attributes in tags if tag == "a"]
    assert "templates/library/tell/index.html" in links
    assert "hidden" in next(a for tag, a in tags if tag == "p" and a.get("class") == "search")


def test_every_link_within_the_site_leads_to_a_file(hostile: Path) -> None:
    for page in hostile.rglob("index.html"):
        for tag, attributes in Elements(page.read_text()).tags:
            target = attributes.get("href") or ""
            if tag in ("a", "link") and target and "://" not in target:
                assert (page.parent / target.partition("#")[0]).is_file(), target

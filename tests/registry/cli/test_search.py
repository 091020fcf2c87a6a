"""`treadle search`: filters, synonyms, slips, facets, and what can run."""

from __future__ import annotations

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import SCRIPT, SYNTAX, SourceRepository, template


def _in(syntax: str) -> dict[str, str]:
    return {SYNTAX: syntax, SCRIPT: "x"}


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    """A project whose source `ours` has templates of several kinds, beside the built-in ones."""
    project = make_project({"treadle.yaml": "sources: {ours: {git: ./ours}}\n"})
    files = {
        "slack-send.json": template("Slack - Send", Category="chat"),
        "slack-ps.json": template("Slack - Send from Windows", Properties=_in("CSharp"), Category="chat"),
        "pods.json": template("Kubernetes - List pods", Properties=_in("Python"), Category="Cluster"),
        "k8s-nodes.json": template(
            "K8s - Drain nodes", ActionType="Octopus.KubernetesRunScript", Category="cluster"
        ),
        "Upper.json": template("Upper - Case", Category="other"),
        "aaa.json": template("First - One", Category="other"),
        "zzz.json": template("Last - One", Packages=[{"Name": "app"}], Category="other"),
    }
    SourceRepository.create(project.root / "ours").commit(files)
    assert project.treadle("source", "sync", "ours").exit_code == 0
    return project


def _slugs(project: ProjectTree, *arguments: str) -> list[str]:
    done = project.treadle("search", "--source", "ours", "--json", *arguments)
    assert done.exit_code == 0, done.stderr
    return [hit["slug"] for hit in done.json]


@pytest.mark.parametrize("filters", [("--syntax", "bash,python"), ("--syntax", "Bash", "--syntax", "PYTHON")])
def test_several_values_of_a_filter_are_alternatives(project: ProjectTree, filters: tuple[str, ...]) -> None:
    assert _slugs(project, *filters) == ["aaa", "k8s-nodes", "pods", "slack-send", "Upper", "zzz"]


def test_different_filters_narrow_each_other(project: ProjectTree) -> None:
    assert _slugs(project, "--category", "chat,cluster", "--syntax", "bash") == ["k8s-nodes", "slack-send"]
    assert _slugs(project, "--category", "CLUSTER", "--action-type", "octopus.script") == ["pods"]


def test_several_sources_can_be_searched(project: ProjectTree) -> None:
    found = project.treadle("search", "--source", "ours,builtin", "--json", "--limit", "100").json
    assert {hit["source"] for hit in found} == {"ours", "builtin"}


def test_only_what_can_run(project: ProjectTree) -> None:
    assert _slugs(project, "--runnable") == ["aaa", "pods", "slack-send", "Upper"]
    assert _slugs(project, "slack", "--runnable") == ["slack-send"]


def test_a_hit_says_whether_it_can_run_and_why_not(project: ProjectTree) -> None:
    found = {hit["slug"]: hit for hit in project.treadle("search", "--source", "ours", "--json").json}
    assert (found["slack-send"]["runnable"], found["slack-send"]["obstacle"]) == (True, None)
    assert (found["slack-ps"]["runnable"], found["slack-ps"]["obstacle"]) == (
        False,
        "is written in CSharp",
    )
    assert found["zzz"]["obstacle"] == "needs packages"
    done = project.treadle("search", "slack", "--source", "ours")
    assert [line.split()[3] for line in done.stdout.splitlines()[1:]] == ["yes", "no"]
    assert "1 of these cannot run yet; --runnable leaves such templates out." in done.stderr


@pytest.mark.parametrize("query", ["k8s", "kubernetes", "K8S"])
def test_synonyms_find_the_same(project: ProjectTree, query: str) -> None:
    assert set(_slugs(project, query)) == {"pods", "k8s-nodes"}


@pytest.mark.parametrize(
    ("slip", "meant", "slugs"),
    [
        ("slakc", "slack", {"slack-send", "slack-ps"}),
        ("slck send", "slack", {"slack-send", "slack-ps"}),
        ("kuberntes", "kubernetes", {"pods", "k8s-nodes"}),
        ("sned slack", "send", {"slack-send", "slack-ps"}),
        ("pdos", "pods", {"pods"}),
    ],
)
def test_a_misspelt_word_is_corrected_and_that_is_told(
    project: ProjectTree, slip: str, meant: str, slugs: set[str]
) -> None:
    assert set(_slugs(project, *slip.split())) == slugs
    said = project.treadle("search", slip).stderr
    assert f'No template has "{slip.split()[0]}": searched for "{meant}" instead.' in said


@pytest.mark.parametrize("query", ["zqx", "qqqqqqqqqqqq", "zq", "pxds"])
def test_what_is_near_nothing_finds_nothing(project: ProjectTree, query: str) -> None:
    done = project.treadle("search", query, "--source", "ours")
    assert (done.exit_code, done.stdout) == (0, "")
    assert f'No template matches "{query}" and these filters.' in done.stderr


@pytest.mark.parametrize(
    ("filters", "message", "hint"),
    [
        (("--syntax", "bsh"), 'no template has the syntax "bsh"', 'Did you mean "bash" (5)?'),
        (("--syntax", "bash,bsh"), 'no template has the syntax "bsh"', 'Did you mean "bash" (5)?'),
        (
            ("--category", "nonsense"),
            'no template has the category "nonsense"',
            "There are: other (3), chat (2), cluster (2).",
        ),
        (
            ("--action-type", "Octopus.Scrpt"),
            'no template has the action type "Octopus.Scrpt"',
            'Did you mean "Octopus.Script" (6)?',
        ),
    ],
)
def test_a_value_that_no_template_has_is_told_with_those_there_are(
    project: ProjectTree, filters: tuple[str, ...], message: str, hint: str
) -> None:
    done = project.treadle("search", "--source", "ours", *filters)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.complaint.splitlines() == [f"error: {message}", f"  hint: {hint}"]


def test_a_language_that_no_template_here_is_written_in_finds_nothing(project: ProjectTree) -> None:
    assert _slugs(project, "--syntax", "fsharp") == []


def test_facets_count_what_a_search_finds(project: ProjectTree) -> None:
    facets = project.treadle("search", "--source", "ours", "--facets", "--json").json
    assert facets["category"] == [
        {"value": "other", "count": 3},
        {"value": "chat", "count": 2},
        {"value": "cluster", "count": 2},
    ]
    assert facets["syntax"][0] == {"value": "bash", "count": 5}
    assert facets["runnable"] == [{"value": "yes", "count": 4}, {"value": "no", "count": 3}]
    assert list(facets) == ["source", "category", "syntax", "action_type", "platform", "runnable"]
    narrowed = project.treadle("search", "slack", "--source", "ours", "--facets").stdout.splitlines()
    assert [line.split() for line in narrowed] == [
        ["FILTER", "VALUE", "TEMPLATES"],
        ["source", "ours", "2"],
        ["category", "chat", "2"],
        ["syntax", "bash", "1"],
        ["syntax", "csharp", "1"],
        ["action-type", "Octopus.Script", "2"],
        ["platform", "linux", "1"],
        ["runnable", "no", "1"],
        ["runnable", "yes", "1"],
    ]


@pytest.fixture
def judged(make_project: MakeProject) -> ProjectTree:
    """A project whose source `ours` has PowerShell templates for several systems."""
    project = make_project({"treadle.yaml": "sources: {ours: {git: ./ours}}\n"})
    scripts = {
        "plain": "Get-Item x",
        "cloud": "az login\nkubectl get pods",
        "service": "Get-Date\nGet-Service x",
    }
    files = {
        f"{slug}.json": template(slug, Properties={SYNTAX: "PowerShell", SCRIPT: script})
        for slug, script in scripts.items()
    }
    files["tentacle.json"] = template(
        "tentacle",
        ActionType="Octopus.TentaclePackage",
        Properties={"Octopus.Action.CustomScripts.PostDeploy.ps1": "Add-PSSnapin X"},
    )
    SourceRepository.create(project.root / "ours").commit(files)
    assert project.treadle("source", "sync", "ours").exit_code == 0
    return project


def test_a_search_by_where_scripts_run(judged: ProjectTree) -> None:
    assert _slugs(judged, "--platform", "linux") == ["plain"]
    assert _slugs(judged, "--platform", "linux-with-tools,windows-only") == ["cloud", "service", "tentacle"]
    assert _slugs(judged, "--platform", "unknown") == []
    done = judged.treadle("search", "--platform", "windwos-only")
    assert done.exit_code == 2
    assert 'no template has the platform "windwos-only"' in done.stderr
    assert 'Did you mean "windows-only"' in done.stderr


def test_hits_say_where_they_run_and_why(judged: ProjectTree) -> None:
    hits = {hit["slug"]: hit for hit in judged.treadle("search", "--source", "ours", "--json").json}
    assert hits["plain"]["platform"] == "linux"
    assert hits["cloud"]["verdict"]["tools"] == ["az", "kubectl"]
    assert hits["service"]["verdict"] == {
        "platform": "windows-only",
        "tools": [],
        "reasons": [{"kind": "services", "what": "Windows services", "name": "Get-Service", "lines": [2]}],
        "remarks": [],
        "needs_5": False,
    }
    assert hits["tentacle"]["verdict"]["needs_5"] is True


def test_once_powershell_runs_what_needs_windows_does_not(
    judged: ProjectTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.template.runnable.RUNNABLE_SYNTAXES", ("Bash", "Python", "PowerShell"))
    assert judged.treadle("source", "sync", "ours", "--again").exit_code == 0
    assert _slugs(judged, "--runnable") == ["cloud", "plain"]
    table = judged.treadle("search", "--source", "ours")
    runs = {line.split()[0]: line.split(maxsplit=3)[3] for line in table.stdout.splitlines()[1:]}
    assert runs["ours/cloud"].startswith("with az, kubectl ")
    assert runs["ours/plain"].startswith("yes ")
    assert runs["ours/service"].startswith("no ")
    assert "1 of these run on Windows only; --runnable leaves such templates out." in table.stderr

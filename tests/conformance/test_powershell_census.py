"""Verdicts and commands of the community library's PowerShell templates, compared with PowerShell's own parser."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from registry.template.platform import Verdict
from registry.template.powershell.judging import judge
from registry.template.powershell.script import read_script
from registry.template.powershell.tables import tables
from tests.support.library import CHECKOUT, CommunityLibrary

Census = Sequence[Mapping[str, Any]]

_PAGE = CHECKOUT / "docs/powershell-verdicts.md"
_ROW = re.compile(r"^\| `([\w.-]+)` \| ([\w -]+) \| ([\w -]+) \| (.+) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def scripts(powershell_census: Census, community_library: CommunityLibrary) -> dict[str, str]:
    """The scripts that the census is about, by slug."""
    contents = community_library.history
    found = {}
    for entry in powershell_census:
        value = json.loads(contents[entry["blob"]].decode("utf-8-sig"))
        found[entry["slug"]] = value["Properties"][entry["key"]]
    return found


@pytest.fixture(scope="module")
def verdicts(scripts: Mapping[str, str]) -> dict[str, Verdict]:
    return {slug: judge(script) for slug, script in scripts.items()}


def test_verdicts_agree_but_for_those_that_the_docs_explain(
    powershell_census: Census, verdicts: Mapping[str, Verdict]
) -> None:
    differing = {
        entry["slug"]: (verdicts[entry["slug"]].platform.value, entry["verdict"])
        for entry in powershell_census
        if verdicts[entry["slug"]].platform != entry["verdict"]
    }
    explained = {slug: (ours, theirs) for slug, ours, theirs, _ in _ROW.findall(_PAGE.read_text("utf-8"))}
    assert differing == explained
    assert len(differing) <= 0.03 * len(powershell_census)


def test_windows_powershell_is_told_from_windows(
    powershell_census: Census, verdicts: Mapping[str, Verdict]
) -> None:
    for entry in powershell_census:
        verdict = verdicts[entry["slug"]]
        if verdict.platform == entry["verdict"]:
            assert verdict.needs_5 == (entry.get("because") == "powershell-5.1"), entry["slug"]


def test_commands_are_those_of_the_parser(powershell_census: Census, scripts: Mapping[str, str]) -> None:
    aliases = {**tables().windows_aliases, **tables().linux_aliases}
    together = alike = 0
    for entry in powershell_census:
        wanted = {name.lower() for name in entry["commands"]}
        names = (command.name.lower() for command in read_script(scripts[entry["slug"]]).commands)
        found = {aliases.get(name, name).lower() for name in names if name}
        together += len(wanted | found)
        alike += len(wanted & found)
    assert alike >= 0.99 * together


def test_evidence_is_where_the_parser_has_it(
    powershell_census: Census, verdicts: Mapping[str, Verdict]
) -> None:
    """Of each command that decides; texts that name a program count for it as well."""
    for entry in powershell_census:
        commands = {name.lower(): lines for name, (lines, *_) in entry["commands"].items()}
        for reason in verdicts[entry["slug"]].reasons:
            lines = commands.get(reason.name.lower())
            if lines and reason.kind not in ("windows-program", "windows-alias"):
                assert set(reason.lines) <= set(lines), (entry["slug"], reason)


def test_tools_are_those_of_the_parser(powershell_census: Census, verdicts: Mapping[str, Verdict]) -> None:
    words = {
        "Az (PowerShell module)": "Az",
        "AWSPowerShell / AWS.Tools": "AWS.Tools",
        "AWSPowerShell": "AWS.Tools",
        "PowerShellGet": "PowerShell Gallery",
        "PSGallery modules (PowerShellGet is in the release archive)": "PowerShell Gallery",
        "a SQL Server (System.Data.SqlClient is in the release archive)": "SQL Server",
    }
    for entry in powershell_census:
        if entry["verdict"] != "linux-with-tools" or verdicts[entry["slug"]].platform != entry["verdict"]:
            continue
        named = (words.get(name, name.removesuffix(" (PowerShell module)")) for name in entry["tools"])
        assert set(named) - tables().always <= set(verdicts[entry["slug"]].tools), entry["slug"]

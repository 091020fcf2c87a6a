from __future__ import annotations

from pathlib import Path

import pytest

from runner.documents import process_rules, project_rules, read_process, read_project, unknown_names
from runner.documents.loading import load
from runner.model import Project, ScopedValue, Variable

PROCESS = """\
version: 1
steps:
  - name: A
    run: |
      echo fine
        case "$v" in "#{"*) ;; esac
    properties: {Octopus.Action.Script.ScriptParameters: "-x #{Oops"}
  - name: B
    uses: builtin/sleep
    with:
      Sleep.Duration: "1#{if X}2#{/if} #{ }"
"""


def _rules(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "deploy.yaml"
    path.write_text(text)
    found = process_rules(load(path, "deploy.yaml"))
    return [f"{problem.line}:{problem.column} {problem.severity} {problem.code}" for problem in found]


def test_every_text_that_cannot_be_parsed_is_told_at_its_character(tmp_path: Path) -> None:
    assert _rules(tmp_path, PROCESS) == [
        "6:23 warning unparsable-expression",
        "7:62 warning unparsable-expression",
        "11:40 warning unparsable-expression",
    ]


@pytest.mark.parametrize(
    ("run", "place"),
    [
        ('"echo #{"', "4:16"),
        ("'echo #{ }'", "4:16"),
        (">\n      folded\n      #{\n", "4:10"),  # its lines aren't the file's
        ("|\n\n      #{\n", "6:7"),
        ("|2\n        deep\n      #{\n", "6:7"),
        ('"tab\\t #{"', "4:10"),  # written with escapes
    ],
)
def test_every_way_to_write_a_text_has_its_place(tmp_path: Path, run: str, place: str) -> None:
    text = f"version: 1\nsteps:\n  - name: A\n    run: {run}\n"
    assert _rules(tmp_path, text) == [f"{place} warning unparsable-expression"]


def test_a_process_with_doubtful_expressions_is_read_with_warnings(tmp_path: Path) -> None:
    path = tmp_path / "deploy.yaml"
    path.write_text(PROCESS)
    assert len(read_process(path, tmp_path).warnings) == 3


def test_variables_of_a_project_are_looked_at_too(tmp_path: Path) -> None:
    path = tmp_path / "treadle.yaml"
    path.write_text(
        'version: 1\nenvironments: {T: {}}\nvariables:\n  A: "x#{"\n'
        '  B: {value: ok, scopes: [{value: "#{ }", environment: T}]}\n'
    )
    assert [(p.line, p.column) for p in project_rules(load(path, "treadle.yaml"))] == [(4, 8), (5, 36)]
    assert len(read_project(path, tmp_path).warnings) == 2


def test_names_that_nothing_defines_are_told_at_their_expression(tmp_path: Path) -> None:
    path = tmp_path / "deploy.yaml"
    path.write_text("""\
version: 1
steps:
  - name: A
    run: |
      echo #{Site.Host} #{Octopus.Release.Number} #{env:HOME}
      echo #{Sit.Host | ToUpper}
  - name: B
    uses: builtin/sleep
    with: {Other: "1", Sleep.Duration: "#{Other}#{Octopus.Action[A].Output.X}#{Octopus.Action[C].Output.X}"}
""")
    project = Project("p", variables=(Variable("Site.Host", (ScopedValue("x"),)),))
    found = unknown_names(load(path, "deploy.yaml"), project)
    assert [(p.line, p.column, p.message.split('"')[-2]) for p in found] == [
        (6, 12, "Sit.Host"),
    ]

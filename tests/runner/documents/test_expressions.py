from __future__ import annotations

from pathlib import Path

import pytest

from runner.documents import process_rules, project_rules, read_process, read_project, unknown_names
from runner.documents.loading import load
from runner.project import Project, ScopedValue, Variable

CLOSE = "Write #{/if} where the block ends, or ##{ for a literal #{."
REMOVE = "Remove it, or write the #{if} that it belongs to."
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


def test_mistakes_in_expressions_are_told_once_each_at_its_character(tmp_path: Path) -> None:
    path = tmp_path / "deploy.yaml"
    path.write_text(
        """\
version: 1
steps:
  - name: A
    run: |
      echo "#{Greeting | ToUper} #{Greeting | Substring 1 2 3}"
      #{if Greeting}yes
  - name: B
    run: 'no#{/if} #{each x in Greeting}#{x | Truncate z}#{/each}'
  - name: C
    run: '#{if Greeting == "x"}yes'
"""
    )
    document = load(path, "deploy.yaml")
    project = Project("p", variables=(Variable("Greeting", (ScopedValue("hello"),)),))

    found = [*process_rules(document), *unknown_names(document, project)]

    assert [(p.line, p.column, p.message, p.code, p.hint) for p in found] == [
        (
            5,
            26,
            'step "A": the script: there is no filter "ToUper"',
            "unknown-filter",
            'Did you mean "ToUpper"?',
        ),
        (
            *(5, 47),
            'step "A": the script: the filter "Substring" takes 1 or 2 arguments, and 3 are given',
            *("filter-arguments", "See the filters in docs/octostache.md."),
        ),
        (6, 7, 'step "A": the script: #{if} without #{/if}', "unclosed-block", CLOSE),
        (8, 13, 'step "B": the script: #{/if} without #{if}', "stray-tag", REMOVE),
        (10, 11, 'step "C": the script: #{if} without #{/if}', "unclosed-block", CLOSE),
    ]

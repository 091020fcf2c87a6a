"""The graph of a process, and what it is drawn as."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.text.yaml_document import dump_yaml
from runner.documents import parse_process
from runner.graph.mermaid import mermaid
from runner.graph.model import GraphRead, ProcessGraph, graph_of
from runner.graph.svg import svg
from runner.graph.tree import tree

SHOP: list[dict[str, Any]] = [
    {"name": "Build", "run": "set_octopusvariable Version 1"},
    {"name": "Check", "run": "exit 0", "shell": "sh", "start": "with-previous"},
    {
        "name": "Roll out",
        "roles": ["web", "api"],
        "window": 2,
        "actions": [
            {"name": "drain", "run": "echo out", "run_on": "worker-per-target"},
            {
                "name": "deploy",
                "uses": "builtin/sleep@1",
                "with": {"Sleep.Seconds": "#{octopus.action[BUILD].Output.Version}"},
                "retries": 2,
            },
            {"name": "undrain", "run": "get_octopusvariable 'Octopus.Action[deploy].Output.Url'"},
        ],
    },
    {
        "name": "Report",
        "run": "echo #{Octopus.Action[deploy].Output[web-1].Url} #{Octopus.Step[Check].Status.Code} #{Other}",
        "condition": "variable",
        "when": "#{Octopus.Action[Build].Output.Version}",
        "environments": ["Production"],
    },
]


def graph(steps: list[dict[str, Any]], name: str = "Shop") -> ProcessGraph:
    document = {"version": 1, "name": name, "steps": steps}
    return graph_of(parse_process(dump_yaml(document).encode(), "shop.yaml"))


def test_groups_are_the_steps_that_run_beside_each_other() -> None:
    assert [[step.name for step in group] for group in graph(SHOP).groups] == [
        ["Build", "Check"],
        ["Roll out"],
        ["Report"],
    ]


def test_reads_are_found_in_values_scripts_and_expressions_but_not_within_a_step() -> None:
    assert graph(SHOP).reads == (
        GraphRead(1, 3, ("Version",)),
        GraphRead(1, 4, ("Version",)),
        GraphRead(2, 4, ()),
        GraphRead(3, 4, ("Url",)),
    )


def test_a_tree_for_the_terminal() -> None:
    assert tree(graph(SHOP)) == [
        "Shop",
        "├─ beside each other",
        "│  ├─ 1  Build  (bash script)",
        "│  └─ 2  Check  (sh script)",
        "├─ 3  Roll out  (on web, api; rolling, 2 at a time)",
        "│  ├─ drain  (bash script; on the worker, for each target)",
        "│  ├─ deploy  (builtin/sleep@1; 2 retries)",
        "│  ├─ undrain  (bash script)",
        "│  └─ reads Version of Build",
        "└─ 4  Report  (bash script; if #{Octopus.Action[Build].Output.Version}; in Production)",
        "   ├─ reads Version of Build",
        "   ├─ reads how Check ended",
        "   └─ reads Url of Roll out",
    ]


def test_a_chart_for_markdown() -> None:
    assert mermaid(graph(SHOP[:3])) == [
        "flowchart TD",
        '  s1["Build<br/>bash script"]',
        '  s2["Check<br/>sh script"]',
        '  subgraph s3["Roll out<br/>on web, api<br/>rolling, 2 at a time"]',
        '    s3a1["drain<br/>bash script<br/>on the worker, for each target"]',
        '    s3a2["deploy<br/>builtin/sleep@1<br/>2 retries"]',
        '    s3a3["undrain<br/>bash script"]',
        "    s3a1 --> s3a2 --> s3a3",
        "  end",
        "  s1 & s2 --> s3",
        '  s1 -.->|"Version"| s3',
    ]


def test_a_picture_has_a_box_for_each_step_and_action_and_a_line_for_each_read() -> None:
    root = ElementTree.fromstring(svg(graph(SHOP)))
    kinds = [element.get("class") for element in root]
    assert (kinds.count("step"), kinds.count("action"), kinds.count("read")) == (4, 3, 4)
    words = "".join(root.itertext())
    for expected in ("Shop", "1  Build", "deploy", "builtin/sleep@1", "rolling, 2 at a time", "Version"):
        assert " ".join(expected.split()) in " ".join(words.split())


@pytest.mark.parametrize(
    "name", ['"]\nclick s1 "javascript:alert(1)"', "</text><script>alert(1)</script>", "`x` #1;"]
)
def test_no_name_becomes_a_command_of_the_drawing(name: str) -> None:
    drawn = graph([{"name": name, "run": "x"}], name)
    chart = mermaid(drawn)
    assert len(chart) == 2
    assert not any(sign in chart[1][6:-2].replace("<br/>", "") for sign in '"<>`\n')
    root = ElementTree.fromstring(svg(drawn))
    assert {element.tag.partition("}")[2] for element in root.iter()} <= {
        "svg",
        "title",
        "style",
        "rect",
        "text",
    }


@given(st.text(min_size=1, max_size=60))
def test_every_name_can_be_drawn(name: str) -> None:
    step = graph([{"name": "A", "run": "x"}]).steps[0]
    drawn = ProcessGraph(name, (type(step)(1, name, 0, step.actions, (name,)),), ())
    assert len(mermaid(drawn)) >= 2
    assert ElementTree.fromstring(svg(drawn)).tag.endswith("svg")
    assert tree(drawn)[0] == name

"""`treadle graph`."""

from __future__ import annotations

import json

from tests.conftest import MakeProject

PROCESS = """\
version: 1
steps:
- {name: "A\\eB", run: x}
- {name: B, run: "#{Octopus.Action[C].Output.X}"}
- {name: C, run: x}
"""


def test_draws_a_tree_a_chart_and_a_picture(make_project: MakeProject) -> None:
    project = make_project({"deploy.yaml": PROCESS})
    done = project.treadle("graph", "deploy")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "deploy",
        "├─ 1  A^[B  (bash script)",
        "├─ 2  B  (bash script)",
        "│  └─ reads X of C",
        "└─ 3  C  (bash script)",
    ]
    assert project.treadle("graph", "deploy", "-f", "mermaid").stdout.startswith("flowchart TD\n  s1[")
    done = project.treadle("graph", "deploy", "-f", "svg", "-o", "deploy.svg")
    assert (done.exit_code, done.stdout) == (0, "Wrote deploy.svg.\n")
    assert (project.root / "deploy.svg").read_text().startswith("<svg ")


def test_is_data_on_request(make_project: MakeProject) -> None:
    project = make_project({"deploy.yaml": PROCESS})
    data = json.loads(project.treadle("graph", "deploy", "--json").stdout)
    assert [step["name"] for step in data["steps"]] == ["A\x1bB", "B", "C"]
    assert data["reads"] == [{"source": 3, "reader": 2, "names": ["X"]}]


def test_refuses_what_is_not_a_process(make_project: MakeProject) -> None:
    project = make_project({"deploy.yaml": PROCESS})
    assert project.treadle("graph", "nope").exit_code == 2
    project.write({"deploy.yaml": "version: 1\nsteps: []\n"})
    assert project.treadle("graph", "deploy").exit_code == 2

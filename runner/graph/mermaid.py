"""A process as a flowchart in the language of Mermaid, which many pages of documentation draw."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from runner.graph.model import GraphStep, ProcessGraph

_ESCAPED = str.maketrans({'"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "#": "#35;", "`": "#96;"})


def mermaid(graph: ProcessGraph) -> list[str]:
    """The lines of the chart: boxes of steps, solid arrows for their order, dotted ones for what they read."""
    lines = ["flowchart TD"]
    for step in graph.steps:
        lines += (f"  {line}" for line in _boxes(step))
    for before, after in pairwise(graph.groups):
        ends = " & ".join(_id(step) for step in before)
        lines.append(f"  {ends} --> {' & '.join(_id(step) for step in after)}")
    for read in graph.reads:
        label = f"|{_quoted(', '.join(read.names))}|" if read.names else ""
        lines.append(f"  s{read.source} -.->{label} s{read.reader}")
    return lines


def _boxes(step: GraphStep) -> Iterator[str]:
    if step.is_lone:
        action = step.actions[0]
        yield f"{_id(step)}[{_quoted(step.name, action.what, *step.remarks, *action.remarks)}]"
        return
    yield f"subgraph {_id(step)}[{_quoted(step.name, *step.remarks)}]"
    ids = [f"{_id(step)}a{place}" for place in range(1, len(step.actions) + 1)]
    for name, action in zip(ids, step.actions, strict=True):
        yield f"  {name}[{_quoted(action.name, action.what, *action.remarks)}]"
    if len(ids) > 1:
        yield f"  {' --> '.join(ids)}"
    yield "end"


def _id(step: GraphStep) -> str:
    return f"s{step.number}"


def _quoted(*parts: str) -> str:
    """A label, a part a line. Nothing in it can end it or begin a command of Mermaid's."""
    plain = (" ".join(part.split()).translate(_ESCAPED) for part in parts)
    return f'"{"<br/>".join(plain)}"'

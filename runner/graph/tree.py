"""A process as a tree of lines, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from runner.graph.model import GraphAction, GraphStep, ProcessGraph


def tree(graph: ProcessGraph) -> list[str]:
    """The lines, the name of the process first. Foreign names are as they are: whoever prints them makes them safe."""
    lines = [graph.name]
    groups = graph.groups
    for place, steps in enumerate(groups):
        last = place == len(groups) - 1
        if len(steps) == 1:
            lines += _branch(_step(graph, steps[0]), last=last)
        else:
            inner = [line for step in steps for line in _branch(_step(graph, step), last=step is steps[-1])]
            lines += _branch(["beside each other", *inner], last=last)
    return lines


def _step(graph: ProcessGraph, step: GraphStep) -> list[str]:
    """The lines of a step, without what connects them to others."""
    head = f"{step.number}  {step.name}"
    if step.is_lone:
        lines = [f"{head}  {_described(step.actions[0], step.remarks)}"]
    else:
        lines = [f"{head}  {_joined(step.remarks)}".rstrip()]
    inner = [] if step.is_lone else [f"{action.name}  {_described(action)}" for action in step.actions]
    inner += _reads(graph, step)
    for line in inner:
        lines += _branch([line], last=line is inner[-1])
    return lines


def _reads(graph: ProcessGraph, step: GraphStep) -> Iterator[str]:
    names = {other.number: other.name for other in graph.steps}
    for read in graph.reads:
        if read.reader == step.number:
            source = names[read.source]
            yield f"reads {', '.join(read.names)} of {source}" if read.names else f"reads how {source} ended"


def _described(action: GraphAction, remarks: tuple[str, ...] = ()) -> str:
    return _joined((action.what, *remarks, *action.remarks))


def _joined(remarks: tuple[str, ...]) -> str:
    return f"({'; '.join(remarks)})" if remarks else ""


def _branch(lines: list[str], *, last: bool) -> Iterator[str]:
    first, *rest = lines
    yield f"{'└─' if last else '├─'} {first}"
    yield from (f"{'  ' if last else '│ '} {line}" for line in rest)

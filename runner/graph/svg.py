"""A process as a picture: SVG without scripts or links, in the reader's light or dark colours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from runner.graph.model import GraphStep, ProcessGraph

_WIDTH = 300
_GAP = 28
_DOWN = 40
_MARGIN = 24
_LINE = 18
_PADDING = 12
_LANE = 14
_LETTERS = 40
"""How many characters fit into a line of a box, at 7 pixels each."""

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 } .name { font-weight: 600 } .small { font-size: 12px; fill: #59636e }
.step { fill: #ffffff; stroke: #8c959f } .action { fill: #f6f8fa; stroke: #d1d9e0 }
.order { stroke: #59636e; fill: none } .read { stroke: #0969da; fill: none; stroke-dasharray: 4 3 }
.tip { fill: #59636e } .ground { fill: #ffffff }
.label { font-size: 11px; fill: #0969da; stroke: #ffffff; stroke-width: 4px; paint-order: stroke }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .small { fill: #9198a1 }
  .step { fill: #151b23; stroke: #656c76 } .action { fill: #212830; stroke: #3d444d }
  .order { stroke: #9198a1 } .tip { fill: #9198a1 } .read { stroke: #4493f8 }
  .ground { fill: #0d1117 } .label { fill: #4493f8; stroke: #0d1117 }
}
"""


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a step is drawn, in pixels."""

    step: GraphStep
    x: int
    y: int
    height: int

    @property
    def bottom(self) -> int:
        return self.y + self.height


def svg(graph: ProcessGraph) -> str:
    """The picture, as a document of its own."""
    boxes = _placed(graph)
    width = max((box.x + _WIDTH for box in boxes.values()), default=_WIDTH) + _MARGIN
    height = max((box.bottom for box in boxes.values()), default=2 * _MARGIN) + _MARGIN
    room = _GAP + _LANE * len(graph.reads) + (90 if graph.reads else 0)
    size = {"width": str(width + room), "height": str(height), "viewBox": f"0 0 {width + room} {height}"}
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", **size})
    SubElement(root, "title").text = _visible(graph.name)
    SubElement(root, "style").text = _STYLE
    SubElement(root, "rect", {"class": "ground", "width": "100%", "height": "100%"})
    _write(root, _MARGIN, _MARGIN + 6, graph.name, "title", 2 * _LETTERS)
    for place, read in enumerate(graph.reads):
        _line(root, boxes[read.source], boxes[read.reader], width - _MARGIN + _LANE * place)
    for before, after in pairwise(graph.groups):
        _order(root, [boxes[step.number] for step in before], [boxes[step.number] for step in after])
    for box in boxes.values():
        _draw(root, box)
    for place, read in enumerate(graph.reads):
        x = width - _MARGIN + _LANE * place + _GAP // 2 + 4
        _write(root, x, _in(boxes[read.reader]) + 4, ", ".join(read.names), "label", 14)
    indent(root)
    return tostring(root, encoding="unicode") + "\n"


def _placed(graph: ProcessGraph) -> dict[int, _Box]:
    """The boxes by the numbers of their steps: a group in a row, one group below the other."""
    boxes: dict[int, _Box] = {}
    y = _MARGIN + 24
    for steps in graph.groups:
        for place, step in enumerate(steps):
            boxes[step.number] = _Box(step, _MARGIN + place * (_WIDTH + _GAP), y, _height(step))
        y = max(boxes[step.number].bottom for step in steps) + _DOWN
    return boxes


def _height(step: GraphStep) -> int:
    own = 2 * _PADDING + _LINE * len(list(_lines(step)))
    return own if step.is_lone else own + sum(_action_height(action.remarks) + 8 for action in step.actions)


def _action_height(remarks: tuple[str, ...]) -> int:
    return 2 * 8 + _LINE * (2 + len(remarks))


def _lines(step: GraphStep) -> Iterator[tuple[str, str]]:
    """The lines of a step itself, each with the class of its text."""
    yield f"{step.number}  {step.name}", "name"
    if step.is_lone:
        yield step.actions[0].what, ""
        yield from ((remark, "small") for remark in step.actions[0].remarks)
    yield from ((remark, "small") for remark in step.remarks)


def _draw(root: Element, box: _Box) -> None:
    _rectangle(root, box.x, box.y, _WIDTH, box.height, "step")
    y = box.y + _PADDING + 12
    for text, kind in _lines(box.step):
        _write(root, box.x + _PADDING, y, text, kind, _LETTERS)
        y += _LINE
    if box.step.is_lone:
        return
    y -= 12
    for action in box.step.actions:
        height = _action_height(action.remarks)
        _rectangle(root, box.x + _PADDING, y, _WIDTH - 2 * _PADDING, height, "action")
        for place, (text, kind) in enumerate(
            [(action.name, "name"), (action.what, ""), *((remark, "small") for remark in action.remarks)]
        ):
            _write(root, box.x + 2 * _PADDING, y + 20 + place * _LINE, text, kind, _LETTERS - 4)
        y += height + 8


def _order(root: Element, before: list[_Box], after: list[_Box]) -> None:
    """Arrows from the steps of a group to those of the next, by way of one point between them."""
    level = max(box.bottom for box in before) + _DOWN // 2
    for box in before:
        SubElement(
            root, "path", {"class": "order", "d": f"M{_middle(box)} {box.bottom}V{level}H{_middle(after[0])}"}
        )
    for box in after:
        tip = box.y - 6
        SubElement(
            root, "path", {"class": "order", "d": f"M{_middle(after[0])} {level}H{_middle(box)}V{tip}"}
        )
        points = f"{_middle(box) - 5},{tip} {_middle(box) + 5},{tip} {_middle(box)},{box.y}"
        SubElement(root, "polygon", {"class": "tip", "points": points})


def _line(root: Element, source: _Box, reader: _Box, x: int) -> None:
    """A dashed line from the right side of a step to that of its reader, by way of a lane beside the boxes."""
    path = f"M{source.x + _WIDTH} {source.y + source.height // 2 + 4}H{x + _GAP // 2}V{_in(reader)}H{reader.x + _WIDTH}"
    SubElement(root, "path", {"class": "read", "d": path})


def _in(box: _Box) -> int:
    """Where lines come into a box."""
    return box.y + box.height // 2 - 6


def _middle(box: _Box) -> int:
    return box.x + _WIDTH // 2


def _rectangle(root: Element, x: int, y: int, width: int, height: int, kind: str) -> None:
    place = {"x": str(x), "y": str(y), "width": str(width), "height": str(height)}
    SubElement(root, "rect", {"class": kind, "rx": "6", **place})


def _write(root: Element, x: int, y: int, text: str, kind: str, most: int) -> None:
    """A line of text; of a long one the beginning, and the whole of it for who points at it."""
    shown = _visible(text)
    element = SubElement(root, "text", {"x": str(x), "y": str(y), **({"class": kind} if kind else {})})
    element.text = shown if len(shown) <= most else f"{shown[: most - 1]}…"
    if len(shown) > most:
        SubElement(element, "title").text = shown


def _visible(text: str) -> str:
    """On one line, without the control characters that XML cannot hold."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in " ".join(text.split()))

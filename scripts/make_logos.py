"""Draws the logos of the built-in templates: a rounded square with a simple sign, 200 x 200 pixels.

    .venv/bin/python scripts/make_logos.py

The same pictures every time; standard library only. Shapes are drawn as distances, which gives smooth edges.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

SIZE = 200
LIBRARY = Path(__file__).resolve().parent.parent / "templates-library"

Colour = tuple[int, int, int]
Shape = Callable[[float, float], float]  # the distance of a point from the edge, negative inside

WHITE: Colour = (255, 255, 255)


def circle(x0: float, y0: float, radius: float) -> Shape:
    return lambda x, y: math.hypot(x - x0, y - y0) - radius


def ring(x0: float, y0: float, radius: float, width: float) -> Shape:
    return lambda x, y: abs(math.hypot(x - x0, y - y0) - radius) - width / 2


def line(x0: float, y0: float, x1: float, y1: float, width: float = 14) -> Shape:
    def distance(x: float, y: float) -> float:
        dx, dy = x1 - x0, y1 - y0
        along = max(0.0, min(1.0, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)))
        return math.hypot(x - x0 - along * dx, y - y0 - along * dy) - width / 2

    return distance


def box(x0: float, y0: float, x1: float, y1: float, radius: float) -> Shape:
    def distance(x: float, y: float) -> float:
        dx = abs(x - (x0 + x1) / 2) - (x1 - x0) / 2 + radius
        dy = abs(y - (y0 + y1) / 2) - (y1 - y0) / 2 + radius
        return math.hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - radius

    return distance


def outline(shape: Shape, width: float) -> Shape:
    return lambda x, y: abs(shape(x, y)) - width / 2


def polyline(*points: tuple[float, float]) -> list[Shape]:
    return [line(*start, *end) for start, end in pairwise(points)]


LOGOS: dict[str, tuple[Colour, list[Shape]]] = {
    "run-a-script": ((52, 73, 94), [*polyline((55, 65), (90, 100), (55, 135)), line(105, 137, 145, 137)]),
    "http-request": (
        (47, 128, 237),
        [
            *polyline((50, 75), (145, 75)),
            *polyline((122, 52), (145, 75), (122, 98)),
            *polyline((150, 128), (55, 128)),
            *polyline((78, 105), (55, 128), (78, 151)),
        ],
    ),
    "wait-for-http": (
        (39, 174, 96),
        [ring(100, 100, 52, 14), *polyline((100, 70), (100, 102), (122, 116))],
    ),
    "wait-for-port": (
        (22, 160, 133),
        [
            outline(box(50, 65, 150, 145, 14), 14),
            line(80, 105, 80, 125, 12),
            line(100, 105, 100, 125, 12),
            line(120, 105, 120, 125, 12),
            line(100, 45, 100, 60),
        ],
    ),
    "render-a-file": (
        (155, 89, 182),
        [
            outline(box(58, 42, 142, 158, 10), 14),
            line(82, 80, 118, 80, 10),
            line(82, 102, 118, 102, 10),
            line(82, 124, 104, 124, 10),
        ],
    ),
    "notify-webhook": (
        (242, 153, 74),
        [
            outline(box(45, 52, 155, 130, 18), 14),
            *polyline((80, 135), (72, 160), (105, 135)),
            *(circle(x, 91, 8) for x in (75, 100, 125)),
        ],
    ),
    "sleep": (
        (90, 98, 170),
        [
            *polyline((55, 80), (95, 80), (55, 130), (95, 130)),
            *polyline((115, 60), (148, 60), (115, 98), (148, 98)),
        ],
    ),
}


def coverage(distance: float) -> float:
    return max(0.0, min(1.0, 0.5 - distance))


def pixel(x: float, y: float, background: Colour, shapes: list[Shape]) -> bytes:
    white = max(coverage(shape(x, y)) for shape in shapes)
    colour = (round(b + (w - b) * white) for b, w in zip(background, WHITE, strict=True))
    alpha = coverage(box(4, 4, SIZE - 4, SIZE - 4, 36)(x, y))
    return bytes([*colour, round(255 * alpha)])


def png(background: Colour, shapes: list[Shape]) -> bytes:
    rows = (
        b"\0" + b"".join(pixel(x + 0.5, y + 0.5, background, shapes) for x in range(SIZE))
        for y in range(SIZE)
    )
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main() -> None:
    for slug, (background, shapes) in LOGOS.items():
        (LIBRARY / slug / "logo.png").write_bytes(png(background, shapes))


if __name__ == "__main__":
    main()

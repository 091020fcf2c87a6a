"""Rules about a template's document as a file, and about the files beside it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from registry.lint.rule import Hit, rule
from registry.lint.subject import Subject
from registry.model import Severity


@rule(
    "byte-order-mark",
    Severity.ERROR,
    why="Octopus doesn't read a document that begins with a byte order mark.",
    fix="Save the file as UTF-8 without it.",
    fixable=True,
)
def _byte_order_mark(subject: Subject) -> Iterator[Hit]:
    if subject.json is not None and subject.json.byte_order_mark:
        yield Hit("the file begins with a byte order mark")


@rule(
    "export-data",
    Severity.WARNING,
    why="The community library takes no document without them.",
    fix="Export it from Octopus, or add $Meta.ExportedAt and LastModifiedBy.",
)
def _export_data(subject: Subject) -> Iterator[Hit]:
    if subject.files is not None:
        return  # a folder gets them when it is exported
    meta: Mapping[str, Any] = subject.value.get("$Meta") or {}
    if not meta.get("ExportedAt"):
        yield Hit('"$Meta.ExportedAt" is missing', ("$Meta",))
    if not subject.value.get("LastModifiedBy"):
        yield Hit('"LastModifiedBy" is missing', ("LastModifiedBy",))


@rule(
    "logo",
    Severity.WARNING,
    why="A list of templates is read by their logos.",
    fix="Add logo.png with 200 x 200 pixels, or logo.svg.",
)
def _logo(subject: Subject) -> Iterator[Hit]:
    if subject.files is None:
        return  # the logo of a lone document is its category's
    logo = subject.files.get("logo.png")
    if logo is None and "logo.svg" not in subject.files:
        yield Hit("there is no logo")
    elif logo is not None and logo[16:24] != struct.pack(">II", 200, 200):
        yield Hit("logo.png is not of 200 x 200 pixels")


@rule(
    "readme",
    Severity.WARNING,
    why="An example says more than a list of parameters.",
    fix="Add README.md with an example.",
)
def _readme(subject: Subject) -> Iterator[Hit]:
    if subject.files is not None and "README.md" not in subject.files:
        yield Hit("there is no README.md")


@rule(
    "tests",
    Severity.WARNING,
    why="Nobody knows whether a template without tests works, its author included.",
    fix="Add tests/*.yaml.",
)
def _tests(subject: Subject) -> Iterator[Hit]:
    if subject.files is not None and not any(
        re.fullmatch(r"tests/.+\.ya?ml", name) for name in subject.files
    ):
        yield Hit("there are no tests")

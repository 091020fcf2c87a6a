"""References as arguments of a command."""

from __future__ import annotations

from typing import Any

import click

from registry.errors import Invalid
from registry.model import Reference


class ReferenceType(click.ParamType[Reference]):
    """`source/slug`, with a version or without one."""

    name = "reference"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Reference:
        if isinstance(value, Reference):
            return value
        try:
            return Reference.parse(value)
        except ValueError as error:
            raise Invalid(
                "reference-invalid",
                str(error),
                hint="Write SOURCE/NAME, or SOURCE/NAME@12 for an exact version.",
            ) from error


REFERENCE = ReferenceType()

"""Warnings of a plan: told on stderr, and under `--strict` the end of it."""

from __future__ import annotations

from collections.abc import Sequence

from registry.errors import Invalid
from registry.model import Problem


def show_warnings(warnings: Sequence[Problem], strict: bool) -> None:
    """Tell warnings. Raises Invalid under `strict` if there are any."""
    if not warnings:
        return
    if strict:
        raise Invalid("strict", "warnings are errors with --strict", problems=warnings)
    from registry.cli.problems import show_problems

    show_problems(warnings)

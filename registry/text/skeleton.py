"""Fills in the files that a new template or project begins with: the one place that knows Jinja2."""

from __future__ import annotations

from pathlib import Path

from registry.text.yaml_document import dump_yaml
from registry.text.yaml_edit import quoted


def fill(skeleton: Path, **values: str) -> bytes:
    """The text of `skeleton`, a Jinja2 file in UTF-8, with `values` in their places.

    The filter `yaml` writes a value as one YAML scalar, quoted where it has to be. A name that is not among
    `values` is a mistake of ours: jinja2.UndefinedError.
    """
    from jinja2 import Environment, StrictUndefined  # 40 ms: when something is written

    environment = Environment(
        autoescape=False,  # noqa: S701 - what is written is YAML, Markdown and scripts, never HTML
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        comment_start_string="{##",  # the usual one stands in `${#name}` of a shell script
    )
    environment.filters["yaml"] = _scalar
    return environment.from_string(skeleton.read_text(encoding="utf-8")).render(values).encode()


def _scalar(text: str) -> str:
    written = dump_yaml(text).removesuffix("...\n").removesuffix("\n")
    return quoted(text) if "\n" in written else written  # a block would depend on where it stands

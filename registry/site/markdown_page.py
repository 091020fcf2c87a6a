"""The site for programs that read text: one Markdown page for each template, and `llms.txt`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from registry.model import Parameter
from registry.site.contents import Site, TemplateEntry
from registry.text.visible import visible, visible_line

_MEANING = re.compile(r"[\\`*_\[\]<>#|&~]")


def markdown_page(entry: TemplateEntry) -> bytes:
    """A template: what it is, takes, gives and does. Nothing in it that its author wrote passes for the page's own."""
    return ("\n".join(_lines(entry)).rstrip() + "\n").encode()


def llms_txt(site: Site) -> bytes:
    """The list of pages that https://llmstxt.org describes."""
    lines = ["# Step templates", "", f"> {len(site.entries)} deployment step templates for Treadle."]
    for source in site.sources:
        lines += ["", f"## {source}", ""]
        for entry in site.of(source):
            path = f"{entry.folder}/index.md"
            name = escape_markdown(entry.template.name)
            summary = f": {escape_markdown(entry.summary)}" if entry.summary else ""
            lines.append(f"- [{name}]({site.address(path) or path}){summary}")
    return ("\n".join(lines) + "\n").encode()


def usage_snippet(entry: TemplateEntry) -> str:
    """A step that uses the template, with a place for each value that it requires."""
    lines = [f"- name: {_quoted(entry.template.name)}", f"  uses: {entry.reference}@{entry.version}"]
    required = [parameter.name for parameter in entry.template.parameters if parameter.required]
    lines += ["  with:"] if required else []
    lines += [f'    {_quoted(name)}: ""' for name in required]
    return "\n".join(lines)


def shown_default(parameter: Parameter) -> str:
    """A parameter's default; a secret's stays at home."""
    return "" if parameter.sensitive else parameter.default or ""


def escape_markdown(text: str) -> str:
    """A text on one line of Markdown that means nothing but itself."""
    return _MEANING.sub(r"\\\g<0>", visible_line(" ".join(text.split())))


def _lines(entry: TemplateEntry) -> Iterator[str]:
    template = entry.template
    yield from (f"# {escape_markdown(template.name)}", "")
    yield f"- Reference: `{entry.reference}@{entry.version}`"
    yield f"- Category: {escape_markdown(template.category)}"
    yield f"- Action type: {escape_markdown(template.action_type)}"
    if entry.repository:
        yield f"- Source: {escape_markdown(entry.repository)}"
    for notice in entry.releases[0].notices if entry.releases else ():
        yield f"- Notice: {escape_markdown(str(notice))}"
    if template.description.strip():
        yield ""
        yield from (f"> {line}".rstrip() for line in _text(template.description).splitlines())
    yield from ("", *_fenced(usage_snippet(entry), "yaml"))
    if template.parameters:
        yield from ("", "## Parameters", "", "| name | control | default | |", "|---|---|---|---|")
        yield from map(_row, template.parameters)
    if template.outputs:
        yield from ("", "## Outputs", "")
        yield from (
            f"- **{escape_markdown(output.name)}**: {escape_markdown(output.help or '-')}"
            for output in template.outputs
        )
    for name, body in entry.details.scripts.items():
        yield from ("", f"## Script: {escape_markdown(name)}", "", *_fenced(body))
    yield from ("", "## Releases", "", "| version | date | |", "|---|---|---|")
    for release in entry.releases:
        said = "; ".join(escape_markdown(str(notice)) for notice in release.notices)
        yield f"| {release.version} | {(release.date or '-')[:10]} | {said} |"


def _row(parameter: Parameter) -> str:
    about = [parameter.label or "", parameter.help or "", "required" if parameter.required else ""]
    cells = (parameter.name, parameter.control, shown_default(parameter), " · ".join(filter(None, about)))
    return f"| {' | '.join(escape_markdown(cell) for cell in cells)} |"


def _text(text: str) -> str:
    """An author's Markdown without HTML."""
    return visible(text).replace("<", "&lt;")


def _fenced(text: str, language: str = "") -> list[str]:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence + language, *visible(text).splitlines(), fence]


def _quoted(text: str) -> str:
    """A text in YAML: JSON's strings are YAML's."""
    return json.dumps(visible_line(text), ensure_ascii=False)

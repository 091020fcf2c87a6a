"""The site for people: HTML pages that need no other file and no server, and the feed of new versions.

Everything in them that others wrote is escaped, by Jinja; a Content-Security-Policy lets nothing run but the one
script whose hash it names.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from registry.site.contents import Release, Site, TemplateEntry
from registry.site.markdown_page import shown_default, usage_snippet
from registry.site.rich_text import plain, rich_text

_PAGES = Path(__file__).parent / "pages"
_MOST_NEWS = 100
_BEGINNING = "1970-01-01T00:00:00+00:00"


def index_page(site: Site) -> bytes:
    """The list of all templates."""
    script = _part("search.js")
    return _render("index.html.jinja", site=site, root="", script=script, policy=_policy(script))


def template_page(entry: TemplateEntry) -> bytes:
    """The page of one template."""
    return _render("template.html.jinja", entry=entry, root="../../../", policy=_policy())


def feed(site: Site) -> bytes:
    """The newest versions as an Atom feed; those whose date nobody knows are left out."""
    news = [(entry, release) for entry in site.entries for release in entry.releases if release.date]
    news.sort(key=lambda item: (-item[1].instant, item[0].reference, -item[1].version))
    shown = news[:_MOST_NEWS]
    return _render(
        "feed.xml.jinja",
        site=site,
        identity=_identity(site.url or "", *site.sources),
        updated=shown[0][1].date if shown else _BEGINNING,
        news=[(entry, release, _release_identity(entry, release)) for entry, release in shown],
    )


def _render(name: str, **values: object) -> bytes:
    return _environment().get_template(name).render(values).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=plain,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "rich_text": rich_text,
        "usage": usage_snippet,
        "default_value": shown_default,
    }
    environment.globals["style"] = _part("style.css")
    return environment


def _part(name: str) -> Markup:
    """A file of ours that goes into pages as it is."""
    return Markup((_PAGES / name).read_text(encoding="utf-8"))  # noqa: S704 - nothing foreign in it


def _policy(script: str = "") -> str:
    scripts = f" script-src '{_hash(script)}';" if script else ""
    return f"default-src 'none'; style-src '{_hash(_part('style.css'))}';{scripts} base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _release_identity(entry: TemplateEntry, release: Release) -> str:
    return _identity(entry.template.id, entry.reference, str(release.version))


def _identity(*parts: str) -> str:
    """An id of the same things for ever."""
    return uuid.uuid5(uuid.NAMESPACE_URL, "treadle:" + "\n".join(parts)).urn

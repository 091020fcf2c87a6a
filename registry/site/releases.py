"""`index.json`: releases in the form that Renovate's custom data sources read, for each template and for all."""

from __future__ import annotations

import json
from typing import Any

from registry.site.contents import Release, Site, TemplateEntry
from registry.text.visible import escape_json

_FORMAT = 1


def releases_document(entry: TemplateEntry, site: Site) -> bytes:
    """The releases of one template, the newest first."""
    return _json(_package(entry, site))


def overall_document(site: Site) -> bytes:
    """Every template with its releases."""
    templates = [
        {
            "reference": entry.reference,
            "name": entry.template.name,
            "summary": entry.summary,
            "category": entry.template.category,
            "actionType": entry.template.action_type,
            "syntaxes": list(entry.details.syntaxes),
            "version": str(entry.version),
            "page": f"{entry.folder}/index.html",
            **_package(entry, site),
        }
        for entry in site.entries
    ]
    return _json({"format": _FORMAT, "templates": templates})


def _package(entry: TemplateEntry, site: Site) -> dict[str, Any]:
    page = site.address(f"{entry.folder}/index.html")
    return {
        "releases": [_release(release, page) for release in entry.releases],
        **({"sourceUrl": entry.repository} if entry.repository else {}),
        **({"homepage": page, "changelogUrl": f"{page}#releases"} if page else {}),
    }


def _release(release: Release, page: str | None) -> dict[str, Any]:
    return {
        "version": str(release.version),
        **({"releaseTimestamp": release.date} if release.date else {}),
        **({"changelogUrl": f"{page}#v{release.version}"} if page else {}),
        **({"isDeprecated": True} if release.withdrawn else {}),
    }


def _json(value: Any) -> bytes:
    return (escape_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n").encode()

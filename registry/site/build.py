"""Building the site: its files from the catalog, and the folder that holds them and nothing else."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.errors import Conflict, Invalid
from registry.home import not_written, real_path
from registry.site.contents import Site, read_site
from registry.site.html_page import feed, index_page, template_page
from registry.site.markdown_page import llms_txt, markdown_page
from registry.site.releases import overall_document, releases_document

SITE_FILE = ".treadle-index"
"""In the folder of a site: the list of its files. What has none, or other files too, is somebody else's."""

_HEAD = "# Written by treadle index build, which replaces these files:"
_ADDRESS = re.compile(r"https?://[^\s\"'<>?#@]+")


def build_site(
    catalog: Catalog,
    folder: Path,
    sources: Sequence[str] = (),
    url: str | None = None,
    *,
    dry_run: bool = False,
) -> list[Path]:
    """Write the site of the catalog to `folder`; return the files that are new, different or gone.

    The same catalog gives the same bytes. Raises NotFound for a source, Invalid for an address, Conflict for a folder
    that is not a site's, Unavailable where it cannot be written; nothing is written then.
    """
    refuse_other_folder(folder)
    files = site_files(read_site(catalog, sources, _address(url)))
    changed = _changed(folder, files)
    if changed and not dry_run:
        _replace(folder, files)
    return changed


def site_files(site: Site) -> dict[str, bytes]:
    """Every file of the site by its path."""
    files = {
        "index.html": index_page(site),
        "index.json": overall_document(site),
        "feed.xml": feed(site),
        "llms.txt": llms_txt(site),
    }
    for entry in site.entries:
        files[f"{entry.folder}/index.html"] = template_page(entry)
        files[f"{entry.folder}/index.md"] = markdown_page(entry)
        files[f"{entry.folder}/index.json"] = releases_document(entry, site)
    names = sorted(files)
    return {**files, SITE_FILE: ("\n".join([_HEAD, *names]) + "\n").encode()}


def refuse_other_folder(folder: Path) -> None:
    """Raises Conflict for what the site would replace although it holds something else."""
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir():
        raise _taken(f'"{folder}" is not a folder')
    known = _listed(folder)
    others = sorted(file for file in _files_below(folder) if file not in known)
    if others:
        raise _taken(f'"{folder}" holds "{others[0]}", which is not a part of a site that Treadle wrote')


def _taken(message: str) -> Conflict:
    return Conflict("site-folder-taken", message, "Name a new or empty folder with -o.")


def _listed(folder: Path) -> set[str]:
    """The files that a site in the folder says are its own."""
    try:
        head, *names = (folder / SITE_FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return set()
    return {SITE_FILE, *names} if head == _HEAD else set()


def _files_below(folder: Path) -> list[str]:
    """Everything in a folder but the folders."""
    return [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    ]


def _changed(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    there = set(_files_below(folder)) if folder.is_dir() else set()
    gone = there - set(files)
    different = {name for name, content in files.items() if not _holds(folder / name, content)}
    return [folder / name for name in sorted(gone | different)]


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and not path.is_symlink() and path.read_bytes() == content


def _replace(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write everything beside the folder, then put it in its place: no reader meets half of a site."""
    target = real_path(folder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as aside:
            new, old = Path(aside, "new"), Path(aside, "old")
            for name, content in files.items():
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                (new / name).write_bytes(content)
            _swap(target, new, old)
    except OSError as error:
        raise not_written(folder, error) from error


def _swap(target: Path, new: Path, old: Path) -> None:
    if not target.exists():
        new.rename(target)
        return
    target.rename(old)
    try:
        new.rename(target)
    except OSError:
        old.rename(target)
        raise


def _address(url: str | None) -> str | None:
    if url is None:
        return None
    if not _ADDRESS.fullmatch(url):
        raise Invalid(
            "site-url-invalid",
            f'"{url}" is not the address of a web site',
            "Give one such as https://templates.example.com/.",
        )
    return url.rstrip("/") + "/"

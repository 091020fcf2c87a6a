"""Names that every file system can hold, and that steer nobody's git or Treadle.

What comes from a source, a bundle or a folder is written to the library under its own names. A name that only some
systems can write would leave a commit that others cannot check out; one that git or Treadle reads would act there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from registry.errors import Invalid, Untrusted
from registry.model import Problem, is_slug

ATTRIBUTES_FILE = ".gitattributes"
MAX_PART_BYTES = 200
MAX_PATH_BYTES = 400

# Windows keeps these for devices, whatever follows the first dot.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_RESERVED = re.compile(r'[\\:*?"<>|]')
_STRANGE = ("Cc", "Cf", "Cs", "Zl", "Zp")
# `git~1` is what Windows calls `.git` in short.
_STEERING = re.compile(r"\.git.*|git~[0-9]+|\.treadle.*", re.IGNORECASE)


def is_portable_path(path: str) -> bool:
    """Whether a relative path can be written everywhere, below the folder it belongs to."""
    return path_problem(path) is None


def path_problem(path: str) -> str | None:
    """What is wrong with a relative path, as the end of a sentence; None where nothing is."""
    if any(unicodedata.category(sign) in _STRANGE for sign in path):
        return "holds control or invisible characters"
    if len(path.encode()) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    return next((problem for part in path.split("/") if (problem := _part_problem(part))), None)


def _part_problem(part: str) -> str | None:
    if part in ("", ".", ".."):
        return "leads out of its folder or is not a name"
    if len(part.encode()) > MAX_PART_BYTES:
        return f"has a part of more than {MAX_PART_BYTES} bytes"
    if part.endswith((".", " ")) or part.startswith(" "):
        return "begins or ends with a blank, or ends with a dot"
    if _RESERVED.search(part) or _DEVICES.fullmatch(part):
        return "cannot be written on Windows"
    return None


def is_steering(path: str) -> bool:
    """Whether git or Treadle reads the file where it lies: `.gitattributes`, `.treadle/notices.yaml` and the like."""
    return any(_STEERING.fullmatch(_folded(part).rstrip(". ")) for part in path.split("/"))


def steering_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a template folder that steer git or Treadle, but for the `.gitattributes` that Treadle writes:
    it keeps the line ends of scripts."""
    return {
        name: data for name, data in files.items() if is_steering(name) and not _keeps_ends(name, data, files)
    }


def _keeps_ends(name: str, data: bytes, files: Mapping[str, bytes]) -> bool:
    lines = data.decode(errors="replace").splitlines()
    ours = (line.endswith(" -text") and line.removesuffix(" -text") in files for line in lines)
    return name == ATTRIBUTES_FILE and all(ours)


def twins(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of paths that are one file, or a file and a folder, where case or the form of accents doesn't count."""
    seen: dict[str, str] = {}
    known = sorted(paths)
    for path in known:
        first = seen.setdefault(_folded(path), path)
        if first != path:
            yield first, path
    folders = {
        _folded(path[:place]): path for path in known for place, sign in enumerate(path) if sign == "/"
    }
    spelt: dict[str, str] = {}
    for path in known:
        if _folded(path) in folders:
            yield path, folders[_folded(path)]
        for place, sign in enumerate(path):
            first = spelt.setdefault(_folded(path[:place]), path[:place]) if sign == "/" else path[:place]
            if first != path[:place]:
                yield first, path[:place]


def check_slug(slug: str) -> None:
    """Raises Invalid for what cannot be the name of a template, and of its folder."""
    if not is_slug(slug) or not is_portable_path(slug):
        raise Invalid(
            "slug-invalid",
            f'"{_shown(slug)}" cannot be the name of a template',
            'Use letters, digits, ".", "_" and "-", a letter or digit first and last, such as "notify-team".',
        )


def name_problems(files: Mapping[str, bytes], owner: str) -> list[Problem]:
    """Every reason not to write these files of a template folder under their names. `owner` is for messages."""
    names = list(files)
    found = [
        Problem(f'{owner} holds "{_shown(name)}", which {problem}', "path-not-portable")
        for name in names
        if (problem := path_problem(name))
    ]
    found += [
        Problem(f'{owner} holds "{_shown(name)}", which steers git or Treadle where it lies', "steering-file")
        for name in steering_files(files)
    ]
    found += [
        Problem(
            f'{owner} holds "{_shown(one)}" and "{_shown(other)}", one name on many systems',
            "path-not-portable",
        )
        for one, other in dict.fromkeys(twins(names))
    ]
    return found


def check_names(files: Mapping[str, bytes], owner: str) -> None:
    """Raises Untrusted with every name that is not written."""
    problems = name_problems(files, owner)
    if problems:
        hint = "Nothing was written. Rename it where it comes from, or leave it out."
        raise Untrusted(problems[0].code, problems[0].message, hint, problems)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _shown(name: str) -> str:
    short = name if len(name) <= 100 else f"{name[:99]}…"
    return "".join(ascii(sign)[1:-1] if unicodedata.category(sign) in _STRANGE else sign for sign in short)

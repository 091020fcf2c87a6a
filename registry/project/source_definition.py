"""Source definitions: names for git repositories that offer templates.

`builtin` and `library` are not definitions: they are always there.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import Invalid, NotFound
from registry.git.credentials import Credentials, is_address_like, shown_address
from registry.model import BUILTIN_SOURCE, LIBRARY_SOURCE, Problem, is_slug
from registry.suggest import did_you_mean
from registry.text.document import problem_at

_SCHEMES = ("https", "http", "ssh", "git", "file")
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")
_SCP_LIKE = re.compile(r"(?:[^@/\s]+@)?[^/:\s]+:(?!:).+")
_BRACKETED = re.compile(r"\[[0-9A-Fa-f:.%]+\]")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^:/?#\[\]@\s]+)(?::\d+)?")
_SECRET_QUERY = re.compile(
    r"[?&;#][^=&;]*(?:token|secret|passw|pwd|key|auth|sig|cred)[^=&;]*=", re.IGNORECASE
)

if TYPE_CHECKING:
    from registry.text.yaml_document import YamlDocument

DEFAULT_FOLDER = "step-templates"
MAX_DAYS = 36_500
"""The longest cool-down; a hundred years are within what dates can do."""


@dataclass(frozen=True, slots=True)
class SourceDefinition:
    """`url` is an address or an absolute path, without credentials; `ref` None means the remote's HEAD, else
    main, master, or the only branch; `cool_down` is how many days its versions wait for updates, None where it
    says nothing; `folder` None means `step-templates` where there is one, else the root.
    `defined_in` is the file that says so, None for Treadle's own."""

    name: str
    url: str
    ref: str | None = None
    folder: str | None = None
    defined_in: Path | None = None
    credentials: Credentials | None = field(default=None, repr=False, compare=False)
    cool_down: float | None = None

    @property
    def mirror_key(self) -> str:
        """Names the mirror: two projects may call different repositories by one name."""
        return f"{self.name}-{_short_digest(self.url)}"

    @property
    def index_key(self) -> str:
        return f"{self.name}-{_short_digest(self.url, self.ref or '', self.folder or '.')}"

    @property
    def mirror_ref(self) -> str:
        """What the last sync found, in the mirror."""
        return f"refs/treadle/{self.index_key}"

    @property
    def is_local(self) -> bool:
        return is_path(self.url)


def _short_digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def define(
    name: str, url: str, ref: str | None, folder: str | None, defined_in: Path | None, base: Path
) -> SourceDefinition:
    """A source as somebody writes it; a relative path counts from `base`. Raises Invalid."""
    if not is_slug(name) or name in (BUILTIN_SOURCE, LIBRARY_SOURCE):
        raise Invalid(
            "source-name-invalid",
            f'"{name}" cannot be the name of a source',
            hint=f'Use letters, digits, ".", "_", "-"; "{BUILTIN_SOURCE}" and "{LIBRARY_SOURCE}" are taken.',
        )
    if ref is not None and (not ref or ref.startswith("-") or re.search(r"[\s~^:?*\[\\]|\.\.|@\{", ref)):
        raise Invalid("source-ref-invalid", f'"{ref}" is not a name of a branch, tag or commit')
    address, credentials = read_address(url, base)
    return SourceDefinition(name, address, ref, _folder(folder), defined_in, credentials)


def _folder(folder: str | None) -> str | None:
    if folder is None:
        return None
    parts = [part for part in folder.split("/") if part not in ("", ".")]
    if ".." in parts or "\\" in folder:
        raise Invalid(
            "source-path-invalid", f'"{folder}" leads out of the repository', hint="Name a folder in it."
        )
    return "/".join(parts)


def read_address(url: str, base: Path) -> tuple[str, Credentials | None]:
    """The address without the credentials in it, and these. A path becomes absolute, from `base`.

    Raises Invalid for an address of another kind (git has transports that run programs), and for one that does not
    say clearly what is a secret in it.
    """
    runs_programs = "::" in _BRACKETED.sub("", url)
    if not url or url.startswith("-") or runs_programs or any(character < " " for character in url):
        raise _not_an_address(url)
    scheme = _URL.match(url)
    if scheme is None:
        return _read_path(url, base), None
    if scheme["scheme"].lower() not in _SCHEMES:
        raise _not_an_address(url)
    return _read_url(url, scheme["scheme"].lower(), url[scheme.end() :])


def _read_path(url: str, base: Path) -> str:
    """A path, or `user@host:path` as git takes it for ssh."""
    try:
        local = (base / Path(url).expanduser()).resolve()
        there = local.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise _not_an_address(url) from error
    if there:
        return str(local)
    if _SCP_LIKE.fullmatch(url) and "@" not in url.partition(":")[2]:
        return url
    if is_address_like(url):
        raise _not_an_address(url)
    return str(local)


def _read_url(url: str, scheme: str, rest: str) -> tuple[str, Credentials | None]:
    if scheme == "file":
        if "@" in rest.partition("/")[0]:
            raise _not_an_address(url)
        return url, None
    authority, slash, path = rest.partition("/")
    userinfo, _, host = authority.rpartition("@")
    if not _HOST.fullmatch(host) or re.search(r"\s", rest):
        raise _not_an_address(url)
    if "@" in path or _SECRET_QUERY.search(path):
        raise Invalid(
            "source-url-invalid",
            f'"{shown_address(url)}" holds an "@" or a secret after its host',
            hint="Write %40 for an @ in a path or a password, %2F for a slash in a password. Secrets in a query end "
            "up in logs: give them to a git credential helper.",
        )
    address = f"{scheme}://{host}"
    username, _, password = userinfo.partition(":")
    if scheme in ("http", "https"):
        from urllib.parse import unquote

        credentials = Credentials(unquote(username), unquote(password), address) if userinfo else None
        return f"{address}{slash}{path}", credentials
    # ssh has no use for a password, git's own protocol for neither.
    who = f"{username}@" if username and scheme == "ssh" else ""
    return f"{scheme}://{who}{host}{slash}{path}", None


def _not_an_address(url: str) -> Invalid:
    return Invalid(
        "source-url-invalid",
        f'"{shown_address(url)}" is not the address of a git repository',
        hint="Give an https, ssh or git URL, host:path, a folder, or a git bundle.",
    )


def is_path(url: str) -> bool:
    """Whether an address, as `read_address` gives it, is a path on this machine."""
    return url.startswith(("/", "file://"))


def read_sources(document: YamlDocument, file: Path, problems: list[Problem]) -> dict[str, SourceDefinition]:
    """The section `sources` of a treadle.yaml or config.yaml; what is wrong with it goes to `problems`."""
    value = document.value if isinstance(document.value, dict) else {}
    section = value.get("sources") or {}
    if not isinstance(section, dict):
        problems.append(
            problem_at(
                document, ("sources",), '"sources" must hold names and their addresses', "source-invalid"
            )
        )
        return {}
    found = {}
    for name, item in section.items():
        try:
            found[name] = _read_source(name, item, file)
        except Invalid as error:
            problems.append(
                problem_at(document, ("sources", name), error.message, "source-invalid", error.hint)
            )
    return found


def _read_source(name: str, item: Any, file: Path) -> SourceDefinition:
    hint = "Write name: {git: ADDRESS, ref: BRANCH, path: FOLDER}; only git is needed."
    if not isinstance(item, dict) or not isinstance(item.get("git"), str):
        raise Invalid("source-invalid", f'source "{name}" has no address', hint)
    for key, part in item.items():
        if key == "cool_down" and not is_days(part):
            message = f'source "{name}": "cool_down" is "{part}", expected days, at most {MAX_DAYS}'
            raise Invalid("source-invalid", message, "Write cool_down: 7, or 0 for none.")
        if key != "cool_down" and (key not in ("git", "ref", "path") or not isinstance(part, str)):
            raise Invalid("source-invalid", f'source "{name}": "{key}" is not understood', hint)
    defined = define(name, item["git"], item.get("ref"), item.get("path"), file, file.parent)
    return replace(defined, cool_down=item.get("cool_down"))


def is_days(value: Any) -> bool:
    """Whether a value can be a cool-down."""
    return type(value) is not bool and isinstance(value, int | float) and 0 <= value <= MAX_DAYS


def unknown_source(name: str, known: list[str]) -> NotFound:
    hint = (
        did_you_mean(name, known)
        or f"There are: {', '.join(known)}. Add one with `treadle source add NAME URL`."
    )
    return NotFound("source-not-found", f'there is no source "{name}"', hint)

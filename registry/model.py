"""The nouns of the registry: frozen data, standard library only.

Words as in the field: a *template* is a step template ("action template"); a *source* is a git repository
that offers templates; a *version* is what the source branch's first-parent line held under a number.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

BUILTIN_SOURCE = "builtin"
LOCAL_SOURCE = "."
"""The source of references such as `./folder`: template folders of the project itself, which nobody has published."""

LIBRARY_SOURCE = "library"

MAX_VERSION = 2**31 - 1
"""The highest number of a version: every database and every language can hold it."""

_PLAIN_KEY = re.compile(r"[\w$-]+")


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a document.

    `path` is where in the document (`steps[2].with.uri`), `file`, `line` and `column` where in the text
    (1-based; None when unknown), `code` the stable id of the rule, `hint` the next step.
    """

    message: str
    code: str
    path: str = ""
    hint: str | None = None
    severity: Severity = Severity.ERROR
    file: str | None = None
    line: int | None = None
    column: int | None = None


def errors_of(problems: Iterable[Problem]) -> list[Problem]:
    """The problems that are more than warnings."""
    return [problem for problem in problems if problem.severity is Severity.ERROR]


def path_text(path: Sequence[str | int]) -> str:
    """A path in a document as people write it: `steps[2].with.uri`, keys with other signs in quotes."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _PLAIN_KEY.fullmatch(key):
            text += f".{key}" if text else key
        else:
            text += f'["{key}"]'
    return text


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where a text stands in a file: the place of its first character (1-based), and the column that its further
    lines begin at; None when they don't stand in the file one by one (folded, or written with escapes)."""

    line: int
    column: int
    indent: int | None = None

    def of(self, text: str, offset: int) -> tuple[int, int]:
        """Line and column of a character of `text`; the text's own beginning when more cannot be said."""
        if self.indent is None:
            return self.line, self.column
        starts = _line_starts(text)
        lines = bisect_right(starts, offset)
        begin = starts[lines - 1] if lines else 0
        return self.line + lines, (self.indent if lines else self.column) + offset - begin


@lru_cache(maxsize=4)
def _line_starts(text: str) -> tuple[int, ...]:
    """Where each line but the first begins. A long text is asked about for each problem in it."""
    return tuple(found.end() for found in re.finditer("\n", text))


class ControlType(StrEnum):
    """How a parameter is entered. Unknown control types of newer documents are kept as plain text."""

    SINGLE_LINE = "SingleLineText"
    MULTI_LINE = "MultiLineText"
    SELECT = "Select"
    CHECKBOX = "Checkbox"
    SENSITIVE = "Sensitive"
    STEP_NAME = "StepName"
    PACKAGE = "Package"
    CERTIFICATE = "Certificate"
    WORKER_POOL = "WorkerPool"
    AZURE_ACCOUNT = "AzureAccount"
    AWS_ACCOUNT = "AmazonWebServicesAccount"
    GOOGLE_ACCOUNT = "GoogleCloudAccount"
    USERNAME_PASSWORD_ACCOUNT = "UsernamePasswordAccount"  # noqa: S105 - the name of a control, not a secret
    OIDC_ACCOUNT = "GenericOidcAccount"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input of a template. Whatever the control, a value is text.

    `default` None means: absent unless given. `options` of a Select are (value, label) pairs.
    `required`, `pattern`, `minimum`, `maximum` are Treadle's typed extras.
    """

    name: str
    id: str | None = None
    label: str | None = None
    help: str | None = None
    default: str | None = None
    control: str = ControlType.SINGLE_LINE
    options: tuple[tuple[str, str], ...] = ()
    required: bool = False
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None

    @property
    def sensitive(self) -> bool:
        return self.control == ControlType.SENSITIVE

    @property
    def limits(self) -> tuple[str, ...]:
        """The pattern and the bounds of a value, each in words."""
        bounds = (("minimum", self.minimum), ("maximum", self.maximum))
        found = [f"{word}: {bound:g}" for word, bound in bounds if bound is not None]
        return tuple([f"pattern: {self.pattern}", *found] if self.pattern is not None else found)


@dataclass(frozen=True, slots=True)
class Output:
    """An output variable that a template declares."""

    name: str
    help: str | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Why a template should no longer be used, and what to use instead (a reference, as text)."""

    reason: str
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """A step template, read from Octopus JSON or a template folder.

    `properties` is the action's property bag as text (None for JSON null); the script body stays under its
    own key there. `packages` and `extra` (every key this class has no field for) are kept as parsed.

    Treadle's extras: declared `outputs`, `scripts` in further syntaxes (syntax -> body), the
    `minimum_treadle` version that understands it, and its deprecation.
    """

    id: str
    name: str
    version: int
    action_type: str
    description: str = ""
    category: str = "other"
    properties: Mapping[str, str | None] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    outputs: tuple[Output, ...] = ()
    packages: tuple[Mapping[str, Any], ...] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)
    minimum_treadle: str | None = None
    deprecated: Deprecation | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The first line of the description that says something."""
        return next((line.strip() for line in self.description.splitlines() if line.strip()), "")

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name, ignoring case as Octopus does; None if there is none."""
        folded = name.casefold()
        return next((p for p in self.parameters if p.name.casefold() == folded), None)


class TemplateForm(StrEnum):
    """How a template lies in a source: one JSON document, or a folder of files."""

    JSON = "json"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the exact bytes of a template came from. `url` carries no credentials.

    `blob` and `commit` are full git object names, `date` an ISO 8601 instant of the commit.
    """

    source: str
    slug: str
    path: str
    version: int
    blob: str
    commit: str | None = None
    url: str | None = None
    ref: str | None = None
    author: str | None = None
    date: str | None = None


class NoticeKind(StrEnum):
    """A warning about a template: it should no longer be used, or it must not run."""

    DEPRECATED = "deprecated"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a source, the library or a template's own author says against it.

    `successor` is a reference, as text, `versions` are those that it is about; none means all.
    """

    standing: NoticeKind
    reason: str = ""
    successor: str | None = None
    versions: tuple[int, ...] = ()

    def __str__(self) -> str:
        text = self.standing.value + (f": {self.reason}" if self.reason else "")
        return f"{text}; use {self.successor} instead" if self.successor else text


Notices = Mapping[str, tuple[Notice, ...]]
"""By what they are about: a slug of the same repository, or `source/slug` of another."""


@dataclass(frozen=True, slots=True)
class ResolvedTemplate:
    """A reference made exact. `patches` names the template that this is a locally changed copy of, with its
    version: `community/slack@12`; None for anything else. `notices` are about this version. `edited`: the
    library's work tree holds changes of it that are not published, and not in `template`."""

    reference: Reference
    template: StepTemplate
    provenance: Provenance
    patches: str | None = None
    notices: tuple[Notice, ...] = ()
    edited: bool = False


_REFERENCE = re.compile(
    r"(?P<source>[A-Za-z0-9][A-Za-z0-9._-]*)/(?P<slug>[A-Za-z0-9][A-Za-z0-9._-]*)"
    r"(?:@(?P<selector>latest|(?P<version>\d+)(?P<open>\+)?(?::(?P<blob>[0-9a-f]{4,64}))?))?"
)


_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


def is_slug(text: str) -> bool:
    """Whether `text` can name a source or a template in a reference: no path, no `..`, no blank."""
    return _SLUG.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Reference:
    """`source/slug`, `@12` exact, `@12+` 12 or any later with a compatible interface, `@latest`,
    `@12:ab12cd3` a variant by blob."""

    source: str
    slug: str
    version: int | None = None
    open: bool = False
    latest: bool = False
    blob: str | None = None

    @classmethod
    def local(cls, text: str) -> Reference | None:
        """The reference for `./folder`; None for a text that is nothing of the kind. Raises ValueError for a folder
        that leads out."""
        if not text.startswith("./"):
            return None
        parts = [part for part in text.split("/") if part not in ("", ".")]
        if not parts or ".." in parts:
            raise ValueError(f'"{text}" is not a folder of the project')
        return cls(LOCAL_SOURCE, "/".join(parts))

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a reference. Raises ValueError with a sentence on anything else."""
        match = _REFERENCE.fullmatch(text)
        if match is None or (match["open"] and match["blob"]):
            raise ValueError(f'"{text}" is not a template reference')
        return cls(
            source=match["source"],
            slug=match["slug"],
            version=int(match["version"]) if match["version"] else None,
            open=bool(match["open"]),
            latest=match["selector"] == "latest",
            blob=match["blob"],
        )

    def __str__(self) -> str:
        if self.latest:
            return f"{self.source}/{self.slug}@latest"
        if self.version is None:
            return f"{self.source}/{self.slug}"
        tail = f":{self.blob}" if self.blob else "+" if self.open else ""
        return f"{self.source}/{self.slug}@{self.version}{tail}"


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """`slug` is the name the template had then, `variants` the blobs of other contents under this number."""

    version: int
    slug: str
    blob: str
    commit: str | None
    author: str | None
    date: str | None
    variants: tuple[str, ...]

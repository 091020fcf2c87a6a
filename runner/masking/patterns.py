"""What is looked for to hide a secret: its forms, each with what may stand in its gaps."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from runner.masking.encodings import base64_cores, written_forms
from runner.masking.parts import MINIMUM_PART, json_document, json_tokens, secret_parts
from runner.masking.squeezing import GAP, MARKS, SPACE, squeeze

MINIMUM = 4
"""Shorter values are not hidden: nobody could hide every "1" of a log."""

MAX_GAP = 1000
"""Bytes between two characters of a secret; beyond, they are not taken for one text any more."""

_LINE_END = re.compile(r"[\r\n]+")
_WRAPPED_LINE = re.compile(rb"[A-Za-z0-9+/_-]{32}")
_SURE_LINE = 16
_LINE_LENGTHS = (60, 64, 76)  # of base64: Ruby; PEM and openssl; MIME, GNU and Python


class Layout(Enum):
    """Where white space may stand in a secret's form as printed, beside where the form itself has some."""

    LINE = "nowhere"
    LINES = "line ends anywhere: the secret has several lines"
    DOCUMENT = "between the tokens of a JSON document"
    WRAPPED = "line ends behind long runs of base64"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A form of a secret.

    - `text`: the form squeezed, at least `MINIMUM` bytes.
    - `gaps`: position in `text` to the bytes that squeezing took out there.
    - `lead`, `trail`: what it took away at either end; hidden, too, where it is printed.
    - `breaks`: positions in `text` between the tokens of a document.
    """

    text: bytes
    gaps: Mapping[int, bytes] = field(hash=False)
    lead: bytes
    trail: bytes
    layout: Layout
    breaks: frozenset[int] = frozenset()

    @classmethod
    def of(cls, form: bytes, layout: Layout, breaks: frozenset[int] = frozenset()) -> Pattern:
        gaps: dict[int, bytes] = {}
        dropped = 0
        for hit in GAP.finditer(form):
            gaps[hit.start() - dropped] = hit[0]
            dropped += hit.end() - hit.start()
        text = squeeze(form)
        lead, trail = gaps.pop(0, b"").rpartition(b"\n")[2], gaps.pop(len(text), b"").partition(b"\n")[0]
        return cls(text, gaps, lead, trail, layout, breaks)

    @property
    def spans_lines(self) -> bool:
        return self.layout is not Layout.LINE

    def fits(self, data: bytes, start: int, end: int, kept: int) -> bool:
        """Whether `data[start:end]`, squeezed the first `kept` bytes of `text`, has in its gaps what it should."""
        if end - start == kept and not self.gaps:
            return True
        missing = {at for at, gap in self.gaps.items() if at < kept and self._needs(gap)}
        dropped = 0
        for hit in GAP.finditer(data, start, end):
            at = hit.start() - start - dropped
            if not self._gap_fits(at, data, hit.start(), hit.end()):
                return False
            missing.discard(at)
            dropped += hit.end() - hit.start()
        return not missing

    def breaks_at(self, position: int, data: bytes, end: int) -> bool:
        """Whether a line may end behind the first `position` bytes of `text`, printed up to `data[:end]`."""
        match self.layout:
            case Layout.LINE:
                return False
            case Layout.LINES:
                return True
            case Layout.DOCUMENT:
                return position in self.breaks
            case Layout.WRAPPED:
                return ends_wrapped(data, end)

    def around(self, data: bytes, start: int, end: int) -> tuple[int, int]:
        """The hit with what belongs to the secret on both its sides."""
        if self.lead and data.endswith(self.lead, 0, start):
            start -= len(self.lead)
        if self.trail and data.startswith(self.trail, end):
            end += len(self.trail)
        return start, end

    def _needs(self, gap: bytes) -> bool:
        """Whether something has to stand in a gap: not where lines of the secret may have been joined."""
        return any(byte in MARKS for byte in gap) or (_has_space(gap) and not self._joins(gap))

    def _joins(self, gap: bytes) -> bool:
        return self.layout is Layout.LINES and b"\n" in gap

    def _gap_fits(self, at: int, data: bytes, start: int, end: int) -> bool:
        found, wanted = data[start:end], self.gaps.get(at, b"")
        if len(found) > MAX_GAP or any(
            found.count(mark) < wanted.count(mark) for mark in wanted if mark in MARKS
        ):
            return False
        if not _has_space(found):
            return not _has_space(wanted) or self._joins(wanted)
        if b"\n" in found:
            return self.breaks_at(at, data, start)
        return _has_space(wanted) or at in self.breaks


def ends_wrapped(data: bytes, end: int) -> bool:
    """Whether the line up to `data[:end]` looks like one of wrapped base64: that goes on in the next."""
    return _WRAPPED_LINE.fullmatch(data, max(0, end - 32), end) is not None


def why_not_hidden(value: str) -> str | None:
    """Why a value cannot be hidden, to follow its name: it is too short, or blank. None if it can."""
    if not value.strip():
        return "is blank"
    return None if len(value) >= MINIMUM else f"has fewer than {MINIMUM} characters"


def not_hidden(name: str, value: str) -> str | None:
    """What to warn of about the secret `name`; None if it can be hidden, or is empty and tells nothing."""
    reason = why_not_hidden(value) if value else None
    return reason and f'the secret "{name}" {reason} and cannot be masked'


def patterns_of(secret: str) -> Iterator[Pattern]:
    """What to look for to hide `secret`, which `can_hide`, and its parts; each pattern may come several times."""
    if len("".join(_LINE_END.split(secret))) < MINIMUM:
        return
    yield from _whole(secret)
    yield from _document(secret)
    lines = [line.strip() for line in _LINE_END.split(secret) if line]
    if len(lines) > 1:
        yield from _patterns((line for line in lines if len(line) >= MINIMUM_PART), Layout.LINE)
    for part in secret_parts(secret):
        yield from _whole(part)


def _whole(secret: str) -> Iterator[Pattern]:
    """The secret in all its forms, as written and as a shell passes its words on."""
    words = " ".join(secret.split())
    shell_words = " ".join(re.split(r"[ \t\n]+", secret.strip(" \t\n")))  # to a shell a CR is a character
    for text in dict.fromkeys((secret.strip(), words, shell_words)):
        yield from _patterns(written_forms(text), Layout.LINE)
        yield from _patterns(base64_cores(text), Layout.WRAPPED)
    yield from _patterns(_base64_lines(secret.strip()), Layout.LINE)
    yield from _patterns([secret.replace("\r\n", "\n")], Layout.LINE)


def _patterns(forms: Iterable[str], layout: Layout) -> Iterator[Pattern]:
    for form in dict.fromkeys(forms):
        several = layout is Layout.LINE and _LINE_END.search(form.strip()) is not None
        data = form.replace("\r", "\n").encode("utf-8", "surrogatepass")
        yield Pattern.of(data, Layout.LINES if several else layout)


def _base64_lines(text: str) -> Iterator[str]:
    """The lines of the secret's own base64, wrapped, for those who print some of them."""
    encoded = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()
    for length in _LINE_LENGTHS:
        if len(encoded) > length:
            lines = (encoded[at : at + length] for at in range(0, len(encoded), length))
            yield from (line for line in lines if len(line) >= _SURE_LINE)


def _document(secret: str) -> Iterator[Pattern]:
    """The secret as a JSON document that was compacted, indented or written anew."""
    document = json_document(secret)
    if document is None:
        return
    texts = [secret]
    for ascii_only in (True, False):
        for sort in (True, False):
            texts.append(json.dumps(document, ensure_ascii=ascii_only, sort_keys=sort))
    for tokens in dict.fromkeys(tuple(json_tokens(text)) for text in texts):
        parts = [token.encode("utf-8", "surrogatepass") for token in tokens]
        position, breaks = 0, set()
        for part in parts:
            position += len(squeeze(part))
            breaks.add(position)
        yield Pattern.of(b"".join(parts), Layout.DOCUMENT, frozenset(breaks))


def _has_space(gap: bytes) -> bool:
    return any(byte in SPACE for byte in gap)

"""Did-you-mean suggestions: the nearest known name, and the one way to ask for it."""

from __future__ import annotations

from collections.abc import Iterable
from os.path import commonprefix

_LISTED = 10
_SHORTEST_PART = 2
_ALIKE = 0.6
_SEPARATORS = "._/"
_VERY_ALIKE = 0.7


def close_to(word: str, known: Iterable[str], count: int = 1) -> list[str]:
    """The known words closest to `word`, best first: those spelt like it, then those that contain it."""
    words = list(known)
    folded = word.casefold()
    parts = [item for item in words if len(folded.strip()) >= _SHORTEST_PART and folded in item.casefold()]
    return list(dict.fromkeys([*_spelt_like(word, words, count, _ALIKE), *sorted(parts, key=len)]))[:count]


def question(*names: str) -> str:
    """What to ask inside a sentence: `did you mean "run" or "runs"?`. There is at least one name."""
    *others, last = (f'"{name}"' for name in names)
    return f"did you mean {', '.join(others)}{' or ' if others else ''}{last}?"


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The question as a hint, or None where nothing comes close."""
    close = close_to(word, known)
    return _as_hint(question(close[0])) if close else None


def did_you_mean_inline(word: str, known: Iterable[str]) -> str:
    """The question as the end of a message: ` (did you mean "uses"?)`, or nothing where nothing comes close."""
    close = close_to(word, known)
    return f" ({question(close[0])})" if close else ""


def is_meant_inline(missing: str, given: Iterable[str]) -> str:
    """` (is "nmae" meant for it?)` where one of the `given` names is spelt much like the missing one."""
    close = _spelt_like(missing, list(given), 1, _VERY_ALIKE)
    return f' (is "{close[0]}" meant for it?)' if close else ""


def suggest(word: str, known: Iterable[str]) -> str | None:
    """A hint: the nearest known word, else those there are, else nothing."""
    words = list(known)
    more = f" and {len(words) - _LISTED:,} more" if len(words) > _LISTED else ""
    every = f"There are: {', '.join(words[:_LISTED])}{more}." if words else None
    return did_you_mean(word, words) or every


def _spelt_like(word: str, words: list[str], count: int, cutoff: float) -> list[str]:
    from difflib import get_close_matches  # only where something is misspelt

    shared = len(_namespace([word.casefold(), *(item.casefold() for item in words)]))
    folded = {item.casefold()[shared:]: item for item in words}
    close = get_close_matches(word.casefold()[shared:], folded, n=count, cutoff=cutoff)
    return [folded[item] for item in close]


def _namespace(names: list[str]) -> str:
    """What all names begin with, up to a separator: that they share `Slack.` makes no two of them alike."""
    shared = commonprefix(names)  # noqa: RUF071 - of texts, not paths
    return shared[: max(shared.rfind(sign) for sign in _SEPARATORS) + 1]


def _as_hint(text: str) -> str:
    return text[0].upper() + text[1:]

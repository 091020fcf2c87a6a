"""What somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable

_LISTED = 10


def close_to(word: str, known: Iterable[str], count: int = 1) -> list[str]:
    """The known words closest to `word`, best first; also those that contain it, or that it contains."""
    from difflib import get_close_matches

    words = list(known)
    folded = {item.casefold(): item for item in words}
    close = [folded[item] for item in get_close_matches(word.casefold(), folded, n=count, cutoff=0.6)]
    parts = [item for item in words if word.casefold() in item.casefold()]
    return list(dict.fromkeys([*close, *sorted(parts, key=len)]))[:count]


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The question, or None where nothing comes close."""
    close = close_to(word, known)
    return f'Did you mean "{close[0]}"?' if close else None


def suggest(word: str, known: Iterable[str]) -> str | None:
    """A hint: the nearest known word, else those there are, else nothing."""
    words = list(known)
    close = close_to(word, words) if word.strip() else []
    if close:
        return f'did you mean "{close[0]}"?'
    more = f" and {len(words) - _LISTED:,} more" if len(words) > _LISTED else ""
    return f"there are: {', '.join(words[:_LISTED])}{more}" if words else None

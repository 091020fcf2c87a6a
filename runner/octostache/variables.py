"""The variables of an evaluation, and what can be asked of them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from runner.octostache.dotnet.characters import WHITE_SPACE, encodable, fold
from runner.octostache.errors import LimitExceededError, MissingVariableError, TemplateSyntaxError
from runner.octostache.evaluator import Evaluator, is_truthy
from runner.octostache.filters import Filter
from runner.octostache.json_values import write_flat_object
from runner.octostache.limits import EvaluationLimits
from runner.octostache.parser import parse_name, parse_tokens
from runner.octostache.variable_tree import VariableTree

_MISSING_PREFIX: Final = "The following tokens were unable to be evaluated: "
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a text evaluated to, with U+FFFD for halves of characters, which nothing could write.

    `text` is None if the text was None or a `null` filter took it away; `error` tells what is wrong, None if nothing;
    `reads` are the variables whose values were used, in the order of first use; `missing` are the tokens without
    value, in the language's canonical form; `secret_results` are what tokens that read a sensitive
    variable came to.
    """

    text: str | None
    error: str | None = None
    reads: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    secret_results: tuple[str, ...] = field(default=(), repr=False)


@dataclass(slots=True)
class _Spent:
    """The time that evaluations took, for a family of variables."""

    seconds: float = 0.0


class Variables:
    """An ordered map from names, whose case does not matter, to texts or None.

    `functions` are additional filters by name; they are asked where no built-in filter has an answer. `sensitive` are
    the names of variables whose values are secret.
    """

    def __init__(
        self,
        mapping: Mapping[str, str | None] | None = None,
        *,
        functions: Mapping[str, Filter] | None = None,
        limits: EvaluationLimits | None = None,
        clock: Callable[[], float] = monotonic,
        sensitive: Iterable[str] = (),
    ) -> None:
        self._entries: dict[str, tuple[str, str | None]] = {}
        self._tree: VariableTree | None = None
        self._functions = {name.lower(): function for name, function in (functions or {}).items()}
        self._limits = limits or EvaluationLimits()
        self._clock = clock
        self._spent = _Spent()
        self._sensitive = frozenset(map(fold, sensitive))
        for name, value in (mapping or {}).items():
            self.set(name, value)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and fold(name) in self._entries

    def set(self, name: str, value: str | None) -> None:
        """Adds a variable, or gives one a new value; it keeps its place and its first spelling."""
        key = fold(name)
        known = self._entries.get(key)
        spelling = known[0] if known else name
        self._entries[key] = (spelling, value)
        if self._tree is not None:
            previous = self._tree.set(spelling, value)
            if known and previous is not None and fold(previous) != key:
                self._tree = None  # two names share a place, and the one that comes later must win

    def child(self, extra: Mapping[str, str | None], sensitive: Iterable[str] = ()) -> "Variables":
        """A copy with `extra` added, some of it `sensitive`: cheap however many variables there are."""
        twin = Variables(functions=self._functions, limits=self._limits, clock=self._clock)
        twin._spent = self._spent
        twin._sensitive = (self._sensitive - set(map(fold, extra))).union(map(fold, sensitive))
        twin._entries = dict(self._entries)
        twin._tree = self._built_tree().copy()
        for name, value in extra.items():
            twin.set(name, value)
        return twin

    def evaluate(
        self, text: str | None, halt_on_error: bool = True, conceal: str | None = None
    ) -> Evaluation:
        """Replaces all tokens of `text`, by `conceal`, if given, those that read a sensitive variable.

        A text that does not parse is returned as it is, with an error; with `halt_on_error=False` only the part that
        does not parse stays. Raises `RecursiveDefinitionError`, `FilterError`, `InvalidVariableError` and
        `LimitExceededError`.
        """
        if text is None or "#{" not in text:
            return Evaluation(text)
        try:
            template = parse_tokens(text, halt_on_error)
        except TemplateSyntaxError as problem:
            return Evaluation(text, str(problem))
        evaluator = self._evaluator()
        evaluator.conceal = conceal
        with self._counted_time():
            result: str | None = evaluator.run(template, len(text))
        missing = tuple(evaluator.missing)
        error = _MISSING_PREFIX + ", ".join(f"'{token}'" for token in missing) if missing else None
        if evaluator.nulls:
            result = None
        secret_results = tuple(map(encodable, evaluator.secret_results))
        return Evaluation(
            result and encodable(result), error, tuple(evaluator.reads), missing, secret_results
        )

    def evaluate_truthy(self, text: str | None) -> bool:
        """Whether `text` evaluates without error to something else than empty, `0`, `no` or `false`."""
        result = self.evaluate(text)
        return result.error is None and result.text is not None and is_truthy(result.text)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The evaluated value of the variable with exactly this name; `default` if it is absent or None."""
        value = self.get_raw(name)
        return default if value is None else self.evaluate(value).text

    def get_raw(self, name: str) -> str | None:
        """The value as it was set, None if there is none."""
        entry = self._entries.get(fold(name))
        return entry[1] if entry else None

    def get_flag(self, name: str, default: bool = False) -> bool:
        """The value as a truth value; `default` for anything but `true` and `false`."""
        return {"TRUE": True, "FALSE": False}.get(fold((self.get(name) or "").strip(WHITE_SPACE)), default)

    def get_int(self, name: str) -> int | None:
        """The value as a 32-bit integer; None if it is none."""
        text = (self.get(name) or "").strip(WHITE_SPACE)
        if not _INTEGER.fullmatch(text) or len(text.lstrip("+-0")) > 10:
            return None
        number = int(text)
        return number if -(2**31) <= number < 2**31 else None

    def get_strings(self, name: str, separators: str = ",") -> list[str]:
        """The value split at each of the characters of `separators`, trimmed, without empty parts."""
        parts = re.split(f"[{re.escape(separators)}]", self.get(name) or "")
        return [stripped for part in parts if (stripped := part.strip(WHITE_SPACE))]

    def get_paths(self, name: str) -> list[str]:
        """The lines of the value, trimmed, without empty ones."""
        return self.get_strings(name, "\r\n")

    def require(self, name: str) -> str:
        """The evaluated value; raises `MissingVariableError` if it is absent or empty."""
        value = self.get(name)
        if not value:
            raise MissingVariableError(name)
        return value

    def indexes(self, name: str) -> list[str]:
        """The texts of the items that `each` would visit; raises `ValueError` for a blank name."""
        if not name.strip(WHITE_SPACE):
            raise ValueError("the name of a collection must not be blank")
        symbol = parse_name(name)
        return [] if symbol is None else list(map(encodable, self._evaluator().items(symbol)))

    def save_as_string(self) -> str:
        """All variables, unevaluated, as a JSON object with two spaces of indentation."""
        return write_flat_object(self._entries.values())

    @contextmanager
    def _counted_time(self) -> Iterator[None]:
        total = self._limits.total_seconds
        if total is not None and self._spent.seconds > total:
            raise LimitExceededError(f"all evaluations together take longer than {total:g} s")
        start = self._clock()
        try:
            yield
        finally:
            self._spent.seconds += self._clock() - start

    def _evaluator(self) -> Evaluator:
        tree = self._built_tree()
        tree.check()
        evaluator = Evaluator(tree.root, self._functions, self._limits, self._clock)
        evaluator.sensitive = self._sensitive
        return evaluator

    def _built_tree(self) -> VariableTree:
        if self._tree is None:
            self._tree = VariableTree(self._entries.values())
        return self._tree

"""What evaluating `#{...}` costs: `python -m bench.octostache`.

The measure for the configuration file is one `re.sub` with a dictionary look-up over the same text, in the same
round. Texts that count as new are different in every round; figures are medians.
"""

import contextlib
import re
import statistics
import time
import tracemalloc
from collections.abc import Callable

from runner.octostache import OctostacheError, Variables

ROUNDS = 15
VARIABLES = 10_000
TOKENS = 10_000
MEGABYTE = 1_000_000


def main() -> None:
    values = {f"Setting{number}": f"value {number}" for number in range(VARIABLES)}
    variables = Variables(values)
    variables.evaluate("#{Setting1}")
    _file(values, variables)
    _script(variables)
    _memory(variables)
    _growth(variables)
    _filters()
    _json()


def _file(values: dict[str, str], variables: Variables) -> None:
    ratios, ours = [], []
    for number in range(ROUNDS):
        text = _configuration(number)
        plain = _seconds(lambda text=text: re.sub(r"#\{(\w+)\}", lambda match: values[match[1]], text))  # type: ignore[misc]
        mine = _seconds(lambda text=text: variables.evaluate(text))  # type: ignore[misc]
        ours.append(mine)
        ratios.append(mine / plain)
    _report(
        "1 MB file, 10,000 tokens, new", statistics.median(ours), f"{statistics.median(ratios):.1f} x re.sub"
    )


def _script(variables: Variables) -> None:
    texts = [_small_script(number) for number in range(200)]
    new = statistics.median(_seconds(lambda text=text: variables.evaluate(text)) for text in texts)  # type: ignore[misc]
    known = statistics.median(_seconds(lambda: variables.evaluate(texts[-1])) for _ in range(200))
    _report("2 kB script, 10 tokens, new", new, "limit 0.5 ms")
    _report("2 kB script, 10 tokens, known", known, "limit 0.1 ms")


def _memory(variables: Variables) -> None:
    text = _configuration(ROUNDS)
    tracemalloc.start()
    variables.evaluate(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{'memory for the 1 MB file, at its peak':40} {peak / len(text):8.1f} x the text")


def _growth(variables: Variables) -> None:
    """Ten times the text must not take much more than ten times as long."""
    for label, unit in (
        ("plain tokens", "some text #{Setting7} and "),
        ("blocks", '#{if Setting1 == "x"}a#{elseif Setting2}#{Setting3 | ToUpper}#{else}c#{/if} '),
        ("loops", "#{each part in Setting1}#{part | Trim}#{/each} "),
        ("unfinished tokens", "#{Setting1 #{ #{if "),
    ):
        small, large = (
            min(
                _seconds(lambda text=f"{number} {unit * times}": _evaluate_all(variables, text))  # type: ignore[misc]
                for number in range(5)
            )
            for times in (1_000, 10_000)
        )
        _report(f"{label}: 10,000 repetitions", large, f"{large / small:.1f} x of 1,000")


_CALLS = (
    *("ToLower", "ToUpper", "Trim", "Append x", "Truncate 5", "Substring 5", "Indent 2", "Contains x"),
    *("Match x+y", "Replace x y", "HtmlEscape", "XmlEscape", "JsonEscape", "UriEscape", "UriDataEscape"),
    *("YamlSingleQuoteEscape", "YamlDoubleQuoteEscape", "PropertiesKeyEscape", "PropertiesValueEscape"),
    *("ToBase64", "FromBase64", "Md5", "Sha1", "Sha256", "Sha384", "Sha512", "UriPart Host", "AddDays 1"),
    *("Format N2", "Format date d", "Markdown", "VersionMajor", "VersionMetadata"),
)
_TEXTS = ("word #1 \n", "éß😀 ", "1.", "a=b&c;", "http://a.b/?c ", "0123 ", "((a))", "'\"\\")


def _filters() -> None:
    """Each filter on ten times each text: the growth of the worst one counts."""
    for call in _CALLS:
        length = 6_000 if call == "Markdown" else 60_000
        worst = max((_filter_growth(call, text, length) for text in _TEXTS), key=lambda pair: pair[0])
        _report(f"{call}, {length} characters", worst[1], f"{worst[0]:.1f} x of {length // 10}")


def _filter_growth(call: str, unit: str, length: int) -> tuple[float, float]:
    small, large = (_filter_seconds(call, unit * (size // len(unit))) for size in (length // 10, length))
    return large / max(small, 0.000_1), large


def _filter_seconds(call: str, value: str) -> float:
    variables = Variables({"T": value})
    return min(_seconds(lambda: _try(variables, f"#{{T | {call}}}")) for _ in range(3))


def _try(variables: Variables, text: str) -> None:
    with contextlib.suppress(OctostacheError):  # not every text is something to every filter
        variables.evaluate(text)


def _json() -> None:
    """The strict and the lenient reader of JSON values."""
    for label, unit in (("JSON", '{"a": [1, "x\\n"]},'), ("lenient JSON", "{a: ['x', 0x1F,], /* c */},")):
        small, large = (
            min(
                _seconds(lambda text=f"[{unit * times}{number}]": _try(Variables({"J": text}), "#{J[0].a}"))  # type: ignore[misc]
                for number in range(3)
            )
            for times in (1_000, 10_000)
        )
        _report(f"{label}: 10,000 items", large, f"{large / small:.1f} x of 1,000")


def _evaluate_all(variables: Variables, text: str) -> None:
    variables.evaluate(text, halt_on_error=False)


def _configuration(seed: int) -> str:
    filler = "x" * (MEGABYTE // TOKENS - len("key0000 = #{Setting0000}\n"))
    return "".join(
        f"key{number} = #{{Setting{(number * 7 + seed) % VARIABLES}}}{filler}\n" for number in range(TOKENS)
    )


def _small_script(seed: int) -> str:
    line = "# This line of the script says nothing about variables, it is here to be read over again and again.\n"
    return "".join(
        f"{line}{line[: 100 - seed % 7]}VALUE={seed}#{{Setting{seed + number}}}\n" for number in range(10)
    )


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _report(label: str, seconds: float, note: str) -> None:
    print(f"{label:40} {seconds * 1_000:8.3f} ms   {note}")


if __name__ == "__main__":
    main()

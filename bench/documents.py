"""Reading, validating and converting every template of the community library: `python -m bench.documents`.

All contents that a template ever had go from JSON to a folder and back; what doesn't come back is listed. Then how
long it takes to validate and to lint all templates at the head, start of the program included. The library's git
bundle is found as in the tests (TREADLE_TEST_BUNDLE).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.rounds import alternate, table
from registry.errors import Invalid
from registry.template.document import read_folder, read_template, to_folder, write_json
from registry.text.json_document import dump_json, load_json
from registry.text.yaml_document import load_yaml
from tests.support.library import CommunityLibrary, library_bundle

_TREADLE = (sys.executable, "-m", "runner.cli.main")


def round_trips(contents: Mapping[str, bytes]) -> Counter[str]:
    """How many contents came back how."""
    counts: Counter[str] = Counter()
    for blob, data in contents.items():
        try:
            document = read_template(data, blob)
        except Invalid as error:
            counts[f"unreadable: {error.code}"] += 1
            continue
        back = read_folder(to_folder(document))
        if dump_json(back.value) != dump_json(document.value):
            counts["LOST"] += 1
            print(f"lost: {blob}")
        else:
            counts["same bytes" if write_json(back) == data else "same value, irregular layout"] += 1
    return counts


def check(command: str, folder: str) -> None:
    done = subprocess.run([*_TREADLE, command, folder], capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr.decode()


def scaling() -> str:
    """Seconds to read hostile texts of growing sizes: ten times the text should take ten times as long."""
    shapes: Mapping[str, Callable[[int], Callable[[], object]]] = {
        "YAML, keys": lambda count: _yaml("".join(f"k{item}: v\n" for item in range(count))),
        "YAML, same key": lambda count: _yaml("k: v\n" * count),
        "YAML, aliases": lambda count: _yaml("- &a x\n" + "- *a\n" * count),
        "YAML, blanks": lambda count: _yaml("a: 1\n" + " " * (count * 90)),
        "YAML, one line": lambda count: _yaml("a: [" + "1, " * count + "1]"),
        "YAML, anchors": lambda count: _yaml("".join(f"- &a{item} x\n" for item in range(count))),
        "JSON, keys": lambda count: _json(
            b"{" + b",".join(b'"k%d": 1' % item for item in range(count)) + b"}"
        ),
        "JSON, same key": lambda count: _json(b"{" + b",".join([b'"k": 1'] * count) + b"}"),
        "JSON, one text": lambda count: _json(b'{"a": "' + b"x" * (count * 90) + b'"}'),
    }
    lines = [f"{'':16} {'small ms':>9} {'large ms':>9}  large/small for 10 times the text"]
    for name, make in shapes.items():
        small, large = (_seconds(make(count)) for count in (9_000, 90_000))
        lines.append(f"{name:16} {small * 1000:9.0f} {large * 1000:9.0f}  {large / small:5.1f}")
    return "\n".join(lines)


def _yaml(text: str) -> Callable[[], object]:
    return lambda: load_yaml(text, "bench")


def _json(data: bytes) -> Callable[[], object]:
    return lambda: load_json(data, "bench").position(("nowhere",))


def _seconds(read: Callable[[], object]) -> float:
    """Of processor time."""
    started = time.process_time()
    read()
    return time.process_time() - started


def main() -> None:
    print(scaling(), end="\n\n")
    bundle = library_bundle()
    if bundle is None:
        raise SystemExit("no community library: TREADLE_TEST_BUNDLE can name its git bundle")
    with tempfile.TemporaryDirectory() as scratch:
        clone = Path(scratch, "library.git")
        subprocess.run(["git", "clone", "-q", "--bare", "-b", "master", str(bundle), str(clone)], check=True)
        library = CommunityLibrary(clone, bundle)
        started = time.perf_counter()
        counts = round_trips(library.history)
        print(f"JSON -> folder -> JSON, {counts.total()} contents, {time.perf_counter() - started:.1f} s")
        for what, count in counts.most_common():
            print(f"  {count:5} {what}")
        head = Path(scratch, "head")
        head.mkdir()
        for name, data in library.templates.items():
            (head / name).write_bytes(data)
        ways = {
            "--help": lambda: subprocess.run([*_TREADLE, "--help"], capture_output=True, check=True),
            "validate": lambda: check("validate", str(head)),
            "lint": lambda: check("lint", str(head)),
        }
        print(f"\n{len(library.templates)} templates at the head")
        print(table(alternate(ways), "--help"))


if __name__ == "__main__":
    main()

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
from collections.abc import Mapping
from pathlib import Path

from bench.rounds import alternate, table
from registry.errors import Invalid
from registry.template.document import read_folder, read_template, to_folder, write_json
from registry.text.json_document import dump_json
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


def main() -> None:
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

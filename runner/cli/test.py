"""`treadle test PATH...`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli.complete import complete_reference_or_file
from registry.cli.context import Context, exit_with, pass_context
from registry.cli.options import REFERENCE, NumberType, json_option
from registry.cli.output import counted, echo, print_json, style, tell, working
from runner.cli.marks import level_line
from runner.cli.signals import cancel_on_signals

if TYPE_CHECKING:
    from runner.testing.model import TestResult

_LAST_LINES = 20


@click.command()
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, shell_complete=complete_reference_or_file
)
@click.option(
    "--tests",
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="The test files, for a template that has none beside it.",
)
@click.option("-k", "pattern", metavar="TEXT", default="", help="Only tests with this in template or name.")
@click.option("-j", "--jobs", metavar="N", default=4, type=NumberType(1, 32), help="Tests at once (4).")
@click.option(
    "--junit", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML."
)
@json_option
@pass_context
def test(
    context: Context,
    paths: tuple[str, ...],
    tests: Path | None,
    pattern: str,
    jobs: int,
    junit: Path | None,
    as_json: bool,
) -> None:
    """Run the tests of templates, each in containers of its own.

    PATH is a template folder or a folder of such; a reference means the tests that its source has beside the template,
    or those in --tests. Exit code 0: all passed. 1: some failed. 2: a template or a test file has problems. 3: the
    engine failed.

    \b
    Examples:
      treadle test templates-library
      treadle test builtin/sleep
      treadle test community/bash-http-test-url@1 --tests my-tests
    """
    from registry.home import write_atomically
    from runner.app import test_service
    from runner.execution.cancellation import Cancellation
    from runner.testing.junit import junit_xml

    service = test_service(context)
    cases = service.find(map(_with_source, paths), tests, pattern)
    cancellation = Cancellation()
    with (
        _progress(context, len(cases), quiet=as_json) as (done, notice),
        cancel_on_signals(cancellation, notice),
    ):
        results = service.run(cases, jobs, done, cancellation)
    if cancellation.requested:
        raise click.Abort
    if junit is not None:
        write_atomically(junit, junit_xml(results))
    if as_json:
        print_json([_json(result) for result in results])
    else:
        tell(_summary(results))
    exit_with(0 if all(result.passed for result in results) else 1)


def _with_source(path: str) -> str:
    """A template that was named without its source, with it; anything else as it is."""
    if "/" in path or Path(path).exists() or path.startswith((".", "~")):
        return path
    return str(REFERENCE.convert(path, None, None))


@contextmanager
def _progress(
    context: Context, total: int, *, quiet: bool
) -> Iterator[tuple[Callable[[TestResult], None], Callable[[str], None]]]:
    """Tells of each test as it ends, and on a terminal how many have; beside it, a way to say something else."""
    ended = 0
    with working(context, f"testing: 0 of {total}") as tell:

        def done(result: TestResult) -> None:
            nonlocal ended
            ended += 1
            tell(f"testing: {ended} of {total}")
            if not quiet and not (context.quiet and result.passed):
                echo("\n".join(_lines(result)))

        def notice(text: str) -> None:
            if context.interactive:
                tell(text)
            else:
                echo(f"{text} ...", err=True)

        yield done, notice


def _lines(result: TestResult) -> list[str]:
    glyph = style("✓", fg="green") if result.passed else style("✗", fg="red")
    lines = [f"{glyph} {result.template}: {result.test.name}  {style(f'{result.seconds:.1f} s', dim=True)}"]
    if result.error is not None:
        lines.append(f"    could not run: {result.error}")
    for failure in result.failures:
        lines += [
            f"    {failure.what}",
            f"      expected {failure.expected}",
            f"      got      {failure.got}",
        ]
    if result.failures:
        lines.append(f"    {result.test.file}")
        lines += [level_line(level, line, "    ") for level, line in result.log[-_LAST_LINES:]]
    return lines


def _summary(results: Iterable[TestResult]) -> str:
    results = list(results)
    failed = sum(1 for result in results if not result.passed)
    templates = len({result.template for result in results})
    what = f"{counted(len(results), 'test')} of {counted(templates, 'template')}"
    text = f"{what}: {len(results) - failed} passed, {failed} failed"
    return style(text, fg="red" if failed else "green", bold=True)


def _json(result: TestResult) -> dict[str, Any]:
    return {
        "template": result.template,
        "test": result.test.name,
        "file": result.test.file,
        "passed": result.passed,
        "seconds": round(result.seconds, 3),
        "error": result.error,
        "failures": [
            {"what": failure.what, "expected": failure.expected, "got": failure.got}
            for failure in result.failures
        ],
        "log": [{"level": level, "line": line} for level, line in result.log],
    }

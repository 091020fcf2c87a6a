"""`treadle test PATH...`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli.context import Context
from registry.cli.output import counted

if TYPE_CHECKING:
    from runner.testing.model import TestResult

_LAST_LINES = 20


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--tests",
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="The test files, for a template that has none beside it.",
)
@click.option("-k", "pattern", metavar="TEXT", default="", help="Only tests with this in template or name.")
@click.option("-j", "--jobs", metavar="N", default=4, type=click.IntRange(1, 32), help="Tests at once (4).")
@click.option(
    "--junit", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML."
)
@click.option("--json", "as_json", is_flag=True, help="The results as JSON.")
@click.pass_context
def test(
    ctx: click.Context,
    paths: tuple[str, ...],
    tests: Path | None,
    pattern: str,
    jobs: int,
    junit: Path | None,
    as_json: bool,
) -> None:
    """Run the tests of templates, each in containers of its own.

    PATH is a template folder, a folder of such, or a reference (with --tests). Exit code 0: all passed. 1: some
    failed. 2: a template or a test file has problems. 3: the engine failed.

    \b
    Examples:
      treadle test templates-library
      treadle test community/bash-http-test-url@1 --tests my-tests
    """
    from registry.cli.output import print_json
    from registry.home import write_atomically
    from runner.app import test_service
    from runner.testing.junit import junit_xml

    context: Context = ctx.obj
    service = test_service(context)
    cases = service.find(paths, tests, pattern)
    results = service.run(cases, jobs, _Progress(len(cases), context, quiet=as_json))
    if junit is not None:
        write_atomically(junit, junit_xml(results))
    if as_json:
        print_json([_json(result) for result in results])
    else:
        click.echo(_summary(results))
    ctx.exit(0 if all(result.passed for result in results) else 1)


class _Progress:
    """Tells of each test as it ends; on a terminal also how many are to come."""

    def __init__(self, total: int, context: Context, quiet: bool) -> None:
        self._total = total
        self._done = 0
        self._counts = context.interactive and not quiet
        self._silent = quiet
        self._only_failures = context.quiet

    def __call__(self, result: TestResult) -> None:
        self._done += 1
        if self._counts:
            click.echo("\r\033[K", nl=False, err=True)
        if not self._silent and not (self._only_failures and result.passed):
            click.echo("\n".join(_lines(result)))
        if self._counts and self._done < self._total:
            click.echo(f"{self._done} of {self._total} tests", nl=False, err=True)


def _lines(result: TestResult) -> list[str]:
    glyph = click.style("✓", fg="green") if result.passed else click.style("✗", fg="red")
    lines = [
        f"{glyph} {result.template}: {result.test.name}  {click.style(f'{result.seconds:.1f} s', dim=True)}"
    ]
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
        lines += [f"    {level:>9} │ {line}" for level, line in result.log[-_LAST_LINES:]]
    return lines


def _summary(results: Iterable[TestResult]) -> str:
    results = list(results)
    failed = sum(1 for result in results if not result.passed)
    templates = len({result.template for result in results})
    what = f"{counted(len(results), 'test')} of {counted(templates, 'template')}"
    text = f"{what}: {len(results) - failed} passed, {failed} failed"
    return click.style(text, fg="red" if failed else "green", bold=True)


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

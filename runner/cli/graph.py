"""`treadle graph`: draw a process."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import json_option
from registry.cli.output import echo, one_line, print_json, to_data
from runner.cli.complete import complete_process
from runner.cli.process_choice import process_path


@click.command()
@click.argument("process", shell_complete=complete_process)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["tree", "mermaid", "svg"]),
    default="tree",
    show_default=True,
    help="A tree for the terminal, a chart for Markdown pages, or a picture.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it to a file.")
@json_option
@pass_context
def graph(context: Context, process: str, form: str, output: Path | None, as_json: bool) -> None:
    """Draw PROCESS: its steps in their order, and who reads whose outputs.

    \b
    Examples:
      treadle graph deploy
      treadle graph deploy -f mermaid >> README.md
      treadle graph deploy -f svg -o deploy.svg
    """
    from registry.home import write_atomically
    from runner.documents import read_process
    from runner.graph.mermaid import mermaid
    from runner.graph.model import graph_of
    from runner.graph.svg import svg
    from runner.graph.tree import tree

    drawn = graph_of(read_process(process_path(context, process), context.directory))
    if as_json:
        print_json(to_data(drawn))
        return
    if form == "svg":
        text = svg(drawn)
    else:
        text = "".join(f"{one_line(line)}\n" for line in (mermaid if form == "mermaid" else tree)(drawn))
    if output is not None:
        write_atomically(context.directory / output, text.encode())
        context.say(f"Wrote {output}.")
    else:
        echo(text.removesuffix("\n"))

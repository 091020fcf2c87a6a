"""The files of a new project: small, commented, and complete enough to run at once."""

from __future__ import annotations

from pathlib import Path

from registry.errors import Conflict, Unavailable
from registry.project.project_file import PROJECT_FILE
from registry.resources import schema_file

PROCESS_FILE = "deploy.yaml"

_PROJECT = """\
# yaml-language-server: $schema={schema}
#
# The project: where templates come from, where processes run, and the variables they share.
version: 1

environments:
  Test: {{}}
  Production: {{}}

# A target is a place where steps run. Without `docker` its containers run on your own engine; with it, on another:
#   docker: {{host: "ssh://deploy@web-2"}}
targets:
  web-1: {{environments: [Test, Production], roles: [web-server]}}
  web-2: {{environments: [Production], roles: [web-server]}}

# The most specific value wins. Secrets are named here, never written here:
#   Slack.Hook: {{sensitive: true, from: {{env: SLACK_HOOK}}}}
variables:
  Greeting:
    value: Hello from the test environment
    scopes:
      - {{value: Hello from production, environment: Production}}

# More templates, beside those that Treadle brings along (`builtin`) and the community's (`community`):
# sources:
#   team: {{git: "https://git.example.com/templates.git"}}
"""

_PROCESS = """\
# yaml-language-server: $schema={schema}
#
# A process: steps that run one after another, each in a container of its own.
version: 1
name: First process

steps:
  # A script of the process itself. With `roles`, it runs on every target that has one of them.
  - name: Say hello
    roles: [web-server]
    run: |
      echo "#{{Greeting}}, $(get_octopusvariable "Octopus.Machine.Name")"
      set_octopusvariable "Greeted" "$(date -u +%H:%M:%S)"

  # A template, with values for its parameters: see `treadle show builtin/sleep`.
  - name: Take a breath
    uses: builtin/sleep
    with:
      Sleep.Duration: 1s

  # Later steps read what earlier ones have set. Without `roles`, a step runs once, on the worker.
  - name: Report
    shell: python
    run: |
      print("Greeted at", get_octopusvariable("Octopus.Action[Say hello].Output.Greeted"))
"""


def start_project(folder: Path, *, dry_run: bool = False) -> list[Path]:
    """Write the files of a new project, or with `dry_run` only look whether that can be; return their paths. A
    process that is there already (from a share bundle, say) stays, and gets its project.

    Raises Conflict, before anything is written, if there is a project; Unavailable where it can't be written.
    """
    files = {
        folder / PROJECT_FILE: _PROJECT.format(schema=_schema("project")),
        folder / PROCESS_FILE: _PROCESS.format(schema=_schema("process")),
    }
    there = [path for path in files if path.exists() or path.is_symlink()]
    files = {path: content for path, content in files.items() if path not in there}
    # A link that leads nowhere is no process to keep.
    taken = [path for path in there if path.name == PROJECT_FILE or not path.exists()]
    if taken:
        raise Conflict(
            "project-exists",
            f'"{folder}" has a {taken[0].name} already',
            hint="Nothing was written. Start in another folder: treadle init DIR",
        )
    if dry_run:
        return list(files)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            with path.open("x", encoding="utf-8") as file:
                file.write(content)
    except OSError as error:
        raise Unavailable("not-written", f'cannot write to "{folder}": {error.strerror}') from error
    return list(files)


def _schema(name: str) -> str:
    """Where an editor finds a schema: the file that this Treadle came with."""
    return schema_file(name).as_uri()

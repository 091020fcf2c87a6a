"""The process file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from registry.errors import Invalid, NotFound
from registry.model import Problem, Reference, errors_of
from registry.project.process_file import SUFFIXES as PROCESS_SUFFIXES
from registry.project.process_file import find_processes, read_process_file
from registry.project.project_file import PROJECT_FILE
from registry.text.document import decode_utf8, in_order, problem_at
from registry.text.yaml_document import YamlDocument, load_yaml
from registry.validation.json_schema import FORMAT_VERSION, is_sound, validate
from runner.documents.containers import container_rules, read_container
from runner.documents.expressions import process_texts, unparsable
from runner.documents.loading import invalid, label_of, load
from runner.documents.values import text
from runner.model import Condition, FileCopy, InlineScript, Process, Step, TemplateUse

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def find_process(name: str, folders: Sequence[Path]) -> Path:
    """The process file that a user means: a path without or with its ending, in the first folder that has it.

    Raises NotFound, listing the process files there are; Invalid for the project file.
    """
    for folder in folders:
        for path in (*(folder / (name + suffix) for suffix in PROCESS_SUFFIXES), folder / name):
            if path.is_file() and path.name == PROJECT_FILE:
                message = f'"{name}" is the project; a process is a file of its own'
                raise Invalid("not-a-process", message, hint=_processes_in(folder))
            if path.is_file():
                return path
    folder = folders[0] / name
    if folder.is_dir():
        message = f'"{name}" is a folder; give a process file'
        raise NotFound("process-not-found", message, hint=_processes_in(folder))
    raise NotFound("process-not-found", f'there is no process "{name}"', hint=_processes_in(folders[0]))


def process_files(folder: Path) -> list[Path]:
    """The files of a folder that may be processes, by their names."""
    return sorted(
        path
        for suffix in PROCESS_SUFFIXES
        for path in folder.glob(f"*{suffix}")
        if path.name != PROJECT_FILE and read_process_file(path, folder) is not None
    )


def _processes_in(folder: Path) -> str:
    others = [path.name for path in process_files(folder)]
    return f"Process files there: {', '.join(others)}." if others else "Write one with `treadle init`."


def read_process(path: Path, directory: Path) -> Process:
    """Read a process file. `directory` is where its user works. Raises Invalid with all problems, NotFound."""
    return _checked(load(path, label_of(path, directory)))


def parse_process(data: bytes, label: str) -> Process:
    """A process from the content of a file called `label`. Raises Invalid with all problems."""
    return _checked(load_yaml(decode_utf8(data, label), label))


def _checked(document: YamlDocument) -> Process:
    problems = validate(document.value, "process", document)
    problems = in_order([*problems, *process_rules(document, problems)])
    if errors_of(problems):
        raise invalid(document.file, problems)
    return process_of(document, problems)


def process_of(document: YamlDocument, warnings: Sequence[Problem] = ()) -> Process:
    """The process in a document that has no errors."""
    value, label = document.value, document.file
    return Process(
        name=value.get("name", Path(label).stem),
        steps=tuple(_step(raw) for raw in value["steps"]),
        file=label,
        blank_parameters_empty=value.get("blank_parameters") == "empty",
        positions=_positions(document),
        places={path: document.text_place(path) for path, _, text in process_texts(document) if "#{" in text},
        warnings=tuple(warnings),
    )


def step_names(
    folder: Path, leave_out: Collection[Path] = (), ignore: Sequence[str] = ()
) -> list[str] | None:
    """The names of the steps of all processes below `folder`; None where one of these cannot be read.

    `leave_out` and `ignore` are those of `find_processes`.
    """
    names: list[str] = []
    for process in find_processes(folder, folder, leave_out, ignore):
        if process.document is None:
            return None
        names += [raw["name"] for _, raw in named_steps(process.document)]
    return names


def named_steps(document: YamlDocument) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The steps that have a name, with their places in the list, whatever else is wrong with the document."""
    value = document.value
    steps = value.get("steps") if isinstance(value, dict) else None
    for index, raw in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(raw, dict) and isinstance(raw.get("name"), str):
            yield index, raw


def process_rules(document: YamlDocument, found: Sequence[Problem] = ()) -> list[Problem]:
    """The problems of a process that a schema cannot express. `found` are those that the schema did: what may
    follow from them only is not told."""
    if any(problem.code == FORMAT_VERSION for problem in found):
        return []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for index, raw in named_steps(document):
        name = raw["name"]
        first = seen.setdefault(name.casefold(), index)
        if first != index:
            problems.append(
                problem_at(
                    document,
                    ("steps", index, "name"),
                    f'step {index + 1} has the name of step {first + 1}, "{name}"',
                    "duplicate-step",
                    "Names are looked up to find outputs; make each its own.",
                )
            )
        problems += _step_rules(document, index, raw, is_sound(("steps", index), found))
    return [*problems, *unparsable(document, process_texts(document))]


def _step_rules(document: YamlDocument, index: int, raw: Mapping[str, Any], sound: bool) -> list[Problem]:
    """`sound`: the schema has nothing against the step, so a key that is not there was not misspelt."""
    at: tuple[str | int, ...] = ("steps", index)
    name = raw["name"]
    problems: list[Problem] = []

    def report(key: str, code: str, message: str, hint: str) -> None:
        problems.append(problem_at(document, (*at, key), f'step "{name}" {message}', code, hint))

    if sound and ("uses" in raw) == ("run" in raw):
        both = "both `uses` and `run`" if "uses" in raw else "neither `uses` nor `run`"
        report("name", "step-action", f"has {both}", "Give exactly one of them.")
    if sound and "shell" in raw and "run" not in raw:
        report("shell", "shell-without-run", "has a `shell` but no `run`", "A template says its own syntax.")
    if sound and "fail_fast" in raw and "run" not in raw:
        message = "has `fail_fast` but no `run`"
        report("fail_fast", "fail-fast-without-run", message, "A template says itself what fails it.")
    if sound and "with" in raw and "uses" not in raw:
        report("with", "with-without-uses", "has `with` but no `uses`", "Give values to a script with --var.")
    if raw.get("environments") and raw.get("exclude_environments"):
        report(
            "exclude_environments",
            "environments-twice",
            "has both `environments` and `exclude_environments`",
            "Use one of the two.",
        )
    if isinstance(raw.get("uses"), str):
        try:
            _reference(raw["uses"])
        except ValueError:
            report(
                "uses",
                "bad-reference",
                f'uses "{raw["uses"]}", which is not a template reference',
                "Write source/slug, source/slug@12, @12+ or @latest"
                + (", or ./folder below treadle.yaml." if raw["uses"].startswith(".") else "."),
            )
    if sound:
        problems += container_rules(
            document, (*at, "container"), raw.get("container") or {}, f'step "{name}"'
        )
    return problems


def _positions(document: YamlDocument) -> Mapping[tuple[str | int, ...], tuple[int, int]]:
    """Where the things are that the planner may have to complain about."""
    paths: list[tuple[str | int, ...]] = []
    for index, raw in enumerate(document.value["steps"]):
        at: tuple[str | int, ...] = ("steps", index)
        paths += [at, *((*at, key) for key in raw)]
        paths += [(*at, key, name) for key in ("with", "env") for name in raw.get(key) or ()]
        for key in ("environments", "exclude_environments", "roles", "files"):
            paths += [(*at, key, i) for i in range(len(raw.get(key, ())))]
    return {path: document.position(path) for path in paths}


def _step(raw: Mapping[str, Any]) -> Step:
    action: InlineScript | TemplateUse
    if "uses" in raw:
        values = {name: text(value) for name, value in (raw.get("with") or {}).items()}
        action = TemplateUse(_reference(raw["uses"]), values)
    else:
        action = InlineScript(raw["run"], raw.get("shell", "bash"), raw.get("fail_fast"))
    return Step(
        name=raw["name"],
        action=action,
        roles=tuple(raw.get("roles", ())),
        environments=tuple(raw.get("environments", ())),
        exclude_environments=tuple(raw.get("exclude_environments", ())),
        condition=Condition(raw.get("condition", "success")),
        disabled=raw.get("disabled", False),
        required=raw.get("required", False),
        fail_without_targets=raw.get("on_no_targets") == "fail",
        max_parallel=raw.get("max_parallel", 10),
        timeout=_seconds(raw.get("timeout")),
        container=read_container(raw.get("container") or {}),
        properties={name: text(value) or "" for name, value in (raw.get("properties") or {}).items()},
        env={name: text(value) or "" for name, value in (raw.get("env") or {}).items()},
        files=tuple(_file_copy(item) for item in raw.get("files", ())),
        notes=raw.get("notes", ""),
    )


def _reference(text: str) -> Reference:
    """Raises ValueError."""
    return Reference.local(text) or Reference.parse(text)


def _file_copy(raw: Any) -> FileCopy:
    if isinstance(raw, str):
        return FileCopy(raw, raw)
    return FileCopy(raw["from"], raw.get("to", raw["from"]))


def _seconds(value: Any) -> float | None:
    if value is None or isinstance(value, int | float):
        return value
    match = re.fullmatch(r"([0-9.]+)([smh])", value)
    assert match is not None, "the schema has checked durations"
    return float(match[1]) * _UNIT_SECONDS[match[2]]

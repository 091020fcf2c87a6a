"""The process file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from registry.errors import Invalid, NotFound
from registry.model import Problem, errors_of
from registry.project.process_file import SUFFIXES as PROCESS_SUFFIXES
from registry.project.process_file import find_processes, read_process_file
from registry.project.project_file import PROJECT_FILE
from registry.text.document import KeyPath, decode_utf8, in_order
from registry.text.yaml_document import YamlDocument, load_yaml
from registry.validation.json_schema import FORMAT_VERSION, validate
from runner.documents.containers import read_container
from runner.documents.expressions import process_texts, unparsable
from runner.documents.loading import invalid, label_of, load
from runner.documents.quantities import read_seconds
from runner.documents.step_rules import all_names, named_steps, reference_of, same_names, step_rules
from runner.documents.values import text
from runner.model import (
    Action,
    Condition,
    FileCopy,
    Filters,
    InlineScript,
    Manual,
    Process,
    Rules,
    RunOn,
    Step,
    TemplateUse,
)


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
        steps=tuple(_step(index, raw) for index, raw in enumerate(value["steps"])),
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
        names += all_names(process.document)
    return names


def process_paths(folder: Path, leave_out: Collection[Path] = (), ignore: Sequence[str] = ()) -> list[Path]:
    """The files of all processes below `folder`. `leave_out` and `ignore` are those of `find_processes`."""
    return [process.path for process in find_processes(folder, folder, leave_out, ignore)]


def process_names(
    folder: Path, leave_out: Collection[Path] = (), ignore: Sequence[str] = ()
) -> list[str] | None:
    """What the processes below `folder` are called: by their names, and by those of their files without the ending.
    None where one of them cannot be read. `leave_out` and `ignore` are those of `find_processes`."""
    names: list[str] = []
    for process in find_processes(folder, folder, leave_out, ignore):
        if process.document is None:
            return None
        name = process.document.value.get("name")
        names += [process.path.stem, *([name] if isinstance(name, str) else ())]
    return list(dict.fromkeys(names))


def process_rules(document: YamlDocument, found: Sequence[Problem] = ()) -> list[Problem]:
    """The problems of a process that a schema cannot express. `found` are those that the schema did: what may
    follow from them only is not told."""
    if any(problem.code == FORMAT_VERSION for problem in found):
        return []
    problems = list(same_names(document, named_steps(document)))
    for index, raw in named_steps(document):
        problems += step_rules(document, index, raw, found)
    return [*problems, *unparsable(document, process_texts(document))]


_LISTS = ("environments", "exclude_environments", "channels", "tenant_tags", "roles", "files")


def _positions(document: YamlDocument) -> Mapping[KeyPath, tuple[int, int]]:
    """Where the things are that the planner may have to complain about."""
    paths: list[KeyPath] = []
    for index, raw in enumerate(document.value["steps"]):
        at: KeyPath = ("steps", index)
        paths += _paths(at, raw)
        for number, action in enumerate(raw.get("actions", ())):
            paths += _paths((*at, "actions", number), action)
    return {path: document.position(path) for path in paths}


def _paths(at: KeyPath, raw: Mapping[str, Any]) -> Iterator[KeyPath]:
    """The places of a step or an action, its keys, and what is in these."""
    yield at
    yield from ((*at, key) for key in raw)
    yield from ((*at, key, name) for key in ("with", "env") for name in raw.get(key) or ())
    yield from ((*at, key, i) for key in _LISTS for i in range(len(raw.get(key, ()))))
    manual = raw.get("manual") or {}
    yield from ((*at, "manual", "responsible", i) for i in range(len(manual.get("responsible", ()))))


def _step(index: int, raw: Mapping[str, Any]) -> Step:
    at: KeyPath = ("steps", index)
    if "actions" in raw:
        actions = tuple(
            _action((*at, "actions", number), action, _rules(action))
            for number, action in enumerate(raw["actions"])
        )
    else:
        actions = (_action(at, raw, Rules()),)
    return Step(
        name=raw["name"],
        actions=actions,
        roles=tuple(raw.get("roles", ())),
        rules=_rules(raw),
        with_previous=raw.get("start") == "with-previous",
        fail_without_targets=raw.get("on_no_targets") == "fail",
        max_parallel=raw.get("max_parallel", 10),
        window=raw.get("window"),
        notes=raw.get("notes", ""),
    )


def _rules(raw: Mapping[str, Any]) -> Rules:
    return Rules(
        filters=Filters(
            tuple(raw.get("environments", ())),
            tuple(raw.get("exclude_environments", ())),
            tuple(raw.get("channels", ())),
            tuple(raw.get("tenant_tags", ())),
        ),
        condition=Condition(raw.get("condition", "success")),
        when=raw.get("when", ""),
        disabled=raw.get("disabled", False),
        required=raw.get("required", False),
        continue_on_error=raw.get("continue_on_error", False),
        on_cancel=raw.get("on_cancel", False),
    )


def _action(at: KeyPath, raw: Mapping[str, Any], rules: Rules) -> Action:
    """What a step, or an action of one, does. `rules` are its own, apart from those of its step."""
    does: InlineScript | TemplateUse | Manual
    if "manual" in raw:
        does = Manual(raw["manual"]["instructions"], tuple(raw["manual"].get("responsible", ())))
    elif "uses" in raw:
        values = {name: text(value) for name, value in (raw.get("with") or {}).items()}
        does = TemplateUse(reference_of(raw["uses"]), values)
    else:
        does = InlineScript(raw["run"], raw.get("shell", "bash"), raw.get("fail_fast"))
    delay = read_seconds(raw.get("retry_delay"))
    return Action(
        name=raw["name"],
        does=does,
        at=at,
        rules=rules,
        run_on=RunOn(raw.get("run_on", "targets")),
        retries=raw.get("retries", 0),
        retry_delay=15.0 if delay is None else delay,
        timeout=read_seconds(raw.get("timeout")),
        restartable=raw.get("restartable", False),
        container=read_container(raw.get("container") or {}),
        properties={name: text(value) or "" for name, value in (raw.get("properties") or {}).items()},
        env={name: text(value) or "" for name, value in (raw.get("env") or {}).items()},
        files=tuple(_file_copy(item) for item in raw.get("files", ())),
        aliases=raw.get("aliases"),
        notes=raw.get("notes", "") if len(at) > 2 else "",
    )


def _file_copy(raw: Any) -> FileCopy:
    if isinstance(raw, str):
        return FileCopy(raw, raw)
    return FileCopy(raw["from"], raw.get("to", raw["from"]))

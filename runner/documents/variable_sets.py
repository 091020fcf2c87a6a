"""Variable sets: files of variables that several projects share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from registry.errors import UserError
from registry.model import Problem, errors_of
from registry.text.document import in_order, problem_at
from registry.text.yaml_document import YamlDocument
from registry.validation.json_schema import FORMAT_VERSION, is_sound, validate
from runner.documents.expressions import project_texts, unparsable
from runner.documents.loading import label_of, load
from runner.documents.names import same_names
from runner.documents.variables import read_variables, variable_rules
from runner.project import Variable

KIND = "variable-set"


def variable_set_rules(document: YamlDocument, found: Sequence[Problem] = ()) -> list[Problem]:
    """The problems of a variable set that a schema cannot express. `found` are those that the schema did."""
    value = document.value
    if not isinstance(value, dict) or any(problem.code == FORMAT_VERSION for problem in found):
        return []
    raw = value.get("variables")
    variables = raw if isinstance(raw, dict) else {}
    sound = {name: one for name, one in variables.items() if is_sound(("variables", name), found)}
    problems = [*same_names(document, "variables", variables), *variable_rules(document, sound, None)]
    return in_order([*problems, *unparsable(document, project_texts(document))])


def read_variable_sets(
    project: YamlDocument, paths: Sequence[str], folder: Path, directory: Path
) -> tuple[list[tuple[Variable, ...]], list[Problem]]:
    """The variables of each set that a project in `folder` includes, and all problems of the sets.

    `directory` is where the user works: files are called by their paths from there.
    """
    sets: list[tuple[Variable, ...]] = []
    problems: list[Problem] = []
    for number, path in enumerate(paths):
        file = folder / path
        try:
            document = load(file, label_of(file, directory))
        except UserError as error:
            at = ("variable_sets", number)
            problems += error.problems or (problem_at(project, at, error.message, error.code, error.hint),)
            continue
        if not (isinstance(document.value, dict) and {"version", "variables"} <= set(document.value)):
            # What it is instead may be none of the reader's business: nothing of it is quoted.
            message = f'"{path}" is not a variable set: expected version: 1 and variables'
            hint = "Name a file of variables, or correct its path."
            problems.append(
                problem_at(project, ("variable_sets", number), message, "not-a-variable-set", hint)
            )
            continue
        found = validate(document.value, KIND, document)
        found += variable_set_rules(document, found)
        problems += in_order(found)
        if not errors_of(found):
            name = document.value.get("name", file.stem)
            sets.append(read_variables(document, str(Path(path).parent), name))
    return sets, problems


def clear_secrets(
    project: YamlDocument, own: Mapping[str, Any], sets: Sequence[Sequence[Variable]]
) -> list[Problem]:
    """Values in clear that a project gives to variables which a set says are sensitive."""
    secret = {variable.name.casefold() for one in sets for variable in one if variable.sensitive}
    problems = []
    for name, raw in own.items():
        if name.casefold() not in secret or (isinstance(raw, dict) and raw.get("sensitive")):
            continue
        places = [raw, *raw.get("scopes", ())] if isinstance(raw, dict) else [{"value": raw}]
        if any(place.get("value") is not None for place in places):
            message = (
                f'variable "{name}" is sensitive, as a variable set says, but its value stands here in clear'
            )
            hint = "Seal it with `treadle vars encrypt`, or use from: {env: NAME}."
            problems.append(problem_at(project, ("variables", name), message, "plain-secret", hint))
    return problems

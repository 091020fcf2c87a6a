"""Rules about what a template says of itself: identity, inputs, packages, outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from registry.compatibility.script_reads import script_reads
from registry.lint.rule import Hit, rule
from registry.lint.secrets import looks_secret
from registry.lint.subject import Subject
from registry.model import ControlType, Severity, path_text
from registry.template.octopus import EXTENSION_KEY
from registry.validation.hidden_characters import describe_hidden, hidden_in_text, hidden_texts
from registry.validation.messages import shown

_SAMPLE_IDS = ("00000000-0000-0000-0000-000000000000", "abcdef00-ab00-cd00-ef00-000000abcdef")
_SECRET_NAME = re.compile(
    r"password|passwd|secret(?!s?name|id)|token(?!url|name|type)|api[-_. ]?key|private[-_. ]?key",
    re.IGNORECASE,
)
_NOT_A_VALUE = re.compile(
    r"name|id$|path|file|url|length|expir|type|format|variable|header|vault|uri$|version|count$|number$|size$|age$|ttl",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(
    r"\bexample\.(?:com|org|net)\b|\byour[-_ ]|\bchange[-_ ]?me\b|^<[^<>]+>$|\bTODO\b|^x{3,}$|\bfoo\b|\bcontoso\b",
    re.IGNORECASE,
)


@rule(
    "sample-id",
    Severity.ERROR,
    why="Two templates with the id of a sample are one to everybody who imports them.",
    fix='Give it an id of its own, such as "uuidgen" prints.',
)
def _sample_id(subject: Subject) -> Iterator[Hit]:
    if subject.template.id.lower() in _SAMPLE_IDS:
        yield Hit(f'the id "{subject.template.id}" is that of a sample', ("Id",))


@rule(
    "name-style",
    Severity.WARNING,
    why="People find a template by what it is about, then by what it does.",
    fix='Name it "Subject - Verb and object", such as "Slack - Send a message".',
)
def _name_style(subject: Subject) -> Iterator[Hit]:
    if not re.fullmatch(r"\S.*? - \S.*", subject.template.name.strip()):
        yield Hit(
            f'the name "{subject.template.name}" is not of the form "Subject - Verb and object"', ("Name",)
        )


@rule(
    "blank-in-name",
    Severity.WARNING,
    why="Two names that differ by a blank look the same.",
    fix="Remove the blank.",
    fixable=True,
)
def _blank_in_name(subject: Subject) -> Iterator[Hit]:
    name = subject.template.name
    if name != name.strip():
        yield Hit(f"the name {shown(name)} begins or ends with a blank", ("Name",))


@rule(
    "hidden-character",
    Severity.WARNING,
    why="What a reader doesn't see, or a terminal obeys, can make a template look like another one.",
    fix="Remove it, or write it as an escape of the language.",
)
def _hidden_character(subject: Subject) -> Iterator[Hit]:
    scripts = {script.path for script in subject.scripts}
    for path, _, found in hidden_texts(subject.value):
        if path not in scripts:
            yield Hit(f"{path_text(path)} holds {describe_hidden(found)}", path)
    for script in subject.scripts:
        lines: dict[int, list[tuple[int, str]]] = {}
        for offset, spelling in hidden_in_text(script.text):
            lines.setdefault(script.text.count("\n", 0, offset) + 1, []).append((offset, spelling))
        for line, found in lines.items():
            yield Hit(f"the script holds {describe_hidden(found)}", script=script, line=line)


@rule(
    "version-not-raised",
    Severity.WARNING,
    why="Whoever uses the template learns of a change by its version only.",
    fix="Publishing raises it; without publishing, raise the version.",
    fixable=True,
)
def _version_not_raised(subject: Subject) -> Iterator[Hit]:
    committed = subject.committed
    if committed is None or committed == subject.value:
        return
    before, now = committed.get("Version"), subject.value.get("Version")
    if isinstance(before, int | float) and isinstance(now, int | float) and now <= before:
        yield Hit(f"the content differs from what git holds, and the version is still {now}", ("Version",))


@rule(
    "description-missing",
    Severity.WARNING,
    why="The description is all that people see before they choose a template.",
    fix="Say what it does and needs.",
)
def _description_missing(subject: Subject) -> Iterator[Hit]:
    if len(subject.template.description.strip()) < 10:
        yield Hit("there is no description to speak of", ("Description",))


@rule(
    "category-style",
    Severity.WARNING,
    why="Slack and slack are two categories, with two logos.",
    fix='Use lower case and "-", such as "azure-keyvault".',
)
def _category_style(subject: Subject) -> Iterator[Hit]:
    category = subject.value.get("Category")
    if not category:
        yield Hit("there is no category", ("Category",))
    elif not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", category):
        yield Hit(f'the category "{category}" is not in lower case', ("Category",))


@rule(
    "file-name",
    Severity.WARNING,
    why="A file that is named otherwise than its template is not found.",
    fix="Name the file after the template, in lower case with hyphens.",
)
def _file_name(subject: Subject) -> Iterator[Hit]:
    words = set(re.findall(r"[a-z0-9]+", subject.template.name.lower()))
    missing = [word for word in re.findall(r"[a-z0-9]+", subject.slug.lower()) if word not in words]
    together = "".join(re.findall(r"[a-z0-9]+", subject.template.name.lower()))
    strange = [word for word in missing if word not in together]
    if strange and subject.files is None:
        yield Hit(f'the file is called "{subject.slug}", the template "{subject.template.name}"', ("Name",))


@rule(
    "parameter-help",
    Severity.WARNING,
    why="A form without help makes people guess.",
    fix="Say what to enter, with an example.",
)
def _parameter_help(subject: Subject) -> Iterator[Hit]:
    for number, parameter in enumerate(subject.template.parameters):
        if not (parameter.help or "").strip():
            yield Hit(f'the parameter "{parameter.name}" has no help', ("Parameters", number))


@rule(
    "parameter-label",
    Severity.WARNING,
    why="A form shows labels, not variable names.",
    fix="Give it a label.",
)
def _parameter_label(subject: Subject) -> Iterator[Hit]:
    for number, parameter in enumerate(subject.template.parameters):
        if not (parameter.label or "").strip():
            yield Hit(f'the parameter "{parameter.name}" has no label', ("Parameters", number))


@rule(
    "parameter-namespace",
    Severity.WARNING,
    why="In Octopus a project variable of the same name silently beats the parameter.",
    fix='Begin the names with the template\'s, such as "Slack.Channel".',
)
def _parameter_namespace(subject: Subject) -> Iterator[Hit]:
    for number, parameter in enumerate(subject.template.parameters):
        if not re.match(r"\w+?[._:\-\[]\w|[A-Za-z][a-z0-9]+[A-Z]", parameter.name):
            yield Hit(f'the parameter "{parameter.name}" has no prefix', ("Parameters", number, "Name"))


@rule(
    "parameter-name",
    Severity.WARNING,
    why="Some shells and expressions cannot reach a variable with such a name.",
    fix='Use letters, digits, ".", "_" and "-".',
)
def _parameter_name(subject: Subject) -> Iterator[Hit]:
    for number, parameter in enumerate(subject.template.parameters):
        if not re.fullmatch(r"[A-Za-z0-9_.:\[\]-]+", parameter.name):
            yield Hit(
                f'the name "{parameter.name}" has other signs than usual', ("Parameters", number, "Name")
            )


@rule(
    "secret-not-sensitive",
    Severity.WARNING,
    why="Only a Sensitive parameter is masked in logs and encrypted at rest.",
    fix="Set its control to Sensitive.",
)
def _secret_not_sensitive(subject: Subject) -> Iterator[Hit]:
    text_controls = (ControlType.SINGLE_LINE, ControlType.MULTI_LINE)
    for number, parameter in enumerate(subject.template.parameters):
        last = re.split(r"[._:]", parameter.name)[-1]
        named = _SECRET_NAME.search(last) and not _NOT_A_VALUE.search(last)
        if named and parameter.control in text_controls:
            path = ("Parameters", number, "DisplaySettings")
            yield Hit(f'the parameter "{parameter.name}" looks like a secret, and is not Sensitive', path)


@rule(
    "secret-default",
    Severity.ERROR,
    why="A default is readable by everybody who can read the template, for ever.",
    fix="Remove the default, and change the secret if it was a real one.",
)
def _secret_default(subject: Subject) -> Iterator[Hit]:
    for number, parameter in enumerate(subject.template.parameters):
        default = parameter.default or ""
        bound = "#{" in default
        if default and not bound and (parameter.sensitive or looks_secret(default)):
            yield Hit(
                f'the parameter "{parameter.name}" has a secret for a default',
                ("Parameters", number, "DefaultValue"),
            )


@rule(
    "example-default",
    Severity.WARNING,
    why="A default is used when nobody looks; an example then fails at run time, far from its cause.",
    fix="Leave the default empty, and put the example into the help.",
)
def _example_default(subject: Subject) -> Iterator[Hit]:
    for number, parameter in enumerate(subject.template.parameters):
        if parameter.default and _EXAMPLE.search(parameter.default):
            message = f'the default {shown(parameter.default)} of "{parameter.name}" looks like an example'
            yield Hit(message, ("Parameters", number, "DefaultValue"))


@rule(
    "default-not-text",
    Severity.WARNING,
    why="A default that is not text breaks the import into some versions of Octopus.",
    fix="Write it as text.",
    fixable=True,
)
def _default_not_text(subject: Subject) -> Iterator[Hit]:
    for number, parameter in enumerate(subject.value.get("Parameters") or ()):
        default = parameter.get("DefaultValue")
        if default is not None and not isinstance(default, str):
            path = ("Parameters", number, "DefaultValue")
            yield Hit(f'the default of "{parameter["Name"]}" is {shown(default)}, expected text', path)


@rule(
    "feed-hard-coded",
    Severity.ERROR,
    why="Ids of feeds differ between installations.",
    fix='Bind the feed to a parameter or variable: "#{My.Feed}".',
)
def _feed_hard_coded(subject: Subject) -> Iterator[Hit]:
    for number, package in enumerate(subject.template.packages):
        feed = package.get("FeedId")
        if feed and not str(feed).startswith("#{"):
            yield Hit(
                f'the feed "{feed}" of package {number + 1} is hard-coded', ("Packages", number, "FeedId")
            )


@rule(
    "unused-parameter",
    Severity.WARNING,
    why="People fill in a field that does nothing.",
    fix="Use it, or remove it.",
)
def _unused_parameter(subject: Subject) -> Iterator[Hit]:
    template = subject.template
    everything = "\n".join(text for text in template.properties.values() if text).casefold()
    everything += "\n".join(repr(package) for package in template.packages).casefold()
    everything += "\n".join(template.scripts.values()).casefold()
    for number, parameter in enumerate(template.parameters):
        name = parameter.name.casefold()
        if not any(way in everything for way in _ways_to_name(name)) and not _is_put_together(
            name, everything
        ):
            yield Hit(f'the parameter "{parameter.name}" is used nowhere', ("Parameters", number, "Name"))


@rule(
    "parameter-case",
    Severity.WARNING,
    why="Bash and Python scripts read names in their exact case: in another one there is nothing.",
    fix="Write the name as the parameter has it.",
)
def _parameter_case(subject: Subject) -> Iterator[Hit]:
    spelling = {parameter.name.casefold(): parameter.name for parameter in subject.template.parameters}
    for script in subject.scripts:
        if script.syntax not in ("Bash", "Python"):
            continue
        for name in sorted(script_reads(script.text, script.syntax).names - set(spelling.values())):
            if meant := spelling.get(name.casefold()):
                line = next((n for n, text in enumerate(script.lines, 1) if name in text), None)
                yield Hit(
                    f'"{name}" is read, and the parameter is called "{meant}"', script=script, line=line
                )


def _ways_to_name(name: str) -> set[str]:
    """PowerShell scripts of Octopus also see a parameter as a variable, without the signs it cannot have."""
    return {name, re.sub(r"[^\w]", "", name), re.sub(r"[^\w]", "_", name)}


def _is_put_together(name: str, text: str) -> bool:
    """Whether a script joins prefix and rest: `get_octopusvariable("slack." + name)`."""
    prefix, dot, rest = name.rpartition(".")
    return bool(dot) and bool(re.search(rf"[\"']{re.escape(prefix)}\.[\"'{{$]", text)) and f'"{rest}"' in text


@rule(
    "outputs-undeclared",
    Severity.WARNING,
    why="An output that isn't declared cannot be found, and breaks others when it is renamed.",
    fix="List it under outputs.",
)
def _outputs_undeclared(subject: Subject) -> Iterator[Hit]:
    if subject.files is None and EXTENSION_KEY not in subject.value:
        return  # a plain Octopus document has no place for it
    declared = {output.name for output in subject.template.outputs}
    for script in subject.scripts:
        for line, text in enumerate(script.lines, 1):
            for name in re.findall(r"set_octopusvariable[ (]+[\"']([\w.-]+)[\"']", text):
                if name not in declared:
                    yield Hit(f'the output "{name}" is not declared', script=script, line=line)

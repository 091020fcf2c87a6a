"""Octopus JSON <-> template document <-> template folder, without loss."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Invalid
from registry.model import Deprecation, Output, Parameter
from registry.template.document import (
    TemplateDocument,
    digest,
    read_folder,
    read_template,
    to_folder,
    write_json,
)
from registry.text.json_document import dump_json, load_json
from registry.text.yaml_document import dump_yaml, load_yaml
from tests.support.library import CommunityLibrary

BODY = "Octopus.Action.Script.ScriptBody"
TEMPLATE: dict[str, Any] = {
    "Id": "7f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11",
    "Name": "Greeting - Say hello",
    "Description": "Greets.",
    "ActionType": "Octopus.Script",
    "Version": 3,
    "Properties": {
        "Octopus.Action.Script.ScriptSource": "Inline",
        "Octopus.Action.Script.Syntax": "Bash",
        BODY: "echo hello\n",
        "Octopus.Action.RunOnServer": "true",
    },
    "Parameters": [
        {
            "Id": "0b8ad8f5-2b1b-4b0e-8d3c-9a7f2b4f6f0e",
            "Name": "Greeting.Name",
            "Label": "Name",
            "HelpText": "Who?",
            "DefaultValue": "world",
            "DisplaySettings": {"Octopus.ControlType": "SingleLineText"},
        }
    ],
    "Category": "other",
}


def document_of(**changes: Any) -> TemplateDocument:
    return read_template(dump_json({**TEMPLATE, **changes}), "greeting.json")


def parameter_of(**changes: Any) -> Parameter:
    item = {
        key: value for key, value in {**TEMPLATE["Parameters"][0], **changes}.items() if value != "absent"
    }
    return document_of(Parameters=[item]).template.parameters[0]


def with_body(body: str | None) -> TemplateDocument:
    return document_of(Properties={**TEMPLATE["Properties"], BODY: body})


def assert_round_trip(document: TemplateDocument) -> None:
    back = read_folder(to_folder(document))
    assert dump_json(back.value) == dump_json(document.value)
    assert back.layout == document.layout
    assert back.template == document.template
    assert write_json(back) == write_json(document)


def test_template_is_read() -> None:
    template = document_of(SpaceId="Spaces-1").template
    assert (template.name, template.version, template.category) == ("Greeting - Say hello", 3, "other")
    assert template.parameters == (
        Parameter(
            "Greeting.Name", "0b8ad8f5-2b1b-4b0e-8d3c-9a7f2b4f6f0e", "Name", "Who?", "world", "SingleLineText"
        ),
    )
    assert template.properties["Octopus.Action.RunOnServer"] == "true"
    assert template.extra == {"SpaceId": "Spaces-1"}


@pytest.mark.parametrize(("version", "read"), [(1.0, 1), (7, 7), (None, 0), ("x", 0), (True, 0)])
def test_version_is_a_whole_number(version: Any, read: int) -> None:
    assert document_of(Version=version).template.version == read


@pytest.mark.parametrize(
    ("default", "read"),
    [
        ("a", "a"),
        ("", ""),
        (None, None),
        (5, "5"),
        (True, "True"),
        ({"HasValue": True, "NewValue": "x"}, "x"),
    ],
)
def test_default_is_text(default: Any, read: str | None) -> None:
    assert parameter_of(DefaultValue=default).default == read


def test_missing_control_counts_as_plain_text() -> None:
    assert parameter_of(DisplaySettings="absent").control == "SingleLineText"
    assert parameter_of(DisplaySettings={}).control == "SingleLineText"


def test_options_are_values_with_labels() -> None:
    settings = {"Octopus.ControlType": "Select", "Octopus.SelectOptions": "good|Green\r\n\nplain\nx|y|z"}
    assert parameter_of(DisplaySettings=settings).options == (
        ("good", "Green"),
        ("plain", "plain"),
        ("x", "y|z"),
    )


def test_extension_holds_what_octopus_has_no_word_for() -> None:
    extension = {
        "Parameters": {"Greeting.Name": {"Required": True, "Pattern": "[a-z]+"}},
        "Outputs": [{"Name": "Said", "HelpText": "What was said.", "Sensitive": True}],
    }
    template = document_of(Treadle=extension).template
    assert (template.parameters[0].required, template.parameters[0].pattern) == (True, "[a-z]+")
    assert template.outputs == (Output("Said", "What was said.", True),)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[]", "x.json: this is not a step template: expected an object"),
        (b"{}", 'x.json: this is not a step template: it has no text "Name"'),
        (b'{"Name": "x", "ActionType": "y", "Parameters": {}}', 'x.json: "Parameters" is not a list'),
        (b'{"Name": "x", "ActionType": "y", "Parameters": [5]}', 'x.json: parameter 1 has no text "Name"'),
    ],
)
def test_other_documents_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_template(data, "x.json")
    assert caught.value.message == message
    assert caught.value.code == "not-a-template"


def test_folder_is_what_people_would_write() -> None:
    files = to_folder(document_of())
    assert files["script.sh"] == b"echo hello\n"
    assert files["template.yaml"].decode() == (
        "schema: 1\n"
        "id: 7f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11\n"
        "name: Greeting - Say hello\n"
        "version: 3\n"
        "description: Greets.\n"
        "category: other\n"
        "action_type: Octopus.Script\n"
        "script:\n"
        "  syntax: Bash\n"
        "  file: script.sh\n"
        "parameters:\n"
        "  - name: Greeting.Name\n"
        "    label: Name\n"
        "    help: Who?\n"
        "    default: world\n"
        "    id: 0b8ad8f5-2b1b-4b0e-8d3c-9a7f2b4f6f0e\n"
        "properties:\n"
        "  Octopus.Action.RunOnServer: 'true'\n"
    )


def test_written_folder_becomes_json_in_the_usual_order() -> None:
    view = b"""
schema: 1
id: 7f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11
action_type: Octopus.Script
name: X
version: 1
outputs: [{name: Said}]
script: {syntax: Python, file: script.py}
properties: {Octopus.Action.RunOnServer: true, Timeout: 1.50}
octopus: {LastModifiedBy: me}
parameters:
  - {name: A, default: 30, minimum: 1}
  - {name: B, control: Select, options: [x|Ex, 2], default: true}
"""
    document = read_folder({"template.yaml": view, "script.py": b"print()"})
    assert json.loads(write_json(document)) == {
        "Id": "7f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11",
        "Name": "X",
        "Description": "",
        "ActionType": "Octopus.Script",
        "Version": 1,
        "Properties": {
            "Octopus.Action.Script.ScriptSource": "Inline",
            "Octopus.Action.Script.Syntax": "Python",
            BODY: "print()",
            "Octopus.Action.RunOnServer": "True",
            "Timeout": "1.50",
        },
        "Parameters": [
            {
                "Name": "A",
                "Label": "",
                "HelpText": "",
                "DefaultValue": "30",
                "DisplaySettings": {"Octopus.ControlType": "SingleLineText"},
            },
            {
                "Name": "B",
                "Label": "",
                "HelpText": "",
                "DefaultValue": "True",
                "DisplaySettings": {"Octopus.ControlType": "Select", "Octopus.SelectOptions": "x|Ex\n2"},
            },
        ],
        "LastModifiedBy": "me",
        "Category": "other",
        "Treadle": {"Parameters": {"A": {"Minimum": 1}}, "Outputs": [{"Name": "Said"}]},
    }
    assert list(document.value)[-1] == "Treadle"


def test_extras_are_readable_in_the_folder() -> None:
    extension = {
        "Parameters": {"Greeting.Name": {"Required": True}},
        "Scripts": {"PowerShell": "Write-Host hello"},
        "MinimumTreadle": "0.2",
        "Deprecated": {"Reason": "Use the other.", "Successor": "library/other"},
    }
    document = document_of(Treadle=extension)
    files = to_folder(document)
    view = load_yaml(files["template.yaml"].decode(), "x").value
    assert view["script"] == {"syntax": "Bash", "file": "script.sh", "also": {"PowerShell": "script.ps1"}}
    assert view["parameters"][0]["required"] is True
    assert (view["minimum_treadle"], view["deprecated"]["successor"]) == ("0.2", "library/other")
    assert "octopus" not in view
    assert files["script.ps1"] == b"Write-Host hello"
    assert document.template.deprecated == Deprecation("Use the other.", "library/other")
    assert document.template.scripts == {"PowerShell": "Write-Host hello"}
    assert_round_trip(document)


def test_key_added_to_an_unpacked_folder_is_not_lost() -> None:
    files = to_folder(read_template(dump_json(dict(sorted(TEMPLATE.items()))), "x.json"))
    assert b"keys:" in files["template.yaml"]
    files["template.yaml"] += b"outputs:\n  - name: Said\n"
    assert read_folder(files).value["Treadle"] == {"Outputs": [{"Name": "Said"}]}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "a\r\nb\r\n",
        "lone\rCR",
        "\ufeffmark",
        "blanks  \n\n\n",
        "\tü 📗",
        "no end",
        "---\n...\n",
        "\x00\x1b",
    ],
)
def test_script_keeps_its_exact_bytes(body: str) -> None:
    files = to_folder(with_body(body))
    assert files["script.sh"] == body.encode()
    assert_round_trip(with_body(body))


def test_git_is_told_to_leave_line_ends_alone() -> None:
    assert to_folder(with_body("a\r\n"))[".gitattributes"] == b"script.sh -text\n"
    assert ".gitattributes" not in to_folder(with_body("a\n"))


@pytest.mark.parametrize(
    "changes",
    [
        {"Properties": None},
        {"Parameters": None},
        {"Description": None, "Category": None},
        {"Version": 1.0},
        {"Version": "3"},
        {"Id": 5},
        {"Packages": None},
        {"Packages": [], "GitDependencies": []},
        {"Treadle": {"Parameters": {"Nobody": {"Required": True}}}},
        {"Treadle": {"Future": 1}},
        {"Treadle": {"Scripts": {"PowerShell": "x", "Python": "y\r\n"}}},
        {"Treadle": {"Scripts": {"Bash": "the main one's name"}}},
        {"Treadle": {"Scripts": {"Cobol": "x"}, "MinimumTreadle": None}},
        {"Treadle": {"Deprecated": {"Reason": "gone", "Successor": "library/x"}, "Outputs": []}},
        {"Treadle": {"Outputs": [{"Name": "x", "Future": 1}]}},
        {"Properties": {BODY: "x", "Octopus.Action.Script.ScriptSource": "Package"}},
        {"Properties": {BODY: None}},
        {"Properties": {BODY: "x", "Octopus.Action.Script.Syntax": "Cobol"}},
        {"Properties": {BODY: "x", "Octopus.Action.Script.Syntax": None}},
        {"Properties": {"Octopus.Action.CustomScripts.PostDeploy.ps1": "a\r\nb", BODY: "x"}},
        {"Properties": {"Odd": {"HasValue": True}}},
    ],
)
def test_odd_documents_round_trip(changes: dict[str, Any]) -> None:
    assert_round_trip(document_of(**changes))


@pytest.mark.parametrize(
    "item",
    [
        {"Name": "x"},
        {"DisplaySettings": {}, "Name": "x"},
        {"Name": "x", "Label": None, "HelpText": None, "DefaultValue": "", "Links": {}},
        {"Name": "x", "DefaultValue": 5, "DisplaySettings": {"Octopus.ControlType": "Checkbox"}},
        {
            "Name": "x",
            "DisplaySettings": {"Octopus.SelectOptions": "a\r\nb", "Octopus.ControlType": "Select"},
        },
        {"Name": "x", "DisplaySettings": {"Octopus.ControlType": "SingleLineText", "More": "y"}},
        {"Name": "x", "Id": None, "Label": "1e3", "HelpText": "a\n\n  b  \n"},
    ],
)
def test_odd_parameters_round_trip(item: dict[str, Any]) -> None:
    assert_round_trip(document_of(Parameters=[item]))


texts = st.text()
parameters = st.fixed_dictionaries(
    {"Name": texts},
    optional={
        "Label": st.none() | texts,
        "DefaultValue": st.none() | texts | st.booleans() | st.integers(),
        "DisplaySettings": st.dictionaries(
            st.sampled_from(["Octopus.ControlType", "Octopus.SelectOptions", "Other"]), texts
        ),
    },
)
keys = [BODY, "Octopus.Action.Script.Syntax", "Octopus.Action.CustomScripts.Deploy.sh", "Other"]
documents = st.fixed_dictionaries(
    {"Name": texts, "ActionType": texts},
    optional={
        "Version": st.integers(),
        "Description": st.none() | texts,
        "Properties": st.dictionaries(st.sampled_from(keys), st.none() | texts),
        "Parameters": st.lists(parameters, max_size=3),
        "Odd key": texts,
    },
).flatmap(lambda value: st.permutations(list(value.items())).map(dict))


@given(documents)
def test_any_document_round_trips(value: dict[str, Any]) -> None:
    assert_round_trip(read_template(dump_json(value), "x.json"))


def refused_folder(text: str, **files: bytes) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_folder({"template.yaml": text.encode(), **files}, "greeting")
    return caught.value


WORDS = [
    *("id", "name", "version", "description", "category", "action_type", "script", "parameters", "outputs"),
    *(
        "properties",
        "packages",
        "minimum_treadle",
        "deprecated",
        "octopus",
        "json",
        "label",
        "help",
        "control",
    ),
    *(
        "options",
        "default",
        "required",
        "pattern",
        "minimum",
        "file",
        "syntax",
        "also",
        "keys",
        "indent",
        "end",
    ),
    *("reason", "script.sh", "sensitive"),
]
HEAD = "schema: 1\nid: a\nname: X\nversion: 1\naction_type: Octopus.Script\n"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("schema: 2\n", '"schema" is "2", expected 1', 1),
        ("name: x\n", '"schema" is nothing, expected 1', 1),
        (HEAD + "json: {indent: 1000000000}\n", "expected 0 to 64 blanks", 6),
        (HEAD + "json: {end: x}\n", "expected blanks and line ends", 6),
        (HEAD + "json: {keys: [[a]]}\n", "expected a list of keys", 6),
        (HEAD + "script: {file: script.sh}\n", 'the file "script.sh" is not in the template folder', 6),
        (
            HEAD + "script: {file: ../../etc/passwd}\n",
            'the file "../../etc/passwd" is not in the template',
            6,
        ),
        (HEAD + "parameters: {}\n", "expected a list, got keys with values", 6),
        (HEAD + "parameters:\n  - name: [a]\n", "expected text, got a list", 7),
        (HEAD + "properties:\n  a: [b]\n", "expected text, got a list", 7),
        ("- a\n", "expected keys with values, got a list", 1),
        (HEAD + "name: Y\n", 'duplicate key "name"', 6),
        (HEAD + "help: #{x}\n", 'YAML takes the "#{" after a blank for a comment', 6),
    ],
)
def test_mistakes_in_a_folder_have_a_place(text: str, message: str, line: int) -> None:
    error = refused_folder(text)
    assert message in error.message
    assert (error.problems[0].file, error.problems[0].line) == ("greeting/template.yaml", line)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(WORDS), anything))
def test_any_other_content_is_read_or_refused(view: dict[str, Any]) -> None:
    """Whatever a source offers as template.yaml: a document that can be written, or an Invalid."""
    text = dump_yaml({"name": "X", "version": 1, "action_type": "x", **view, "schema": 1})
    try:
        document = read_folder({"template.yaml": text.encode(), "script.sh": b""})
    except Invalid:
        return
    assert load_json(write_json(document), "x").value == document.value
    assert_round_trip(document)


keys_of_documents = [
    *TEMPLATE,
    "Packages",
    "Treadle",
    "$Meta",
    "Outputs",
    "Scripts",
    "Deprecated",
    "NewValue",
]
json_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(keys_of_documents), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(keys_of_documents), json_anything))
def test_any_json_is_a_template_or_refused(value: dict[str, Any]) -> None:
    try:
        document = read_template(dump_json({"Name": "x", "ActionType": "y", **value}), "x.json")
    except Invalid:
        return
    assert_round_trip(document)


def test_folder_without_template_yaml_is_refused() -> None:
    with pytest.raises(Invalid, match=r'"greeting/template.yaml" does not exist'):
        read_folder({"script.sh": b""}, "greeting")


def test_script_that_is_no_text_is_refused() -> None:
    with pytest.raises(Invalid, match=r'"script.sh" is not UTF-8 text'):
        read_folder({"template.yaml": (HEAD + "script: {file: script.sh}\n").encode(), "script.sh": b"\xff"})


def test_files_beside_the_template_are_kept() -> None:
    files = {**to_folder(document_of()), "README.md": b"# Hello", "tests/ok.yaml": b"version: 1"}
    document = read_folder(files)
    assert document.files == {"README.md": b"# Hello", "tests/ok.yaml": b"version: 1"}
    assert to_folder(document) == files


def test_digest_is_of_what_the_document_says() -> None:
    document = document_of()
    shuffled = read_template(json.dumps(dict(sorted(TEMPLATE.items())), indent=7).encode(), "x.json")
    assert digest(document) == digest(shuffled) == digest(read_folder(to_folder(document)))
    assert digest(document_of(Version=3.0)) == digest(document)
    assert digest(document_of(Version=4)) != digest(document)
    assert digest(with_body("echo bye")) != digest(document)
    assert len(digest(document)) == 64


def test_every_template_of_the_community_round_trips(community_library: CommunityLibrary) -> None:
    for name, data in community_library.templates.items():
        assert_round_trip(read_template(data, name))


def test_a_sample_of_all_history_round_trips(community_library: CommunityLibrary) -> None:
    refused: list[str] = []
    blobs = sorted(community_library.history)[::12]
    for blob in blobs:
        try:
            document = read_template(community_library.history[blob], blob)
        except Invalid as error:
            refused.append(error.code)
        else:
            assert_round_trip(document)
    assert len(refused) < 0.05 * len(blobs)


def test_what_history_cannot_offer_is_told_with_a_reason(community_library: CommunityLibrary) -> None:
    reasons: dict[str, int] = {}
    for blob, data in community_library.history.items():
        try:
            read_template(data, blob)
        except Invalid as error:
            reasons[error.code] = reasons.get(error.code, 0) + 1
    assert reasons == {"json-syntax": 85, "not-utf8": 4, "not-a-template": 3}

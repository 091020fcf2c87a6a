"""JSON comes back as it was, byte for byte where its layout is regular."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Invalid
from registry.text import json_document
from registry.text.document import MAX_DEPTH
from registry.text.json_document import JsonLayout, dump_json, load_json
from tests.support.library import CommunityLibrary


def refusal(data: bytes) -> Invalid:
    with pytest.raises(Invalid) as caught:
        load_json(data, "x.json")
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        '{\n  "b": 1,\n  "a": [\n    1.0,\n    1e3,\n    -0\n  ],\n  "n": null,\n  "e": {},\n  "l": []\n}\n',
        '{\n    "a": {\n        "b": "ü"\n    }\n}',
        '\ufeff{\r\n  "a": "ü"\r\n}\r\n',
        '{\n  "a": "\\u00fc and \\ud83d\\udcd7"\n}\n',
        '{\n    "a": {\n      "b": 1\n    }\n  }\n\n',
        '{\n  "a": "\\\\u00fc stays"\n}',
    ],
)
def test_regular_layout_comes_back_byte_for_byte(text: str) -> None:
    document = load_json(text.encode(), "x.json")
    assert dump_json(document.value, document.layout) == text.encode()


def test_layout_is_described() -> None:
    document = load_json('\ufeff{\r\n    "a": 1\r\n}'.encode(), "x.json")
    assert document.layout == JsonLayout(indent=4, newline="\r\n", byte_order_mark=True, end="")


def test_positions() -> None:
    text = '{"a": {"b": [1,\n  {"c": "x, ]}"}]},\n "d": true}'
    document = load_json(text.encode(), "x.json")
    assert document.position(("a", "b", 1, "c")) == (2, 9)
    assert document.key_position(("a", "b", 1, "c")) == (2, 4)
    assert document.position(("d",)) == (3, 7)
    assert document.position(("a", "missing")) == document.position(("a",)) == (1, 7)
    assert document.position(()) == (1, 1)


def test_column_counts_from_the_text_after_a_mark() -> None:
    assert load_json('\ufeff{"a": 1}'.encode(), "x.json").position(("a",)) == (1, 7)


def test_duplicate_key_is_told() -> None:
    (problem,) = load_json(b'{"a": {"b": 1,\n "b": 2}}', "x.json").problems
    assert (problem.code, problem.path, problem.line, problem.column) == ("duplicate-key", "a.b", 2, 2)
    assert load_json(b'{"a": 1, "b": {"a": 2}}', "x.json").problems == ()


@pytest.mark.parametrize(
    ("data", "code", "hint"),
    [
        (b"", "json-syntax", "The file is empty."),
        (b'{"a": 1,}', "json-syntax", "Remove the comma before it."),
        (b'{"a": 1 , \n}', "json-syntax", "Remove the comma before it."),
        (b'{"a": [1,]}', "json-syntax", "Remove the comma before it."),
        (b'{"a": 1, "b" "}"}', "json-syntax", None),
        (b'{"a": "one\ttwo"}', "json-syntax", "Write a line end or tab inside a text as \\n or \\t."),
        (b'{"a": "one\x01two"}', "json-syntax", None),
        (b'{"a": "one\ntwo"}', "json-syntax", "Write a line end or tab inside a text as \\n or \\t."),
        (b'{\n<<<<<<< HEAD\n"a": 1}', "json-syntax", "A merge conflict was committed: resolve it."),
        (b'{"a": NaN}', "json-number", None),
        (b'{"a": 1e999}', "json-number", None),
        (b'{"a": ' + b"9" * 5000 + b"}", "json-number", None),
        (b'{"a": "\xe9"}', "not-utf8", "Save the file as UTF-8."),
        (b'{"a": "\\ud83d"}', "json-surrogate", None),
        (b"[" * 100 + b"]" * 100, "json-too-deep", None),
        (b"[" * 1_000_000, "json-too-deep", None),
        (b"[" * 100, "json-too-deep", None),
        (b'{"a": [' * 40 + b"1,,", "json-too-deep", None),
        (b'{"a": "' + b"[" * 100 + b'", "b" 1}', "json-syntax", None),
        (b" " * 50_000_000, "json-too-large", None),
        (b"[" + b"1," * 100_000 + b"1]", "json-too-large", None),
        (b"{" + b'"a":1,' * 100_000 + b'"a":1}', "json-too-large", None),
    ],
)
def test_what_is_no_document_is_refused(data: bytes, code: str, hint: str | None) -> None:
    error = refusal(data)
    assert (error.code, error.hint) == (code, hint)
    assert error.problems[0].file == "x.json"


def test_syntax_error_has_a_place() -> None:
    problem = refusal(b'{\n  "a": 1\n  "b": 2\n}').problems[0]
    assert (problem.line, problem.column) == (3, 3)
    assert problem.message == "this is not JSON: expecting ',' delimiter"


def test_a_comma_at_the_end_is_found_where_any_python_stops() -> None:
    text = '{"a": [1, 2], \n}'
    for index in (text.rindex(","), text.rindex("}")):  # from Python 3.13 on; before
        said = json_document._explained(text, json.JSONDecodeError("Some words", text, index))
        assert said == ("a comma stands before the closing bracket", "Remove the comma before it.")


def test_depth_at_the_limit_is_read() -> None:
    assert load_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, "x.json").value


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
layouts = st.builds(
    JsonLayout,
    indent=st.sampled_from([1, 2, 4]),
    margin=st.sampled_from([0, 2]),
    ascii_only=st.booleans(),
    newline=st.sampled_from(["\n", "\r\n"]),
    byte_order_mark=st.booleans(),
    end=st.sampled_from(["", "\n"]),
)


@given(json_values, layouts)
def test_any_value_in_any_layout_reads_back(value: Any, layout: JsonLayout) -> None:
    document = load_json(dump_json(value, layout), "x.json")
    assert repr(document.value) == repr(value)
    again = dump_json(document.value, document.layout)
    assert repr(load_json(again, "x.json").value) == repr(value)


@given(json_values)
def test_positions_point_at_every_value(value: Any) -> None:
    text = json.dumps({"v": value})
    document = load_json(text.encode(), "x.json")
    line, column = document.position(("v",))
    assert line == 1
    assert text[column - 1 :].startswith(json.dumps(value)[:1])


def test_most_of_the_real_library_is_regular(community_library: CommunityLibrary) -> None:
    """Irregular are stray blanks, tabs and lines without indentation: the value comes back, the layout not."""
    documents = {name: load_json(data, name) for name, data in community_library.templates.items()}
    exact = [
        name
        for name, document in documents.items()
        if dump_json(document.value, document.layout) == community_library.templates[name]
    ]
    assert len(documents) == 571
    assert len(exact) > 480

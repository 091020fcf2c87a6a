from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.base import Stream
from runner.execution.service_messages import (
    LEVEL_SWITCHES,
    ArtifactRequest,
    OutputVariable,
    Progress,
    ServiceMessage,
    Unreadable,
    parse,
    secrets_within,
)
from runner.model import Level

OUT = Stream.STDOUT


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def read(line: str) -> ServiceMessage:
    found = parse(line, 0, OUT)
    assert found is not None
    message, end = found
    assert isinstance(message, ServiceMessage), message
    assert end == len(line)
    return message


def reason(line: str) -> str:
    found = parse(line, 0, OUT)
    assert found is not None
    message, _ = found
    assert isinstance(message, Unreadable), message
    return message.reason


@given(
    st.text(alphabet="abcXYZ-", min_size=1).filter(lambda name: not name.startswith("-")),
    st.dictionaries(st.sampled_from(["name", "value", "a-b", "x_1"]), st.text()),
    st.sampled_from("'\""),
)
def test_what_is_written_is_read(name: str, attributes: dict[str, str], quote: str) -> None:
    attributes = {key: value.encode("utf-8", "replace").decode() for key, value in attributes.items()}
    written = "".join(f" {key}={quote}{b64(value)}{quote}" for key, value in attributes.items())
    message = read(f"##octopus[{name}{written}]")
    assert (message.name, dict(message.attributes)) == (name, attributes)


@given(st.text())
def test_no_line_breaks_the_parser(tail: str) -> None:
    found = parse("##octopus[" + tail, 0, OUT)
    assert (found is None) == ("]" not in tail)
    assert list(secrets_within(tail + "##octopus[" + tail)) == []


def test_a_message_ends_at_the_first_bracket() -> None:
    line = f"##octopus[a]##octopus[b x='{b64('1')}'] rest ]"
    first, end = parse(line, 0, OUT) or (None, 0)
    second, rest = parse(line, end, OUT) or (None, 0)
    assert (first, second) == (ServiceMessage("a"), ServiceMessage("b", {"x": "1"}))
    assert line[rest:] == " rest ]"


@pytest.mark.parametrize(
    "body",
    [
        f"m a='{b64('1')}' b=\"{b64('2')}\"",
        f"  m   a = '{b64('1')}'\tb='{b64('2')}'  ",
        f"m a='MQ&#61;=' b='{b64('2')}'",
        "m a=' M Q = = ' b='Mg=='",
    ],
)
def test_attributes_follow_the_rules_of_xml_and_base64(body: str) -> None:
    assert dict(read(f"##octopus[{body}]").attributes) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("##octopus[]", "its attributes are not quoted as they should be"),
        ("##octopus[m a=QQ==]", "m: its attributes are not quoted as they should be"),
        ("##octopus[m a='QQ==\"]", "m: its attributes are not quoted as they should be"),
        ("##octopus[m a='QQ=='b='QQ==']", "m: its attributes are not quoted as they should be"),
        ("##octopus[m a='QQ==' a='QQ==']", "m: its attributes are not quoted as they should be"),
        ("##octopus[m a='QQ==' A='QQ==']", 'm: it has "A" twice'),
        ("##octopus[m a='hello world!']", 'm: the value of "a" is not base64'),
        ("##octopus[m a='QQ=']", 'm: the value of "a" is not base64'),
        ("##octopus[hunter2!?]", "its attributes are not quoted as they should be"),
    ],
)
def test_broken_messages_are_told_without_their_values(line: str, expected: str) -> None:
    assert reason(line) == expected


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    assert read("##octopus[m a='/w==']").get("A") == "\ufffd"


def test_a_message_does_not_show_its_values() -> None:
    assert "secret" not in repr(ServiceMessage("mask", {"value": "secret"}))
    assert "secret" not in repr(OutputVariable("a", "secret"))


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"name": "A", "value": "1"}, OutputVariable("A", "1")),
        ({"NAME": "A", "Value": "1", "Sensitive": "true"}, OutputVariable("A", "1", sensitive=True)),
        ({"name": "A", "value": "1", "sensitive": "yes"}, OutputVariable("A", "1")),
        ({"name": "A"}, OutputVariable("A", "")),
        ({"name": " ", "value": "1"}, None),
        ({"value": "1"}, None),
    ],
)
def test_output_variables(attributes: dict[str, str], expected: OutputVariable | None) -> None:
    assert OutputVariable.of(ServiceMessage("setVariable", attributes)) == expected


def test_artifacts() -> None:
    message = ServiceMessage("createArtifact", {"path": "/treadle/work/a.txt", "length": "12"})
    assert ArtifactRequest.of(message) == ArtifactRequest("/treadle/work/a.txt", "a.txt", 12)
    assert ArtifactRequest.of(ServiceMessage("createArtifact", {"name": "a"})) is None


@pytest.mark.parametrize(("percentage", "expected"), [("5", 5), (" 100 ", 100), ("5.5", None), ("", None)])
def test_progress(percentage: str, expected: int | None) -> None:
    progress = Progress.of(ServiceMessage("progress", {"percentage": percentage, "message": "half"}))
    assert progress == (None if expected is None else Progress(expected, "half"))


def test_secrets_are_known_by_message() -> None:
    assert ServiceMessage("mask", {"value": "v"}).secrets == ("v",)
    assert ServiceMessage("setVariable", {"name": "n", "value": "v"}).secrets == ()
    assert ServiceMessage("setVariable", {"name": "n", "value": "v", "sensitive": "True"}).secrets == ("v",)
    assert ServiceMessage("create-tokenaccount", {"name": "n", "token": "v"}).secrets == ("v",)
    assert ServiceMessage("create-azureaccount", {"azPassword": "v"}).secrets == ("v",)


def test_level_switches_name_the_stream_they_switch() -> None:
    assert LEVEL_SWITCHES["stderr-progress"] == (Stream.STDERR, Level.VERBOSE)
    assert LEVEL_SWITCHES["stdout-default"] == (Stream.STDOUT, Level.INFO)

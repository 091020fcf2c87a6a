"""The map of variables and what it answers."""

import pytest

from runner.octostache import RecursiveDefinitionError, Variables


def test_names_are_found_whatever_their_case() -> None:
    assert Variables({"Host": "web-1"}).evaluate("#{hOST}!").text == "web-1!"


def test_an_evaluation_tells_what_it_read_and_what_was_missing() -> None:
    result = Variables({"Url": "http://#{Host}/", "Host": "web-1"}).evaluate("#{Url} #{Port} #{host}")

    assert result.text == "http://web-1/ #{Port} web-1"
    assert result.reads == ("Url", "Host")
    assert result.missing == ("#{Port}",)


def test_a_value_that_refers_to_itself_is_an_error() -> None:
    with pytest.raises(RecursiveDefinitionError) as caught:
        Variables({"A": "#{B}", "B": "#{A}"}).evaluate("#{A}")

    assert caught.value.chain == ("A", "B", "A")


def test_a_child_adds_variables_without_touching_its_parent() -> None:
    parent = Variables({"A": "1", "S[x].N": "old"})
    child = parent.child({"A": "2", "S[x].N": "new", "S[y].N": "more"})
    parent.set("B", "3")

    assert child.evaluate("#{A}#{each s in S}#{s.N},#{/each}#{B}").text == "2new,more,#{B}"
    assert parent.evaluate("#{A}#{each s in S}#{s.N},#{/each}#{B}").text == "1old,3"

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


@pytest.mark.parametrize(
    ("text", "results"),
    [
        ("<#{Pw | ToUpper}>", ["S3CRET WORD"]),
        ("#{Pw | Substring 3} #{Host}", ["s3c"]),
        ("#{Alias | Trim} and #{Alias}", ["a s3cret word", " a s3cret word "]),
        ('#{if Pw == "x"}one#{else}other#{/if}', ["other"]),
        ("#{each c in List}[#{c}]#{/each}", ["s3cret", "word", "[s3cret][word]"]),
        ("#{Json.key}", ["s3cret word"]),
        ("#{Places[#{Key}]}", ["by key"]),
        ("#{Host | Append #{Pw}}", ["web-1s3cret word"]),
        ("#{Pw | NoSuchFilter} #{Host}", []),
        ("#{Host}", []),
    ],
)
def test_what_comes_of_a_sensitive_variable_is_told(text: str, results: list[str]) -> None:
    variables = {
        "Pw": "s3cret word",
        "Alias": " a #{Pw} ",
        "List": "s3cret,word",
        "Json": '{"key": "s3cret word"}',
        "Key": "k",
        "Places[k]": "by key",
        "Host": "web-1",
    }
    evaluation = Variables(variables, sensitive=["PW", "List", "Json", "Key"]).evaluate(text)
    assert [result for result in results if result not in evaluation.secret_results] == []
    assert bool(evaluation.secret_results) == bool(results)
    shown = (
        Variables(variables, sensitive=["PW", "List", "Json", "Key"]).evaluate(text, conceal="***").text or ""
    )
    assert not any(result in shown for result in results)
    assert ("***" in shown) == bool(results)


def test_a_child_may_hide_a_sensitive_variable_or_make_another_one_sensitive() -> None:
    parent = Variables({"Pw": "s3cret", "A": "#{Pw}"}, sensitive=["Pw"])
    child = parent.child({"Pw": "public", "Key": "hidden"}, ["Key"])
    assert parent.evaluate("#{A}").secret_results == ("s3cret",)
    assert child.evaluate("#{A}#{Key}").secret_results == ("hidden",)

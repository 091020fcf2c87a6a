from __future__ import annotations

from runner.bootstrap import dictionary


def test_names_that_differ_in_case_are_one_variable() -> None:
    variables = {"Name": "first", "Other": None, "NAME": "second"}
    assert list(dictionary.readable(variables).items()) == [("Name", "second"), ("Other", "")]


def test_letters_that_change_their_number_with_the_case_stay_apart() -> None:
    assert dictionary.readable({"Straße": "1", "STRASSE": "2"}) == {"Straße": "1", "STRASSE": "2"}
    assert dictionary.readable({"Ünï": "1", "ÜNÏ": "2"}) == {"Ünï": "2"}


def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    assert dictionary.readable({"a\ud83d": "\ude00b 😀"}) == {"a\ufffd": "\ufffdb 😀"}


def test_flags_are_true_in_any_case_and_nothing_else() -> None:
    assert [dictionary.is_true(text) for text in ("True", "true", "yes", "1", "", None)] == [True] * 2 + [
        False
    ] * 4


def test_modules_are_found_by_language() -> None:
    variables = {
        "Octopus.Script.Module[My Tools_1!]": "source",
        "Octopus.Script.Module.Language[My Tools_1!]": "bash",
        "Octopus.Script.Module[Ünï-2]": "other",
        "Octopus.Script.Module.Language[Ünï-2]": "Bash",
        "Octopus.Script.Module[Old]": "no language is PowerShell",
    }
    assert list(dictionary.modules(variables, "Bash")) == [
        ("My Tools_1!", "MyTools_1", "source"),
        ("Ünï-2", "Ünï2", "other"),
    ]
    assert [module.name for module in dictionary.modules(variables, "PowerShell")] == ["Old"]


def test_the_array_shows_no_machinery() -> None:
    variables = {
        "A": "1",
        "Octopus.Script.Module[X]": "source",
        "Octopus.Script.Module.Language[X]": "Bash",
        "Octopus.Deployment.PackageBuildInformation": "[]",
    }
    assert list(dictionary.without_machinery(variables)) == ["A", "Octopus.Script.Module.Language[X]"]

"""What a text says about variables."""

import pytest

from runner.octostache import LimitExceededError, argument_names, variable_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("no expression", []),
        ("#{Site.Host | ToUpper} and #{Site.Host}", ["Site.Host"]),
        ("#{if A.B == C}#{Slack.Hook}#{else}#{D}#{/if}", ["A.B", "C", "Slack.Hook", "D"]),
        ('#{unless A == "quoted"}#{B}#{/unless}', ["A", "B"]),
        ("#{each site in Sites}#{site.Url}#{Suffix}#{/each}#{site.Url}", ["Sites", "Suffix", "site.Url"]),
        ("#{each site in Sites}#{SITE[0].Url}#{Octopus.Template.Each.Index}#{/each}", ["Sites"]),
        ("#{each a in A}#{each b in a.List}#{a.X}#{b}#{C[#{b}]}#{/each}#{/each}", ["A", "C"]),
        ("#{Url[#{Name}].Port} #{List[0].Url}", ["Name", "Url", "List[0].Url"]),
        ("#{A | Replace #{B}#{C | Append #{D}}}", ["A", "B", "C", "D"]),
        ("#{calc (A + {B-C}) * 2}", ["A", "B-C"]),
        ("#{ | Append x}#{ | NowDate}", []),
        ("##{Escaped} #{Open #{Inner}", ["Inner"]),
    ],
)
def test_the_names_of_variables_are_whole_paths(text: str, names: list[str]) -> None:
    assert variable_names(text) == names


def test_the_names_of_arguments_are_single_steps() -> None:
    text = '#{A.B[#{C}] | Append #{D}}#{if E == "f"}#{G}#{/if}#{each h in I}#{J}#{/each}#{calc K.L}'

    assert argument_names(text) == ["A", "B", "C", "D", "E", "f", "G", "I", "K", "L"]


def test_names_in_a_text_nested_too_deep_are_an_error() -> None:
    with pytest.raises(LimitExceededError):
        variable_names("#{if A}" * 100 + "#{/if}" * 100)

"""The helpers of plain shell scripts, in a Debian and in a BusyBox image."""

from __future__ import annotations

import base64

import pytest

from tests.runner.bootstrap.conftest import Run

pytestmark = pytest.mark.docker


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_variables_are_read_verbatim(sh: Run) -> None:
    values = {
        "A": '  it\'s\n$HOME `id` \\n "q" ü€\n',
        "a": "*",
        "Empty": "",
        "-n": "-e",
        "'q' ) ;;": "odd",
        "Null": None,
    }
    body = """
    for name in A Empty -n "'q' ) ;;" Null; do get_octopusvariable "$name"; echo "|"; done
    get_octopusvariable Missing; get_octopusvariable a; get_octopusvariable
    """
    ran = sh(body, variables=values)
    assert ran.stdout == "*|\n|\n-e|\nodd|\n|\n\n\n\n"
    assert (ran.stderr, ran.exit_code) == ("", 0)


def test_messages_survive_a_strict_script(sh: Run) -> None:
    body = """
    set -eu
    set_octopusvariable Result '  a *  ü '
    set_octopusvariable Secret s3cret -sensitive
    set_octopusvariable Empty
    update_progress 50
    write_warning '-n  * \\t'
    write_verbose
    long=$(printf '%0300d' 7); set_octopusvariable Long "$long"
    encode_servicemessagevalue hello; echo
    decode_servicemessagevalue aGVsbG8=; echo
    fail_step 'it broke'
    echo never
    """
    ran = sh(body)
    assert ran.lines == [
        f"##octopus[setVariable name='{coded('Result')}' value='{coded('  a *  ü ')}']",
        f"##octopus[setVariable name='{coded('Secret')}' value='{coded('s3cret')}' sensitive='{coded('True')}']",
        f"##octopus[setVariable name='{coded('Empty')}' value='']",
        f"##octopus[progress percentage='{coded('50')}' message='']",
        "##octopus[stdout-warning]",
        "-n  * \\t",
        "##octopus[stdout-default]",
        "##octopus[stdout-verbose]",
        "",
        "##octopus[stdout-default]",
        f"##octopus[setVariable name='{coded('Long')}' value='{coded('7'.zfill(300))}']",
        "aGVsbG8=",
        "hello",
        f"##octopus[resultMessage message='{coded('it broke')}']",
    ]
    assert (ran.stderr, ran.exit_code) == ("", 1)


def test_an_artifact_has_its_full_path(sh: Run) -> None:
    body = "mkdir d; cd d; printf 12345 >'-a b.txt'; new_octopusartifact '-a b.txt'; new_octopusartifact ../d nice"
    lines = sh(body).lines
    assert lines[0] == "Collecting -a b.txt as an artifact..."
    assert lines[4] == (
        f"##octopus[createArtifact path='{coded('/treadle/work/d/-a b.txt')}' name='{coded('-a b.txt')}' "
        f"length='{coded('5')}']"
    )
    assert lines[9] == (
        f"##octopus[createArtifact path='{coded('/treadle/work/d')}' name='{coded('nice')}' length='{coded('0')}']"
    )


def test_a_missing_artifact_ends_the_script(sh: Run) -> None:
    ran = sh("new_octopusartifact nothere; echo never")
    assert ran.lines == ["Collecting nothere as an artifact..."]
    assert ran.exit_code == 1
    assert 'there is no file "nothere"' in ran.stderr


def test_bytes_are_encoded_without_a_base64_tool(sh: Run) -> None:
    body = """
    command() { if [ "$2" = base64 ]; then return 1; fi; "$@"; }
    for text in '' a ab abc 'ü€😀' "$LONG"; do encode_servicemessagevalue "$text"; echo; done
    """
    long = "0123456789äöü" * 50
    ran = sh(body, environment={"LONG": long})
    assert ran.lines == [coded(text) for text in ("", "a", "ab", "abc", "ü€😀", long)]


def test_parameters_are_shell_words(sh: Run) -> None:
    body = 'echo "$#"; for word in "$@"; do echo "[$word]"; done'
    assert sh(
        body, parameters="'a b' \"$(get_octopusvariable V)\" # rest", variables={"V": "x  y"}
    ).lines == [
        "2",
        "[a b]",
        "[x  y]",
    ]
    assert sh(body).lines == ["0"]
    assert sh(f"{body}; exit 4", parameters="a >out && echo never").exit_code == 4
    assert sh("echo hidden; return 3", parameters="a >/dev/null || echo $?").lines == ["3"]


def test_no_value_is_to_be_seen(sh: Run) -> None:
    body = "get_octopusvariable V >/dev/null; set | grep 't0[p]secret'; env | grep 't0[p]secret'; true"
    assert sh(body, variables={"V": "t0psecret"}).stdout == ""


def test_traces_show_no_value(sh: Run) -> None:
    ran = sh("set -vx; get_octopusvariable V", variables={"V": "t0psecret", "W": "t0psecret"})
    assert ran.stdout == "t0psecret"
    assert "get_octopusvariable V" in ran.stderr
    assert "t0psecret" not in ran.stderr


def test_the_environment_is_told_at_verbose_level(sh: Run) -> None:
    told = sh("echo hi", log_environment=True).lines
    assert told[0] == "##octopus[stdout-verbose]"
    assert told[-2:] == ["##octopus[stdout-default]", "hi"]

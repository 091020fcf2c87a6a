"""Every lint rule finds what it is for, and nothing in a good template."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from registry.errors import Invalid
from registry.lint.linter import lint
from registry.lint.rule import RULES
from registry.model import Problem
from registry.resources import builtin_templates
from registry.template.scaffold import new_template, write_new
from tests.support.library import CHECKOUT, CommunityLibrary

BODY = "Octopus.Action.Script.ScriptBody"
SYNTAX = "Octopus.Action.Script.Syntax"


def good(**changes: Any) -> dict[str, Any]:
    return {
        "Id": "7f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11",
        "Name": "Greeting - Say hello",
        "Description": "Greets everybody.",
        "ActionType": "Octopus.Script",
        "Version": 3,
        "Properties": {SYNTAX: "Bash", BODY: 'set -e\necho "$(get_octopusvariable Greeting.Name)"\n'},
        "Parameters": [parameter()],
        "$Meta": {"ExportedAt": "2024-01-01T00:00:00.000Z", "Type": "ActionTemplate"},
        "LastModifiedBy": "me",
        "Category": "other",
        **changes,
    }


def parameter(**changes: Any) -> dict[str, Any]:
    return {
        "Name": "Greeting.Name",
        "Label": "Name",
        "HelpText": "Who is greeted.",
        "DefaultValue": "world",
        "DisplaySettings": {"Octopus.ControlType": "SingleLineText"},
        **changes,
    }


def findings(tmp_path: Path, value: dict[str, Any], name: str = "greeting-say-hello.json") -> list[Problem]:
    (tmp_path / name).write_text(json.dumps(value, indent=2))
    return list(lint([tmp_path]).problems)


def script(syntax: str, body: str) -> dict[str, Any]:
    return good(Properties={SYNTAX: syntax, BODY: body}, Parameters=[])


def test_good_template_is_good(tmp_path: Path) -> None:
    assert findings(tmp_path, good()) == []


@pytest.mark.parametrize(
    ("rule", "value", "message"),
    [
        ("sample-id", good(Id="00000000-0000-0000-0000-000000000000"), "is that of a sample"),
        ("name-style", good(Name="Greeting say hello"), "not of the form"),
        ("hidden-character", good(Name="Greeting - Say\x1b[2J hello"), "Name holds ^["),
        ("hidden-character", good(Description="Says hello, gpj.exe\u202e"), "Description holds \\u202e"),
        ("blank-in-name", good(Name="Greeting - Say hello "), "begins or ends with a blank"),
        ("description-missing", good(Description=None), "no description to speak of"),
        ("category-style", good(Category="Slack"), 'the category "Slack" is not in lower case'),
        ("category-style", good(Category=None), "there is no category"),
        ("file-name", good(Name="Slack - Send message"), 'called "greeting-say-hello"'),
        ("parameter-help", good(Parameters=[parameter(HelpText=" ")]), '"Greeting.Name" has no help'),
        ("parameter-label", good(Parameters=[parameter(Label=None)]), '"Greeting.Name" has no label'),
        (
            "secret-default",
            good(
                Parameters=[
                    parameter(DefaultValue="hunter2", DisplaySettings={"Octopus.ControlType": "Sensitive"})
                ]
            ),
            "has a secret for a default",
        ),
        ("secret-default", good(Parameters=[parameter(DefaultValue="AKIA" + "A1B2" * 4)]), "has a secret"),
        (
            "example-default",
            good(Parameters=[parameter(DefaultValue="http://example.com")]),
            "looks like an example",
        ),
        ("default-not-text", good(Parameters=[parameter(DefaultValue=5)]), "is the number 5, expected text"),
        (
            "feed-hard-coded",
            good(Packages=[{"FeedId": "feeds-builtin"}]),
            'the feed "feeds-builtin" of package 1',
        ),
        ("export-data", good(LastModifiedBy=None), '"LastModifiedBy" is missing'),
        (
            "secret-in-script",
            script("Bash", "set -e\npassword='Tr0ub4dor3'\n"),
            "line 2 of the script: this looks",
        ),
        (
            "secret-in-script",
            script("PowerShell", "$k = 'ghp_" + "a1B2" * 9 + "'"),
            "line 1 of the script: this looks like a secret: a GitHub token",
        ),
        (
            "secret-in-script",
            script("Bash", "set -e\nexport AWS_SECRET_ACCESS_KEY=" + "a1B2+" * 8 + "\n"),
            "line 2 of the script: this looks like a secret: an AWS secret key",
        ),
        (
            "secret-in-script",
            script("Python", "aws = {'aws_secret_access_key': '" + "a1B2/" * 8 + "'}\n"),
            "an AWS secret key",
        ),
        (
            "secret-in-script",
            script("Bash", "set -e\ncat > key <<E\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nE\n"),
            "line 3 of the script: this looks like a secret: a private key",
        ),
        (
            "secret-in-script",
            script("Bash", "set -e\nexport DEPLOY_TOKEN=9f8a7b6c5d4e3f2a1b0c\n"),
            "named like one",
        ),
        (
            "never-fails",
            script("Bash", "a\nb\nc\nd\n"),
            "no error fails this Bash script, but for that of its last",
        ),
        ("never-fails", script("Bash", "a\nb\nc || true\necho done\n"), "no error fails this Bash script"),
        (
            "never-fails",
            script("PowerShell", "$ErrorActionPreference = 'Continue'\na\nb\nc\n"),
            "no error fails this PowerShell script",
        ),
        ("error-swallowed", script("PowerShell", "try { a }\ncatch { }\n"), "line 2 of the script"),
        (
            "error-swallowed",
            script("Python", "try:\n  a\nexcept Exception:\n  pass\n"),
            "line 3 of the script",
        ),
        (
            "green-after-error",
            script("PowerShell", "try { a }\ncatch {\n  exit 0\n}"),
            "line 3 of the script",
        ),
        (
            "download-run-blindly",
            script("Bash", "set -e\ncurl -s https://x | bash\n"),
            "line 2 of the script",
        ),
        ("download-run-blindly", script("PowerShell", "iex (iwr https://x)"), "line 1 of the script"),
        ("certificate-not-checked", script("Bash", "set -e\ncurl -sk https://x\n"), "line 2 of the script"),
        (
            "certificate-not-checked",
            script("Python", "requests.get(u, verify=False)"),
            "line 1 of the script",
        ),
        ("line-ends", script("Bash", "set -e\r\n"), "the Bash script has Windows line ends"),
        ("line-ends", script("PowerShell", "a\r\nb\nc\n"), "the script has both kinds of line ends"),
        ("windows-only", script("PowerShell", "$x = 1\nGet-Service\nGet-EventLog x"), "line 2 of the script"),
        (
            "windows-only",
            script("PowerShell", "Get-Service\nGet-EventLog x"),
            "Get-Service (line 1) and 1 more",
        ),
        ("windows-powershell-only", script("PowerShell", "\nSort x"), "Sort (= Sort-Object on Windows)"),
        ("differs-on-linux", script("PowerShell", "\n$env:Path"), "line 2 of the script"),
        (
            "outputs-undeclared",
            {**script("Bash", 'set -e\nset_octopusvariable "Said" x\n'), "Treadle": {"Outputs": []}},
            'the output "Said" is not declared',
        ),
    ],
)
def test_rule_finds_what_it_is_for(tmp_path: Path, rule: str, value: dict[str, Any], message: str) -> None:
    (problem,) = findings(tmp_path, value)
    assert problem.code == rule
    assert message in problem.message
    assert problem.hint == RULES[rule].fix
    assert problem.line is not None


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ("parameter-namespace", "name"),
        ("parameter-name", "Greeting.Full name"),
        ("secret-not-sensitive", "Greeting.ApiKey"),
        ("unused-parameter", "Greeting.Other"),
    ],
)
def test_rule_about_a_name(tmp_path: Path, rule: str, name: str) -> None:
    body = "" if rule == "unused-parameter" else f"get_octopusvariable '{name}'"
    value = good(Properties={SYNTAX: "Bash", BODY: f"set -e\n{body}"}, Parameters=[parameter(Name=name)])
    (problem,) = findings(tmp_path, value)
    assert (problem.code, name in problem.message) == (rule, True)


@pytest.mark.parametrize(
    "value",
    [
        # The exit code of the last command is the script's.
        script("Bash", "x=$(get_octopusvariable 'a')\nset -x\n\n# copy\nrsync \\\n  -a \"$x\" /b\n"),
        script("Bash", "x='1'\nif [ -n \"$x\" ]; then\n  rsync a b\nfi\n"),
        script("Bash", "set -e\n# curl -k https://x | bash\n"),
        script("PowerShell", "if ($IsWindows) { Get-Service }\naz login\nmy-tool"),
        script("PowerShell", "# lint: allow windows-only\nGet-Service"),
        script("Bash", "set -e\ncurl -k https://x  # lint: allow certificate-not-checked\n"),
        script("Bash", "set -e\npassword=$(get_octopusvariable 'x')\npassword=\"$1\"\n"),
        script(
            "Bash",
            "set -e\nexport AWS_SECRET_ACCESS_KEY=$key API_TOKEN=$1\nexport TOKEN_FILE=/run/secrets/a1\n",
        ),
        script("Bash", 'set -e\ngrep -q "-----BEGIN RSA PRIVATE KEY-----" file\n'),
        script("PowerShell", "$password = $OctopusParameters['x']\n$secret = 'placeholder'\na\nb\nc"),
        good(
            Parameters=[
                parameter(DefaultValue="#{Secret}", DisplaySettings={"Octopus.ControlType": "Sensitive"})
            ]
        ),
        good(Packages=[{"FeedId": "#{Feed}"}, {"FeedId": None}]),
        script("Python", "try:\n  a\nexcept Exception:\n  raise\n"),
    ],
)
def test_rule_leaves_good_ones_alone(tmp_path: Path, value: dict[str, Any]) -> None:
    assert findings(tmp_path, value) == []


def test_twins_are_found(tmp_path: Path) -> None:
    findings(tmp_path, good(), "greeting-hello.json")
    problems = findings(tmp_path, good(Name="greeting - say HELLO"))
    assert [(problem.code, Path(problem.file or "").name) for problem in problems] == [
        ("duplicate-id", "greeting-say-hello.json"),
        ("duplicate-name", "greeting-say-hello.json"),
    ]


def test_mark_at_the_beginning_is_found(tmp_path: Path) -> None:
    (tmp_path / "greeting-say-hello.json").write_text("\ufeff" + json.dumps(good()))
    assert [problem.code for problem in lint([tmp_path]).problems] == ["byte-order-mark"]


def test_folder_wants_logo_readme_and_tests(tmp_path: Path) -> None:
    write_new(tmp_path / "hello-team", new_template("hello-team", "bash", "Hello - Greet the team"))
    assert list(lint([tmp_path]).problems) == []
    (tmp_path / "hello-team/README.md").unlink()
    (tmp_path / "hello-team/logo.png").write_bytes(b"no picture")
    (tmp_path / "hello-team/tests/says.yaml").unlink()
    assert [problem.code for problem in lint([tmp_path]).problems] == ["logo", "readme", "tests"]


def test_finding_in_a_script_file_has_its_line(tmp_path: Path) -> None:
    write_new(tmp_path / "hello-team", new_template("hello-team", "bash", "Hello - Greet the team"))
    file = tmp_path / "hello-team/script.sh"
    file.write_text(file.read_text() + "curl -k https://x\n")
    (problem,) = lint([tmp_path]).problems
    assert (problem.file, problem.line) == (str(file), len(file.read_text().splitlines()))


def test_rules_can_be_left_out(tmp_path: Path) -> None:
    findings(tmp_path, good(Category="Slack", Description=""))
    assert [problem.code for problem in lint([tmp_path], ["category-style"]).problems] == [
        "description-missing"
    ]
    with pytest.raises(Invalid, match='no lint rule "categry-style"'):
        lint([tmp_path], ["categry-style"])


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        ('{"ActionType": ', ["json-syntax"]),
        (json.dumps(good(Category=5, Description="")), ["wrong-type"]),
        (json.dumps(good(**{"$Meta": "x"})), ["wrong-type"]),
    ],
)
def test_template_that_is_not_valid_gets_its_errors_only(
    tmp_path: Path, content: str, codes: list[str]
) -> None:
    (tmp_path / "x.json").write_text(content)
    report = lint([tmp_path])
    assert (report.templates, [problem.code for problem in report.problems]) == (0, codes)


def test_built_in_templates_are_good() -> None:
    # What is compared with git's HEAD depends on the state of the checkout.
    assert list(lint([builtin_templates()], ["version-not-raised"]).problems) == []


def test_every_rule_is_explained() -> None:
    for rule in RULES.values():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
        assert rule.why.endswith(".")
        assert rule.fix
    documented = re.findall(r"^\| `([a-z][a-z-]+)` \|", (CHECKOUT / "docs/lint.md").read_text(), re.MULTILINE)
    assert documented == list(RULES)


def test_findings_in_the_community_library_are_those_of_the_docs(
    community_library: CommunityLibrary, tmp_path: Path
) -> None:
    for name, data in community_library.templates.items():
        (tmp_path / name).write_bytes(data)
    report = lint([tmp_path])
    found = dict.fromkeys(RULES, 0)
    for problem in report.problems:
        found[problem.code] += 1
    rows = re.findall(
        r"^\| `([a-z-]+)` \|.*\| (\d+) \|$", (CHECKOUT / "docs/lint.md").read_text(), re.MULTILINE
    )
    assert report.templates == 571
    assert found == {rule: int(count) for rule, count in rows}


@pytest.mark.parametrize("name", ["Secrets.SecretVersion", "Vault.TokenTtl", "Api.KeyCount"])
def test_what_is_said_about_a_secret_is_none(tmp_path: Path, name: str) -> None:
    value = good(
        Properties={SYNTAX: "Bash", BODY: f"set -e\nget_octopusvariable '{name}'"},
        Parameters=[parameter(Name=name)],
    )
    assert "secret-not-sensitive" not in {problem.code for problem in findings(tmp_path, value)}


def test_a_parameter_that_is_read_in_another_case_gets_nothing(tmp_path: Path) -> None:
    body = "set -e\nget_octopusvariable 'greeting.name'"
    value = good(Properties={SYNTAX: "Bash", BODY: body}, Parameters=[parameter(Name="Greeting.Name")])
    (problem,) = findings(tmp_path, value)
    assert (problem.code, '"Greeting.Name"' in problem.message) == ("parameter-case", True)


def test_what_a_rule_advises_is_a_sentence() -> None:
    assert [one.id for one in RULES.values() if not one.fix[0].isupper() or one.fix[-1] != "."] == []

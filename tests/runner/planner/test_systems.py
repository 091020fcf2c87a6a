"""Scripts that cannot run where their container does are told in the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from registry.template.octopus import SCRIPT_SYNTAX
from runner.engine.worker_image import IMAGES, worker_reference
from runner.plan import Plan
from tests.support.plans import TWO_ENVIRONMENTS, Desk, template
from tests.support.problems import problem_lines, refusal


def _plan(folder: Path, script: str, image: str = "example.org/any:1", **inputs: Any) -> Plan:
    powershell = template(body=script, properties={SCRIPT_SYNTAX: "PowerShell"})
    desk = Desk(folder, {"library/tool": powershell})
    step = {"name": "A", "uses": "library/tool@3", "container": {"image": image}}
    return desk.plan([step], TWO_ENVIRONMENTS, environment="Test", **inputs)


@pytest.fixture
def _powershell_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.template.runnable.RUNNABLE_SYNTAXES", ("Bash", "Python", "PowerShell"))


@pytest.mark.usefixtures("_powershell_runs")
class TestOnceItRuns:
    def test_a_script_for_windows_is_planned_with_a_warning(self, tmp_path: Path) -> None:
        plan = _plan(tmp_path, "Get-Date\nGet-Service x\n")
        assert len(plan.actions) == 1
        assert problem_lines(plan.warnings) == [
            '4:11 step "A": the template library/tool@3 runs on Windows only: it uses Windows services: Get-Service '
            "(line 2) [windows-only] > It will probably fail in its container. Choose another template, or skip the "
            "step."
        ]

    def test_windows_powershell_is_named(self, tmp_path: Path) -> None:
        (warning,) = _plan(tmp_path, "Add-PSSnapin x").warnings
        assert "runs on Windows PowerShell 5.1 only: it uses a snap-in" in warning.message

    def test_aliases_of_windows_can_be_had(self, tmp_path: Path) -> None:
        (warning,) = _plan(tmp_path, "dir | Sort Name").warnings
        assert warning.hint == "Give the step `aliases: windows`."

    def test_many_reasons_are_counted(self, tmp_path: Path) -> None:
        script = "Get-Service\nGet-EventLog x\nnetsh\ncd HKLM:\\\nappcmd.exe"
        (warning,) = _plan(tmp_path, script).warnings
        assert warning.message.endswith("(line 3) and 2 more")

    def test_a_script_that_cannot_be_read_may_fail(self, tmp_path: Path) -> None:
        (warning,) = _plan(tmp_path, "(" * 50).warnings
        assert warning.code == "platform-unknown"

    def test_a_tool_that_an_image_of_ours_lacks_is_named_with_the_image_that_has_it(
        self, tmp_path: Path
    ) -> None:
        (warning,) = _plan(tmp_path, "az login\ngit status", image=worker_reference()).warnings
        having = IMAGES["azure-cli"].reference
        assert warning.code == "tool-missing"
        assert warning.message == f'step "A" needs az, which the image {worker_reference()} lacks'
        assert warning.hint == (
            f"The image {having} has it: `treadle image build azure-cli`, then "
            f"`container: {{image: {having}}}` in the step."
        )
        assert _plan(tmp_path, "az login\ngit status", image=having).warnings == ()

    def test_a_tool_that_no_image_of_ours_has(self, tmp_path: Path) -> None:
        (warning,) = _plan(tmp_path, "terraform init; Get-AzVM", image=worker_reference()).warnings
        assert "needs terraform, Az, which" in warning.message
        assert warning.hint == "Give the step an image with it: `container: {image: ...}`."

    @pytest.mark.parametrize(
        ("script", "image"),
        [
            ("terraform init", "example.org/tools:1"),
            ("Save-Module SimplySql; Open-MySqlConnection", None),
            ("New-Object System.Data.SqlClient.SqlConnection", None),
            ("Get-Service", None),
        ],
    )
    def test_what_may_be_there_is_not_missed(self, tmp_path: Path, script: str, image: str | None) -> None:
        plan = _plan(tmp_path, script, image=image or worker_reference())
        assert "tool-missing" not in {warning.code for warning in plan.warnings}

    def test_a_script_for_linux_needs_no_word(self, tmp_path: Path) -> None:
        assert _plan(tmp_path, "az login; if ($IsWindows) { Get-Service }").warnings == ()

    def test_a_step_that_is_skipped_needs_no_word(self, tmp_path: Path) -> None:
        assert _plan(tmp_path, "Get-Service", skip=("A",)).warnings == ()


def test_a_script_in_bash_is_not_read(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"library/tool": template(body="Get-Service")})
    assert desk.plan([{"name": "A", "uses": "library/tool@3"}]).warnings == ()


def test_where_powershell_does_not_run_that_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.template.runnable.RUNNABLE_SYNTAXES", ("Bash", "Python"))
    (line,) = refusal(lambda: _plan(tmp_path, "Get-Service"))
    assert "is written in PowerShell" in line

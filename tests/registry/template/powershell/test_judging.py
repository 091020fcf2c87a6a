"""Where PowerShell scripts can run, and why."""

from __future__ import annotations

import pytest

from registry.template.platform import Evidence, Platform, Verdict, read_verdict
from registry.template.powershell.judging import judge
from registry.template.powershell.tables import tables


@pytest.mark.parametrize(
    ("script", "kind", "name"),
    [
        ("Get-Service x", "services", "Get-Service"),
        ("gsv x", "services", "gsv (= Get-Service on Windows)"),
        ("restart-service x", "services", "restart-service"),
        ("Get-CimInstance Win32_X", "wmi", "Get-CimInstance"),
        ("Import-Module WebAdministration", "iis", "WebAdministration"),
        ("Get-ChildItem IIS:\\AppPools", "iis", "IIS:"),
        ("$x = 'HKLM:\\Software'", "registry", "HKLM:"),
        ("Test-Path 'Registry::HKEY_USERS'", "registry", "Registry:"),
        ("[Microsoft.Win32.Registry]::LocalMachine", "registry", "Microsoft.Win32.Registry"),
        ("New-Object -com Shell.Application", "parameter", "New-Object -com Shell.Application"),
        ("Restart-Computer -Force", "parameter", "Restart-Computer -Force"),
        ("Add-Type -AssemblyName System.Windows.Forms", "windows-assembly", "System.Windows.Forms"),
        (
            "[Reflection.Assembly]::Load('System.Messaging, Version=4')",
            "windows-server-product",
            "System.Messaging",
        ),
        ("& $env:windir\\x", "windows-environment", "windir"),
        ('& "$x\\mage.exe"', "windows-program", "mage.exe"),
        ("& 'C:\\Program Files\\x y.exe' a", "windows-program", "x y.exe"),
        ("$t = Join-Path $a 'tool.exe'; & $t", "windows-program", "tool.exe"),
        (".\\mysqldump.exe", "windows-program", "mysqldump.exe"),
        ("Start-Process iisreset -Wait", "windows-program", "iisreset"),
        ("netsh advfirewall", "windows-program", "netsh"),
        ("#Requires -Modules ActiveDirectory", "active-directory", "ActiveDirectory"),
        ("using module ServerManager", "windows-features", "ServerManager"),
        ("if ($x) { Get-Service }", "services", "Get-Service"),
    ],
)
def test_what_only_windows_has(script: str, kind: str, name: str) -> None:
    verdict = judge(script)
    assert verdict.platform is Platform.WINDOWS_ONLY
    assert (kind, name, (1,)) in [(item.kind, item.name, item.lines) for item in verdict.reasons]
    assert not verdict.needs_5


@pytest.mark.parametrize(
    "script",
    [
        "Add-PSSnapin X",
        "New-WebServiceProxy -Uri x",
        "Sort x",
        "sleep -Seconds 5",
        "Get-Content x -Encoding Byte",
        "$x | ConvertTo-Json -Depth 200",
        "#Requires -PSEdition Desktop",
        "[Net.SecurityProtocolType]::Ssl3",
    ],
)
def test_what_only_windows_powershell_has_is_a_reason_of_its_own(script: str) -> None:
    verdict = judge(script)
    assert verdict.platform is Platform.WINDOWS_ONLY
    assert verdict.needs_5
    assert str(verdict) == "Windows only (Windows PowerShell 5.1)"


@pytest.mark.parametrize(
    "script",
    [
        "Get-ChildItem | Sort-Object | select -First 1",
        "function Get-Service { }\nGet-Service",
        "function Unused { Get-Service }",
        "if ($IsWindows) { Get-Service }",
        "if ($IsLinux) { a } else { Get-Service }".replace("a", "Get-Item"),
        "Write-Host 'HKLM:\\x mage.exe'",
        "Set-OctopusVariable -Name a -Value b",
        "ConvertTo-Json -Depth 100",
        "mkdir a; chmod +x b",
        "Invoke-WebRequest https://example.org",
        "",
    ],
)
def test_what_linux_has(script: str) -> None:
    assert judge(script) == Verdict(Platform.LINUX)


@pytest.mark.parametrize(
    ("script", "tools"),
    [
        ("az login\nkubectl get pods\naz logout", ("az", "kubectl")),
        ("$x = 'az group list'; Invoke-Expression $x", ("az",)),
        ("Start-Process -FilePath git", ("git",)),
        ("function Run($tool) { & $tool }\nRun 'terraform' @('init')", ("terraform",)),
        ("$info.FileName = 'kubectl'", ("kubectl",)),
        ("Install-Module X; Get-AzVM", ("PowerShell Gallery", "Az")),
        ("Get-EC2Instance", ("AWS.Tools",)),
        ("New-Object System.Data.SqlClient.SqlConnection", ("SQL Server",)),
        ("if ($IsLinux) { docker ps }", ("docker",)),
    ],
)
def test_tools_that_linux_can_have(script: str, tools: tuple[str, ...]) -> None:
    verdict = judge(script)
    assert verdict.platform is Platform.LINUX_WITH_TOOLS
    assert verdict.tools == tools
    assert str(verdict) == f"Linux with tools: {', '.join(tools)}"


def test_the_evidence_says_where() -> None:
    verdict = judge("Get-Service a\n\nGet-Service b\nSet-Service c\n")
    assert [str(reason) for reason in verdict.reasons] == [
        "Windows services: Get-Service (lines 1, 3)",
        "Windows services: Set-Service (line 4)",
    ]


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("sleep 5", "windows-alias"),
        ("if ($a) { Set-Acl $x }", "acl"),
        ("$env:Path += ':/x'", "environment-case"),
        ("[Marshal]::PtrToStringAuto($x)", "secure-string"),
        ("Get-Frobnicated", "unknown-command"),
        ("$env:TEMP", "empty-on-linux"),
    ],
)
def test_what_behaves_otherwise_on_linux_is_a_remark(script: str, kind: str) -> None:
    verdict = judge(script)
    assert verdict.platform is Platform.LINUX
    assert [remark.kind for remark in verdict.remarks] == [kind]


@pytest.mark.parametrize(
    "script", ["(" * 100, "#" * (300 << 10), "$tool = $OctopusParameters['Tool']\n& $tool a b"]
)
def test_what_cannot_be_known_is_unknown(script: str) -> None:
    verdict = judge(script)
    assert verdict.platform is Platform.UNKNOWN
    assert len(verdict.reasons) == 1


def test_evidence_has_limits() -> None:
    verdict = judge("\n".join(f"Get-Service{' a' * (n % 2)}; & 'x{n}.exe'" for n in range(500)))
    assert len(verdict.reasons) <= 40
    assert all(len(reason.lines) <= 10 and len(reason.name) <= 120 for reason in verdict.reasons)


def test_a_verdict_survives_being_stored() -> None:
    verdict = judge("Get-Service\naz login\nsleep 5")
    assert verdict.tools
    assert verdict.remarks
    assert read_verdict(verdict.to_json()) == verdict


def test_the_tables_name_each_thing_once() -> None:
    data = tables()
    assert len({kind.id for kind in data.kinds}) == len(data.kinds)
    assert not data.linux & data.octopus
    assert {"get-service", "get-wmiobject"}.isdisjoint(data.linux)
    assert {name.lower() for name in data.linux_aliases}.isdisjoint(data.windows_aliases)
    assert Evidence("a", "b", "c").__str__() == "b: c"

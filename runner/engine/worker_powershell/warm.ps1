# Uses what scripts use most, and waits until .NET has written down what it compiled for that.

$ErrorActionPreference = 'Stop'
$profiled = "$HOME/.cache/powershell/StartupProfileData-NonInteractive"

Write-Host "PowerShell $($PSVersionTable.PSVersion) runs."
[ordered]@{ name = 'value'; list = 1, 2 } | ConvertTo-Json | ConvertFrom-Json | Out-Null
Get-ChildItem / | Where-Object Name -Like 't*' | Select-Object -First 1 | Format-Table | Out-String | Out-Null
[Security.Cryptography.SHA256]::HashData([byte[]](1, 2)) | Out-Null
try { throw 'expected' } catch { $_.ScriptStackTrace | Out-Null }

for ($second = 0; $second -lt 60 -and -not (Test-Path -LiteralPath $profiled); $second++) {
    Start-Sleep -Seconds 1
}
if (-not (Test-Path -LiteralPath $profiled)) { Write-Host 'No start-up profile was written: each start takes longer.' }

# Says {{prefix}}.Message, and hands its length on.

$ErrorActionPreference = "Stop"
$message = $OctopusParameters["{{prefix}}.Message"]

if ([string]::IsNullOrEmpty($message)) {
    Fail-Step "{{prefix}}.Message is empty: expected a text"
}

Write-Host $message
Set-OctopusVariable -name "Length" -value "$($message.Length)"

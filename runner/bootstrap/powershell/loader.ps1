# The text that PowerShell is started with, before there is a script: it warms up, waits, and becomes the bootstrap.

function Start-Treadle {
    # What scripts use first, so that its code is there when they come.
    try { throw 'warm' } catch { $null = "$($_.ScriptStackTrace)$($_.InvocationInfo.PositionMessage)" }
    'warm' | & { [CmdletBinding()] param([Parameter(ValueFromPipeline)][string]$text) process { Write-Host $text } } 6>$null
    $null = [ordered]@{ warm = 1, 2 } | ConvertTo-Json | ConvertFrom-Json
    $null = Get-Item /, /tmp | Where-Object Name | Select-Object -First 1
    . ([scriptblock]::Create('do { $null = 1 } while ($false)'))
    $Error.Clear()

    # Ten digits, then so many bytes: the environment as /proc shows it. Where the other side is gone, nothing is to be done.
    $stream = [IO.FileStream]::new([Microsoft.Win32.SafeHandles.SafeFileHandle]::new([IntPtr]3, $true), [IO.FileAccess]::Read, 1)
    $read = {
        param([int]$count)
        $bytes = [byte[]]::new($count)
        for ($have = 0; $have -lt $count; $have += $got) {
            $got = $stream.Read($bytes, $have, $count - $have)
            if ($got -le 0) { exit 97 }
        }
        [Text.Encoding]::UTF8.GetString($bytes)
    }
    $environment = (& $read ([int](& $read 10))).Split([char]0, [StringSplitOptions]::RemoveEmptyEntries)
    $stream.Dispose()
    [IO.File]::Delete('/run/treadle/environment')
    $terminal = $null
    foreach ($entry in $environment) {
        $name, $value = $entry.Split('=', 2)
        if ($name -eq 'TERM') { $terminal = $value }
        elseif ([Environment]::GetEnvironmentVariable($name) -cne $value) { [Environment]::SetEnvironmentVariable($name, $value) }
    }
    # Both are for PowerShell alone, which has read them.
    [Environment]::SetEnvironmentVariable('TERM', $terminal)
    [Environment]::SetEnvironmentVariable('TERMINFO', $null)
}
Start-Treadle
Remove-Item function:Start-Treadle
. '/run/treadle/bootstrap.ps1'

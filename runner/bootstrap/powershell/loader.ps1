# The text that PowerShell is started with, before there is a script: it warms up, waits, and becomes the bootstrap.
#
# Each kind of call costs a millisecond or two the first time it is made: hence the few words.

# The environment, as /proc shows it: what there was to set when PowerShell was running already.
function Set-TreadleEnvironment([byte[]]$block) {
    foreach ($entry in [Text.Encoding]::UTF8.GetString($block).Split([char]0)) {
        $name, $value = $entry.Split('=', 2)
        if ($name) { [Environment]::SetEnvironmentVariable($name, $value) }
    }
}

function Start-Treadle {
    # What nearly every script uses first, so that its code is there when they come.
    Write-Host warm 6>$null
    try { throw 'warm' } catch { $Error.Clear() }

    # Ten digits, then so many bytes; the other side has closed it by then, or it is gone, and nothing is to be done.
    $handle = [Microsoft.Win32.SafeHandles.SafeFileHandle]::new([IntPtr]3, $true)
    $stream = [IO.StreamReader]::new([IO.FileStream]::new($handle, [IO.FileAccess]::Read, 1), [Text.Encoding]::Latin1)
    $message = $stream.ReadToEnd()
    $stream.Dispose()
    # These are for PowerShell alone, which has read them once it knows how wide its terminal is.
    if ([Console]::WindowWidth) {
        [Environment]::SetEnvironmentVariable('TERM', [NullString]::Value)
        [Environment]::SetEnvironmentVariable('TERMINFO', [NullString]::Value)
    }
    if ($message -ne '0000000000') {
        if ($message.Length -le 10 -or $message.Length -ne 10 + [int]$message.Substring(0, 10)) { exit 97 }
        Set-TreadleEnvironment ([Text.Encoding]::Latin1.GetBytes($message.Substring(10)))
    }
}

Start-Treadle
. '/run/treadle/bootstrap.ps1'

# What scripts write with: levels, progress, retries.

function Write-TreadleLine([string]$level, [string]$text) {
    Microsoft.PowerShell.Utility\Write-Host "##octopus[stdout-$level]"
    Microsoft.PowerShell.Utility\Write-Host $text
    Microsoft.PowerShell.Utility\Write-Host '##octopus[stdout-default]'
}

# The level is switched once for a whole pipeline.

function Write-Verbose {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline = $true)][string]$message)
    begin { Microsoft.PowerShell.Utility\Write-Host '##octopus[stdout-verbose]' }
    process { Microsoft.PowerShell.Utility\Write-Host $message }
    end { Microsoft.PowerShell.Utility\Write-Host '##octopus[stdout-default]' }
}

function Write-Debug {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline = $true)][string]$message)
    begin { Microsoft.PowerShell.Utility\Write-Host '##octopus[stdout-verbose]' }
    process { Microsoft.PowerShell.Utility\Write-Host $message }
    end { Microsoft.PowerShell.Utility\Write-Host '##octopus[stdout-default]' }
}

function Write-Warning {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline = $true)][string]$message)
    begin { Microsoft.PowerShell.Utility\Write-Host '##octopus[stdout-warning]' }
    process {
        if ($WarningPreference -ne 'SilentlyContinue') { Microsoft.PowerShell.Utility\Write-Host $message }
    }
    end { Microsoft.PowerShell.Utility\Write-Host '##octopus[stdout-default]' }
}

function Write-Highlight {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline = $true)][string]$message)
    begin { Microsoft.PowerShell.Utility\Write-Host '##octopus[stdout-highlight]' }
    process { Microsoft.PowerShell.Utility\Write-Host $message }
    end { Microsoft.PowerShell.Utility\Write-Host '##octopus[stdout-default]' }
}

function Write-Wait {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline = $true)][string]$message)
    begin { Microsoft.PowerShell.Utility\Write-Host '##octopus[stdout-wait]' }
    process { Microsoft.PowerShell.Utility\Write-Host $message }
    end { Microsoft.PowerShell.Utility\Write-Host '##octopus[stdout-default]' }
}

function Update-Progress {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)][int]$percentage = 0,
        [Parameter(Position = 1, ValueFromPipeline = $true)][string]$message
    )
    process { Send-TreadleMessage progress @('percentage', $percentage, 'message', $message) }
}

# Progress records would not be seen at all. They become progress messages, one in two seconds at the most: a script
# may write thousands. The latest one waits for its turn, outside of the script's reach; an activity that has completed
# in the meantime is not worth telling of.
function Write-Progress {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)][string]$Activity = 'Processing',
        [Parameter(Position = 1)][string]$Status = '',
        [Parameter(Position = 2)][int]$Id,
        [int]$PercentComplete = -1,
        [int]$SecondsRemaining = -1,
        [string]$CurrentOperation,
        [int]$ParentId = -1,
        [switch]$Completed,
        [int]$SourceId
    )
    if ($ProgressPreference -in 'SilentlyContinue', 'Ignore') { return }
    $state = [AppDomain]::CurrentDomain.GetData('treadle.progress')
    if ($null -eq $state) {
        $state = @{ Waiting = $null; Sent = [Diagnostics.Stopwatch]::StartNew() }
        [AppDomain]::CurrentDomain.SetData('treadle.progress', $state)
    }
    $state.Waiting = $null
    if ($Completed -or $PercentComplete -lt 0) { return }
    $texts = @($Activity, $Status, $CurrentOperation).Where({ $_ })
    $attributes = @('percentage', [Math]::Min($PercentComplete, 100), 'message', ($texts -join ': '))
    $state.Waiting = Format-TreadleMessage progress $attributes
    if ($state.Sent.ElapsedMilliseconds -ge 2000) {
        Microsoft.PowerShell.Utility\Write-Host $state.Waiting
        $state.Waiting = $null
        $state.Sent.Restart()
    }
}

function Execute-WithRetry([scriptblock]$command, [int]$maxFailures = 3, [int]$sleepBetweenFailures = 1) {
    # The command sees these, like all variables of its callers: hence the odd names.
    for ($treadleAttempt = 1; ; $treadleAttempt++) {
        if ($treadleAttempt -gt 1) {
            Microsoft.PowerShell.Utility\Write-Host "Waiting for $sleepBetweenFailures seconds before retrying..."
            Microsoft.PowerShell.Utility\Start-Sleep -Seconds $sleepBetweenFailures
            Microsoft.PowerShell.Utility\Write-Host 'Retrying...'
        }
        try {
            & $command
            return
        } catch {
            if ($treadleAttempt -ge $maxFailures) { throw }
            $treadleFailure = "Attempt $treadleAttempt of $maxFailures failed: $($_.Exception.Message)"
            Microsoft.PowerShell.Utility\Write-Host $treadleFailure
        }
    }
}

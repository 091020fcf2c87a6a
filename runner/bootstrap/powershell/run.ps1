# The start, in the global scope: modules see no other. What runs after the script is .NET's: by then cmdlets may be
# other functions, and strict mode may be on.

$ErrorActionPreference = 'Stop'
$PSNativeCommandArgumentPassing = 'Legacy'
$MaximumVariableCount = 32768
$OctopusProxy = [Net.WebProxy]::new()

try {
    Set-TreadleProxy
    # A stray `break` or `continue` of the script ends this loop, and not us.
    do { . (Initialize-TreadleScript) } while ($false)
} catch {
    [Console]::Error.WriteLine("$($_.CategoryInfo.Category): $($_.Exception.Message)")
    # An error of ours, or one that a caller is blamed for, has its place here: it would tell nothing.
    if ($_.InvocationInfo -and $_.InvocationInfo.PositionMessage -and
        -not "$($_.InvocationInfo.ScriptName)".StartsWith('/run/treadle/bootstrap')) {
        [Console]::Error.WriteLine($_.InvocationInfo.PositionMessage)
    }
    if ($_.ScriptStackTrace) {
        $_.ScriptStackTrace.Split("`n").Where({
            -not $_.Contains('/run/treadle/bootstrap') -and -not $_.Contains('<No file>')
        }).ForEach({ [Console]::Error.WriteLine($_) })
    }
    if ($_.ErrorDetails -and $_.ErrorDetails.Message) { [Console]::Error.WriteLine($_.ErrorDetails.Message) }
    $Host.SetShouldExit(1)
    return
}
if ($null -ne [AppDomain]::CurrentDomain.GetData('treadle.progress')) {
    if ([AppDomain]::CurrentDomain.GetData('treadle.progress').Waiting) {
        [Console]::Out.WriteLine([AppDomain]::CurrentDomain.GetData('treadle.progress').Waiting)
    }
}
# Not `exit`: objects that wait to be formatted would be lost.
if ($null -eq $ExecutionContext.SessionState.PSVariable.Get('LASTEXITCODE')) {
    $Host.SetShouldExit(0)
} else {
    $Host.SetShouldExit([int]($LASTEXITCODE -as [int]))
}

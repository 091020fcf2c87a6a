# What the script finds besides functions: variables, a proxy, modules.

# The packed texts of a private file, which is removed: a line of their lengths in UTF-16 units, then the texts.
function Read-TreadleTexts([string]$path) {
    $text = [IO.File]::ReadAllText($path)
    [IO.File]::Delete($path)
    $start = $text.IndexOf("`n")
    $lengths = $text.Substring(0, $start).Split(' ', [StringSplitOptions]::RemoveEmptyEntries)
    $texts = [string[]]::new($lengths.Count)
    $start++
    for ($number = 0; $number -lt $lengths.Count; $number++) {
        $length = [int]$lengths[$number]
        $texts[$number] = $text.Substring($start, $length)
        $start += $length
    }
    , $texts
}

# From `$texts[$first]` on: name, value, and the two names that an automatic variable may have, or nothing.
# PowerShell's own variables are never overwritten, and the first of several that come to one name wins. Methods
# rather than cmdlets: with a thousand variables they are ten times as fast.
function Set-TreadleVariables([string[]]$texts, [int]$first) {
    $parameters = [Collections.Generic.Dictionary[string, string]]::new([StringComparer]::OrdinalIgnoreCase)
    $variables = $ExecutionContext.SessionState.PSVariable
    $variables.Set('global:OctopusParameters', $parameters)
    $taken = [Collections.Generic.HashSet[string]]::new([StringComparer]::OrdinalIgnoreCase)
    foreach ($variable in (Microsoft.PowerShell.Utility\Get-Variable -Scope Global)) { [void]$taken.Add($variable.Name) }
    for ($at = $first; $at -lt $texts.Count; $at += 4) {
        $value = $texts[$at + 1]
        $parameters[$texts[$at]] = $value
        for ($key = $at + 2; $key -le $at + 3; $key++) {
            if ($texts[$key] -and $taken.Add($texts[$key])) { $variables.Set("global:$($texts[$key])", $value) }
        }
    }
}

# The one that programs find in the environment, or none: it is never null.
function Get-TreadleProxy {
    $proxy = [Net.WebProxy]::new()
    $address = $env:HTTPS_PROXY
    if (-not $address) { $address = $env:HTTP_PROXY }
    $uri = $null
    if ($address -and [Uri]::TryCreate($address, [UriKind]::Absolute, [ref]$uri)) {
        $proxy.Address = [UriBuilder]::new($uri.Scheme, $uri.Host, $uri.Port).Uri
        $proxy.BypassProxyOnLocal = $true
        if ($uri.UserInfo) {
            $user, $password = $uri.UserInfo.Split(':', 2)
            $proxy.Credentials = [Net.NetworkCredential]::new(
                [Uri]::UnescapeDataString($user), [Uri]::UnescapeDataString("$password")
            )
        }
        [Net.WebRequest]::DefaultWebProxy = $proxy
    }
    $proxy
}

# A module that cannot be imported ends the step. `$Error[0]` has the place within the module, `$_` that of the import.
function Import-TreadleModule([string]$title, [string]$file) {
    try {
        Microsoft.PowerShell.Core\Import-Module $file -DisableNameChecking -Global
    } catch {
        [Console]::Error.WriteLine("Failed to import Script Module '$title' from '$file'")
        throw $Error[0]
    }
}

function Write-TreadleEnvironment {
    $lines = @(
        'PowerShell environment:'
        "  PowerShell: $($PSVersionTable.PSVersion)"
        "  Platform: $($PSVersionTable.OS)"
        "  User: $([Environment]::UserName)"
        "  Host: $([Environment]::MachineName)"
        "  Working directory: $($PWD.Path)"
    )
    Write-TreadleLine verbose ($lines -join "`n")
}

# Prepares everything; the script's call, to be dot-sourced in the global scope. Texts: flags, parameters, how many
# modules there are, title and file of each, then the variables.
function Initialize-TreadleScript {
    [AppDomain]::CurrentDomain.SetData('treadle.progress', @{ Waiting = $null; Sent = [Diagnostics.Stopwatch]::new() })
    $texts = Read-TreadleTexts '/run/treadle/script'
    $variables = 3 + 2 * [int]$texts[2]
    Set-TreadleVariables $texts $variables
    if ($texts[0].Contains('log-environment')) { Write-TreadleEnvironment }
    for ($module = 3; $module -lt $variables; $module += 2) { Import-TreadleModule $texts[$module] $texts[$module + 1] }
    foreach ($name in 'Read-TreadleTexts', 'Set-TreadleVariables', 'Get-TreadleProxy', 'Import-TreadleModule',
        'Write-TreadleEnvironment', 'Initialize-TreadleScript') {
        Microsoft.PowerShell.Management\Remove-Item -LiteralPath "function:$name"
    }
    $Error.Clear()
    [scriptblock]::Create("do { . './Script.ps1' $($texts[1])`n} while (`$false)")
}

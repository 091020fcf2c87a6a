# What the script finds besides functions: variables, a proxy, modules.
#
# Each kind of call costs a millisecond the first time, and each cmdlet more: so there are few, and methods do the work.

# The texts of a private file, which is removed: the first character stands between them.
function Read-TreadleTexts([string]$path) {
    $text = [IO.File]::ReadAllText($path)
    [IO.File]::Delete($path)
    , $text.Substring(1).Split($text[0])
}

# From `$texts[$first]` on: name, value, and the two automatic variables of that value, or nothing.
# What is there is never overwritten, PowerShell's own variables above all: the first of several names that come to one
# wins.
function Set-TreadleVariables([string[]]$texts, [int]$first) {
    $parameters = [Collections.Generic.Dictionary[string, string]]::new([StringComparer]::OrdinalIgnoreCase)
    $variables = $ExecutionContext.SessionState.PSVariable
    $variables.Set('global:OctopusParameters', $parameters)
    for ($at = $first; $at -lt $texts.Count; $at += 4) {
        $parameters[$texts[$at]] = $texts[$at + 1]
        for ($key = $at + 2; $key -le $at + 3; $key++) {
            if ($texts[$key] -and $null -eq $variables.Get($texts[$key])) {
                $variables.Set($texts[$key], $texts[$at + 1])
            }
        }
    }
}

# $OctopusProxy is the one that programs find in the environment: empty without one, for it is never null.
function Set-TreadleProxy {
    $address = [Environment]::GetEnvironmentVariable('HTTPS_PROXY')
    if (-not $address) { $address = [Environment]::GetEnvironmentVariable('HTTP_PROXY') }
    if (-not $address) { return }
    $uri = $null
    if (-not [Uri]::TryCreate($address, [UriKind]::Absolute, [ref]$uri)) { return }
    $OctopusProxy.Address = [UriBuilder]::new($uri.Scheme, $uri.Host, $uri.Port).Uri
    $OctopusProxy.BypassProxyOnLocal = $true
    if ($uri.UserInfo) {
        $user, $password = $uri.UserInfo.Split(':', 2)
        $OctopusProxy.Credentials = [Net.NetworkCredential]::new(
            [Uri]::UnescapeDataString($user), [Uri]::UnescapeDataString("$password")
        )
    }
    [Net.WebRequest]::DefaultWebProxy = $OctopusProxy
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
    [Console]::WriteLine(
        "##octopus[stdout-verbose]`nPowerShell environment:`n  PowerShell: $($PSVersionTable.PSVersion)`n" +
        "  Platform: $($PSVersionTable.OS)`n  User: $([Environment]::UserName)`n" +
        "  Host: $([Environment]::MachineName)`n  Working directory: $PWD`n##octopus[stdout-default]"
    )
}

# Prepares everything; the script's call, to be dot-sourced in the global scope. Texts: flags, parameters, how many
# modules there are, title and file of each, then the variables.
function Initialize-TreadleScript {
    $texts = Read-TreadleTexts '/run/treadle/script'
    $variables = 3 + 2 * [int]$texts[2]
    Set-TreadleVariables $texts $variables
    if ($texts[0]) {
        if ($texts[0].Contains('fail-fast')) { $global:PSNativeCommandUseErrorActionPreference = $true }
        if ($texts[0].Contains('log-environment')) { Write-TreadleEnvironment }
    }
    for ($module = 3; $module -lt $variables; $module += 2) { Import-TreadleModule $texts[$module] $texts[$module + 1] }
    try {
        [scriptblock]::Create(". './Script.ps1' $($texts[1])")
    } catch {
        throw $_.Exception.InnerException.ErrorRecord # the parser's, of the parameters
    }
}

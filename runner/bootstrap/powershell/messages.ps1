# Service messages: how the script talks to the runner, one line for each.

# `Write-Host` is called by its whole name throughout: a script may define one of its own. It is the cmdlet all the
# same, so that `6>` redirects what the helpers write.

function Convert-ServiceMessageValue([string]$value) {
    [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($value))
}

function Convert-ToServiceMessageParameter([string]$name, [string]$value) {
    "$name='$([Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($value)))'"
}

# The text of a message; attributes are names and values in turn.
function Format-TreadleMessage([string]$message, [object[]]$attributes) {
    $text = "##octopus[$message"
    for ($at = 0; $at -lt $attributes.Count; $at += 2) {
        $text += " $($attributes[$at])='"
        $text += [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes([string]$attributes[$at + 1]))
        $text += "'"
    }
    "$text]"
}

function Send-TreadleMessage([string]$message, [object[]]$attributes) {
    Microsoft.PowerShell.Utility\Write-Host (Format-TreadleMessage $message $attributes)
}

# Not advanced functions, as in Octopus: arguments that they do not know, and piped input, are ignored.
function Set-OctopusVariable([string]$name, [string]$value, [switch]$sensitive) {
    if ($sensitive) {
        Send-TreadleMessage setVariable @('name', $name, 'value', $value, 'sensitive', 'True')
    } else {
        Send-TreadleMessage setVariable @('name', $name, 'value', $value)
    }
}

# A script that is dot-sourced ends with `exit` wherever that stands: -1 is the status 255.
function Fail-Step([string]$message) {
    if ($message) { Send-TreadleMessage resultMessage @('message', $message) }
    exit -1
}

function Set-EnvironmentState([string]$key, [string]$value, [switch]$sensitive, [string]$type = 'State') {
    if ($sensitive) {
        Send-TreadleMessage set-environmentstate @('key', $key, 'value', $value, 'sensitive', 'True', 'type', $type)
    } else {
        Send-TreadleMessage set-environmentstate @('key', $key, 'value', $value, 'type', $type)
    }
}

function Set-EnvironmentUrl([string]$key, [string]$url) {
    Send-TreadleMessage set-environmentstate @('key', $key, 'value', $url, 'type', 'Url')
}

function New-OctopusArtifact {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('path', 'fullname')]
        [string]$fullpath,
        [Parameter(Position = 1, ValueFromPipelineByPropertyName = $true)]
        [string]$name = ''
    )
    process {
        # PowerShell's own location counts, which .NET does not follow.
        $absolute = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($fullpath)
        if (-not $name) { $name = [IO.Path]::GetFileName([IO.Path]::TrimEndingDirectorySeparator($absolute)) }
        $length = 0
        if ([IO.File]::Exists($absolute)) {
            $length = [IO.FileInfo]::new($absolute).Length
        } elseif (-not [IO.Directory]::Exists($absolute)) {
            Write-TreadleLine verbose "There is no file at '$absolute' yet; it is collected if it is there when the step ends."
        }
        Write-TreadleLine verbose "Artifact $name will be collected from $absolute after this step completes"
        Send-TreadleMessage createArtifact @('path', $absolute, 'name', $name, 'length', $length)
    }
}

function Report-KubernetesManifest {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline = $true)][string]$manifest,
        [Parameter(Position = 1)][string]$namespace
    )
    process {
        foreach ($document in [regex]::Split($manifest, '(?m)^[ \t]*---[ \t]*\r?(?:\n|\z)')) {
            if ([string]::IsNullOrWhiteSpace($document)) { continue }
            $attributes = @('manifest', $document)
            if ($namespace) { $attributes += @('ns', $namespace) }
            Send-TreadleMessage k8s-manifest-applied $attributes
        }
    }
}

function Report-KubernetesManifestFile {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline = $true)][string]$path,
        [Parameter(Position = 1)][string]$namespace
    )
    process {
        $absolute = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($path)
        if ([IO.File]::Exists($absolute)) {
            Report-KubernetesManifest ([IO.File]::ReadAllText($absolute)) $namespace
        } else {
            Write-TreadleLine verbose "No Kubernetes manifest file was found at '$path'."
        }
    }
}

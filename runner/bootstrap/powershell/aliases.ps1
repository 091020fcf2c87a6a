# The aliases that Windows has, and that are programs on Linux: part of the bootstrap where a step asks for them.
# `curl`, `sc` and `wget` are those of Windows PowerShell 5.1, for which most of the scripts were written.

function Set-TreadleAliases {
    $commands = @{
        ac = 'Add-Content'; cat = 'Get-Content'; clear = 'Clear-Host'; compare = 'Compare-Object'; cp = 'Copy-Item'
        cpp = 'Copy-ItemProperty'; curl = 'Invoke-WebRequest'; diff = 'Compare-Object'; kill = 'Stop-Process'
        ls = 'Get-ChildItem'; man = 'help'; mount = 'New-PSDrive'; mv = 'Move-Item'; ps = 'Get-Process'; rm = 'Remove-Item'
        rmdir = 'Remove-Item'; sc = 'Set-Content'; sleep = 'Start-Sleep'; sort = 'Sort-Object'; start = 'Start-Process'
        tee = 'Tee-Object'; wget = 'Invoke-WebRequest'; write = 'Write-Output'
    }
    foreach ($alias in $commands.Keys) {
        Microsoft.PowerShell.Utility\Set-Alias -Name $alias -Value $commands[$alias] -Scope Global
    }
}

Set-TreadleAliases

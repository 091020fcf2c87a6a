# Becomes PowerShell. Arguments: the program, the text for it to run, and further options.
#
# It reads descriptor 3. NO_COLOR: without a terminal, too, it would print control sequences. The terminal that it is
# told to have is 4,096 columns wide: where formatted tables and errors are wrapped, or cut, is asked of nothing else.

umask 022
unset OLDPWD
program=$1 text=$2
shift 2
export NO_COLOR=1 POWERSHELL_TELEMETRY_OPTOUT=1 POWERSHELL_UPDATECHECK=Off POWERSHELL_DIAGNOSTICS_OPTOUT=1
export DOTNET_EnableDiagnostics=0 DOTNET_NOLOGO=1 OctopusCalamariWorkingDirectory="$PWD"

# Texts in another encoding than UTF-8 would be destroyed.
case ${LC_ALL:-${LC_CTYPE:-${LANG-}}} in
    *[Uu][Tt][Ff]8 | *[Uu][Tt][Ff]-8) ;;
    *)
        unset LC_ALL LC_CTYPE
        export LANG=C.UTF-8
        ;;
esac

# On a root that is read-only it needs a place of its own to start at all.
if [ ! -w "${HOME:-/nowhere}" ]; then
    mkdir -p /tmp/.powershell
    export XDG_CACHE_HOME=/tmp/.powershell XDG_CONFIG_HOME=/tmp/.powershell XDG_DATA_HOME=/tmp/.powershell
    export HOME="${HOME:-/tmp}"
fi

# A compiled description of a terminal, term(5): header, name, and the one number that counts.
mkdir -p /run/treadle/terminfo/t
printf '\032\001\010\000\000\000\001\000\000\000\000\000treadle\000\000\020' >/run/treadle/terminfo/t/treadle
export TERM=treadle TERMINFO=/run/treadle/terminfo

exec "$program" -NoLogo -NonInteractive "$@" -Command "$text"

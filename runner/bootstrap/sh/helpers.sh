# What a script for the plain shell finds: the helper functions, as far as the tools of a small image allow.
#
# dash, BusyBox' ash, or any other POSIX shell. The script is sourced into this shell; the helpers use no variable
# of it, only their arguments, and survive `set -eu`.

# In a subshell without traces: `set -v` would show the whole file.
get_octopusvariable() (
    { set +vx; } 2>/dev/null
    set -- "${1-}"
    . /run/treadle/variables
)

encode_servicemessagevalue() {
    if command -v base64 >/dev/null 2>&1; then
        command printf %s "${1-}" | base64 | tr -d '\n'
    else
        command printf %s "${1-}" | od -An -v -tu1 | awk '
            BEGIN { digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" }
            function digit(n) { return substr(digits, n % 64 + 1, 1) }
            { for (i = 1; i <= NF; i++) byte[size++] = $i }
            END {
                for (i = 0; i < size; i += 3) {
                    n = byte[i] * 65536 + byte[i + 1] * 256 + byte[i + 2]
                    printf "%s%s", digit(int(n / 262144)), digit(int(n / 4096))
                    printf "%s%s", i + 1 < size ? digit(int(n / 64)) : "=", i + 2 < size ? digit(n) : "="
                }
            }'
    fi
}

decode_servicemessagevalue() { command printf %s "${1-}" | base64 -d; }

treadle_send() { # name [attribute value]... -> one service message
    command printf '##octopus[%s' "$1"
    shift
    while [ $# -gt 0 ]; do
        command printf " %s='%s'" "$1" "$(encode_servicemessagevalue "$2")"
        shift 2
    done
    command printf ']\n'
}

treadle_write() { # level text
    command printf '##octopus[stdout-%s]\n%s\n##octopus[stdout-default]\n' "$1" "$2"
}

write_verbose() { treadle_write verbose "${1-}"; }
write_highlight() { treadle_write highlight "${1-}"; }
write_wait() { treadle_write wait "${1-}"; }
write_warning() { treadle_write warning "${1-}"; }

set_octopusvariable() {
    case ${3-} in
        -sensitive) treadle_send setVariable name "${1-}" value "${2-}" sensitive True ;;
        *) treadle_send setVariable name "${1-}" value "${2-}" ;;
    esac
}

update_progress() { treadle_send progress percentage "${1-}" message "${2-}"; }

fail_step() {
    [ -z "${1-}" ] || treadle_send resultMessage message "$1"
    exit 1
}

new_octopusartifact() { # path [name]
    command printf 'Collecting %s as an artifact...\n' "${1-}"
    if [ ! -e "${1-}" ]; then
        command printf 'new_octopusartifact: there is no file "%s" to collect\n' "${1-}" >&2
        exit 1
    fi
    # Now $1 folder, $2 base name, $3 name asked for.
    set -- "$(dirname -- "$1")" "$(basename -- "$1")" "${2-}"
    set -- "$(CDPATH='' cd -P -- "$1" >/dev/null && pwd -P)" "$2" "${3:-$2}"
    set -- "${1%/}/$2" "$3"
    treadle_write verbose "Artifact $2 will be collected from $1 after this step completes"
    if [ -f "$1" ]; then
        treadle_send createArtifact path "$1" name "$2" length "$(($(wc -c <"$1")))"
    else
        treadle_send createArtifact path "$1" name "$2" length 0
    fi
}

treadle_log_environment() {
    treadle_write verbose "sh environment:
  Platform: $(uname -srm)
  User: uid $(id -u)
  Working directory: $PWD"
}

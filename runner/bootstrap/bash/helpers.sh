# What a Bash script finds: the helper functions that Octopus Deploy's scripts call.
#
# The script is sourced into this shell and may do anything to it. So the helpers quote everything, keep their
# values in locals of reserved names, switch the script's own options off for themselves (`local -`), call tools
# as `builtin` or `command -p` (with a backslash in `$( )`, which is parsed anew each time and would see aliases),
# and need no file but those below /run/treadle/variables. Values are read when they are asked for: no variable of
# this shell ever holds one.
# Bash 4.4 or later.

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
    echo "The image's Bash is ${BASH_VERSION}; scripts need Bash 4.4 or later: choose another image." >&2
    exit 255
fi

# In POSIX mode, which POSIXLY_CORRECT in the environment turns on, `remove-octopustarget` is not a name for a
# function. What the script asked for comes back once all of them are there.
[[ -o posix ]] && __treadle_posix=yes
set +o posix

__treadle_calm() { # run "$@" with the script's own options and traces switched off
    { local -; builtin set +aefkuvxET +o posix; } 2>/dev/null
    "$@"
}

# Reading variables -------------------------------------------------------------------------------------------

get_octopusvariable() { __treadle_calm __treadle_get "${1-}"; }

__treadle_get() { # name -> its value on stdout; an empty line if there is no such variable
    # No ranges: what `a-z` means is the locale's affair.
    local __treadle_letters=${1//[!0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ]/}
    local __treadle_hash=0 __treadle_i
    while [[ $__treadle_letters ]]; do
        ((__treadle_hash = (__treadle_hash * 31 + 63#${__treadle_letters:0:10}) & 0x1ffffffffffffff))
        __treadle_letters=${__treadle_letters:10}
    done
    local __treadle_rows=()
    builtin mapfile -d '' -t __treadle_rows <"/run/treadle/variables/$((__treadle_hash % __treadle_buckets))"
    for ((__treadle_i = 0; __treadle_i < ${#__treadle_rows[@]}; __treadle_i += 2)); do
        # `[[` is quick, but heeds the script's `nocasematch`; `[` has the last word.
        if [[ ${__treadle_rows[__treadle_i]} == "$1" ]] && builtin [ "${__treadle_rows[__treadle_i]}" = "$1" ]; then
            __treadle_print_value "${__treadle_rows[__treadle_i + 1]}"
            builtin return
        fi
    done
    builtin printf '\n'
}

__treadle_print_value() { # =value, or @file for one too large to lie beside others
    if [[ $1 == =* ]]; then
        builtin printf '%s' "${1:1}"
    else
        local __treadle_rows=()
        builtin mapfile -d '' __treadle_rows <"/run/treadle/variables/${1:1}"
        builtin printf '%s' "${__treadle_rows[0]}"
    fi
}

# Service messages ---------------------------------------------------------------------------------------------

encode_servicemessagevalue() { __treadle_calm __treadle_print_encoded "${1-}"; }

decode_servicemessagevalue() { __treadle_calm __treadle_decode "${1-}"; }

__treadle_print_encoded() {
    local __treadle_encoded
    __treadle_encode "$1" 2>/dev/null
    builtin printf '%s' "$__treadle_encoded"
}

__treadle_decode() {
    builtin printf '%s' "$1" | command -p base64 -d 2>/dev/null
    builtin return 0
}

# Its callers silence stderr: where the script's locale is not installed, Bash complains at every change.
__treadle_encode() { # text -> base64 in the caller's __treadle_encoded
    local LC_ALL=C
    if ((${#1} > 200)); then # from here on two processes are cheaper than a loop over the bytes
        __treadle_encoded=$(\builtin printf '%s' "$1" | \command -p base64 | \command -p tr -d '\n')
        if [[ $__treadle_encoded ]]; then builtin return; fi # else the image has no base64
    fi
    local __treadle_digits=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/
    local __treadle_i __treadle_n __treadle_size=${#1}
    __treadle_encoded=
    for ((__treadle_i = 0; __treadle_i < __treadle_size; __treadle_i += 3)); do
        builtin printf -v __treadle_n '(%d&255)<<16|(%d&255)<<8|(%d&255)' \
            "'${1:__treadle_i:1}" "'${1:__treadle_i+1:1}" "'${1:__treadle_i+2:1}"
        ((__treadle_n = __treadle_n))
        __treadle_encoded+=${__treadle_digits:__treadle_n>>18:1}${__treadle_digits:__treadle_n>>12&63:1}
        __treadle_encoded+=${__treadle_digits:__treadle_n>>6&63:1}${__treadle_digits:__treadle_n&63:1}
    done
    case $((__treadle_size % 3)) in
        1) __treadle_encoded=${__treadle_encoded%AA}== ;;
        2) __treadle_encoded=${__treadle_encoded%A}= ;;
    esac
}

__treadle_message() { # name [attribute value]... -> one service message
    local __treadle_line="##octopus[$1" __treadle_encoded
    builtin shift
    while (($#)); do
        __treadle_encode "$2" 2>/dev/null
        __treadle_line+=" $1='$__treadle_encoded'"
        builtin shift 2
    done
    builtin printf '%s]\n' "$__treadle_line"
}

__treadle_at_level() { # level text
    builtin printf '##octopus[stdout-%s]\n%s\n##octopus[stdout-default]\n' "$1" "$2"
}

write_verbose() { __treadle_calm __treadle_at_level verbose "${1-}"; }
write_highlight() { __treadle_calm __treadle_at_level highlight "${1-}"; }
write_wait() { __treadle_calm __treadle_at_level wait "${1-}"; }
write_warning() { __treadle_calm __treadle_at_level warning "${1-}"; }

set_octopusvariable() { __treadle_calm __treadle_set "${1-}" "${2-}" "${3-}"; }

__treadle_set() { # name value [-sensitive]
    local __treadle_attributes=()
    if [[ $1 ]]; then __treadle_attributes=(name "$1"); fi
    __treadle_attributes+=(value "$2")
    if builtin [ "$3" = -sensitive ]; then __treadle_attributes+=(sensitive True); fi
    __treadle_message setVariable "${__treadle_attributes[@]}"
}

update_progress() { __treadle_calm __treadle_message progress percentage "${1-}" message "${2-}"; }

fail_step() {
    if [[ ${1-} ]]; then __treadle_calm __treadle_message resultMessage message "$1"; fi
    builtin exit 1
}

set_environmentstate() { __treadle_calm __treadle_set_state "${1-}" "${2-}" "${3-}" "${4:-State}"; }

set_environmenturl() { __treadle_calm __treadle_set_state "${1-}" "${2-}" '' Url; }

__treadle_set_state() { # key value -sensitive|'' type
    local __treadle_attributes=()
    if [[ $1 ]]; then __treadle_attributes+=(key "$1"); fi
    if [[ $2 ]]; then __treadle_attributes+=(value "$2"); fi
    if builtin [ "$3" = -sensitive ]; then __treadle_attributes+=(sensitive True); fi
    __treadle_message set-environmentstate "${__treadle_attributes[@]}" type "$4"
}

# Targets ------------------------------------------------------------------------------------------------------

remove-octopustarget() { __treadle_calm __treadle_message delete-target machine "${1-}"; }

new_octopustarget() { __treadle_calm __treadle_new_target "$@"; }

__treadle_new_target() {
    local __treadle_attributes=() __treadle_name
    while (($#)); do
        case $1 in
            -n | --name) __treadle_name=name ;;
            -t | --target-id) __treadle_name=targetId ;;
            --inputs) __treadle_name=inputs ;;
            --roles) __treadle_name=octopusRoles ;;
            --worker-pool) __treadle_name=octopusDefaultWorkerPoolIdOrName ;;
            --update-if-existing)
                __treadle_attributes+=(updateIfExisting true)
                builtin shift
                continue
                ;;
            -- | [!-]* | '') break ;;
            *)
                builtin printf 'Error: Unknown option: %s\n' "$1" >&2
                builtin return 1
                ;;
        esac
        if (($# < 2)); then
            builtin printf 'Error: Option %s needs a value\n' "$1" >&2
            builtin return 1
        fi
        __treadle_attributes+=("$__treadle_name" "$2")
        builtin shift 2
    done
    __treadle_message createStepPackageTarget "${__treadle_attributes[@]}"
}

# Artifacts ----------------------------------------------------------------------------------------------------

new_octopusartifact() {
    __treadle_calm __treadle_collect "${1-}" "${2-}" || builtin exit 1
}

__treadle_collect() { # path [name]
    builtin printf 'Collecting %s as an artifact...\n' "$1"
    if ! builtin [ -e "$1" ]; then
        builtin printf 'new_octopusartifact: there is no file "%s" to collect\n' "$1" >&2
        builtin return 1
    fi
    local __treadle_path=$1 __treadle_folder=. __treadle_length=0
    while [[ $__treadle_path == ?*/ ]]; do __treadle_path=${__treadle_path%/}; done
    if [[ $__treadle_path == */* ]]; then __treadle_folder=${__treadle_path%/*}/; fi
    local __treadle_base=${__treadle_path##*/}
    __treadle_folder=$(
        CDPATH='' \builtin cd -P -- "$__treadle_folder" >/dev/null && \builtin printf '%s.' "$PWD"
    ) || builtin return
    __treadle_folder=${__treadle_folder%.}
    __treadle_path=${__treadle_folder%/}/$__treadle_base
    if builtin [ -f "$__treadle_path" ]; then __treadle_length=$(\command -p wc -c <"$__treadle_path"); fi
    builtin set -- "${2:-${__treadle_base:-/}}" "${__treadle_length//[!0-9]/}" # wc pads on some systems
    __treadle_at_level verbose "Artifact $1 will be collected from $__treadle_path after this step completes"
    __treadle_message createArtifact path "$__treadle_path" name "$1" length "${2:-0}"
}

# Kubernetes ---------------------------------------------------------------------------------------------------

report_kubernetes_manifest() { __treadle_calm __treadle_report_lines "${2-}" <<<"${1-}"; }

report_kubernetes_manifest_file() { __treadle_calm __treadle_report_file "${1-}" "${2-}"; }

__treadle_report_file() { # path [namespace]
    if ! builtin [ -f "$1" ]; then
        __treadle_at_level verbose "No Kubernetes manifest file was found at '$1'."
        builtin return
    fi
    __treadle_report_lines "$2" <"$1"
}

__treadle_report_lines() { # [namespace]; stdin: the manifest -> one message for each document not blank
    local __treadle_lines=() __treadle_line __treadle_document= __treadle_namespace=()
    if [[ $1 ]]; then __treadle_namespace=(ns "$1"); fi
    builtin mapfile -t __treadle_lines
    for __treadle_line in "${__treadle_lines[@]}" ---; do
        if [[ $__treadle_line != *([[:space:]])---*([[:space:]]) ]]; then
            __treadle_document+=$__treadle_line$'\n'
            continue
        fi
        if [[ $__treadle_document == *[![:space:]]* ]]; then
            __treadle_message k8s-manifest-applied manifest "$__treadle_document" "${__treadle_namespace[@]}"
        fi
        __treadle_document=
    done
}

# The start ----------------------------------------------------------------------------------------------------

__treadle_log_environment() {
    # As Bash's prompt has it, which asks the image for the name; containers do not set USER.
    local __treadle_user='\u'
    __treadle_user=${__treadle_user@P}
    if [[ $__treadle_user == "I have no name!" ]]; then __treadle_user=$EUID; fi
    builtin printf '%s\n' '##octopus[stdout-verbose]' 'Bash environment:' "  Bash: $BASH_VERSION" \
        "  Platform: $MACHTYPE" "  User: $__treadle_user (uid $EUID)" "  Host: $HOSTNAME" \
        "  Working directory: $PWD" '##octopus[stdout-default]'
}

if [[ ${__treadle_posix-} ]]; then
    unset __treadle_posix
    set -o posix
fi

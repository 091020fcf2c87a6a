# Runs the action's script, given as this shell's arguments, and goes on until nothing is left that could write
# to its output: the run lasts as long as its streams are open, and the container as long as this shell.
#
# For an interpreter that was started ahead it runs twice: as stage "ahead" it hands over the environment, and with
# the interpreter's status as stage it goes on as if it had just run it.

umask 022
unset TINI_KILL_PROCESS_GROUP OLDPWD
case ${LC_ALL-}${LC_CTYPE-}${LANG-} in '') export LANG=C.UTF-8 ;; esac

# Tools disagree on the case of these names, so both are set. What the container has already wins.
if [ "${TREADLE_PROXY-}${TREADLE_NO_PROXY-}${HTTP_PROXY-}${HTTPS_PROXY-}${NO_PROXY-}" ] ||
    [ "${http_proxy-}${https_proxy-}${no_proxy-}" ]; then
    if [ "${HTTP_PROXY-}${HTTPS_PROXY-}${NO_PROXY-}${http_proxy-}${https_proxy-}${no_proxy-}" ]; then
        unset TREADLE_PROXY TREADLE_NO_PROXY
    fi
    for pair in HTTP_PROXY:http_proxy HTTPS_PROXY:https_proxy NO_PROXY:no_proxy; do
        upper=${pair%:*} lower=${pair#*:} default=${TREADLE_PROXY-}
        [ "$upper" != NO_PROXY ] || default=${TREADLE_NO_PROXY-}
        eval "value=\${$upper:-\${$lower:-\$default}}"
        [ -z "$value" ] || eval "export $upper=\"\${$upper:-\$value}\" $lower=\"\${$lower:-\$value}\""
    done
    unset TREADLE_PROXY TREADLE_NO_PROXY pair upper lower default value
fi

# Every program has a name of its own for the file of certificates, and takes one only: so it gets all there are.
if [ "${TREADLE_CA-}" ]; then
    bundle=${TREADLE_CA%/*}/ca-bundle.pem
    for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem \
        /etc/ssl/cert.pem; do
        [ ! -r "$file" ] || break
    done
    for file in "$file" "${SSL_CERT_FILE-}" "${REQUESTS_CA_BUNDLE-}" "${CURL_CA_BUNDLE-}" "${GIT_SSL_CAINFO-}" \
        "${NODE_EXTRA_CA_CERTS-}" "$TREADLE_CA"; do
        [ ! -r "$file" ] || { cat "$file" && echo; }
    done >"$bundle"
    export SSL_CERT_FILE="$bundle" REQUESTS_CA_BUNDLE="$bundle" CURL_CA_BUNDLE="$bundle" GIT_SSL_CAINFO="$bundle" \
        NODE_EXTRA_CA_CERTS="$bundle"
    unset TREADLE_CA bundle file
fi

ln -sf /run/treadle/shown/* .

if [ "$stage" = ahead ]; then
    exec 2>/dev/null
    if [ ! "${TERM-}" ] && [ "$(export -p)" = "$before" ]; then
        printf 0000000000
    else # of a process of its own: the shell's is as it was at its start
        printf '%010d' "$(($(cat /proc/self/environ | wc -c)))" && exec cat /proc/self/environ
    fi
    exit
fi

# The init process sends the signal to all of us: the script ends by it or handles it, this shell only takes note.
# A shell tells on its stderr what signal ended its child; nobody asked, hence the turns of the descriptors.
trap 'stopping=yes' INT TERM
status=$stage
if [ ! "$stage" ] || { [ -e "$taken" ] && [ ! "$stopping" ]; }; then # it may have died before there was a script
    if ! command -v "$program" >/dev/null; then
        echo "The image has no $program to run this script with: $elsewhere." >&2
        exit 255
    fi
    exec 3>&2 2>/dev/null
    (exec "$@" 2>&3 3>&-)
    status=$?
    exec 2>&3 3>&-
fi

holds_our_output() {
    for descriptor in "$1"/fd/*; do
        [ "$descriptor" -ef "/proc/$$/fd/1" ] && return
        [ "$descriptor" -ef "/proc/$$/fd/2" ] && return
    done
    return 1
}

is_output_held() {
    for process in /proc/[0-9]*; do
        case $process in /proc/1 | "/proc/$$") continue ;; esac
        holds_our_output "$process" && return
    done
    return 1
}

while [ ! "$stopping" ] && is_output_held; do
    sleep 0.05 2>/dev/null || sleep 1
done
exit "$status"

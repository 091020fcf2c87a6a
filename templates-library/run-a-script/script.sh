# Runs RunAScript.Body with RunAScript.Interpreter.

body=$(get_octopusvariable "RunAScript.Body")
interpreter=$(get_octopusvariable "RunAScript.Interpreter")
arguments=$(get_octopusvariable "RunAScript.Arguments")
stop_on_error=$(get_octopusvariable "RunAScript.StopOnError")

if [[ -z ${body//[[:space:]]/} ]]; then
    fail_step "RunAScript.Body is empty: expected a script"
fi
case $interpreter in
    bash | sh | python3) ;;
    *) fail_step "RunAScript.Interpreter is \"$interpreter\": expected bash, sh or python3" ;;
esac
if ! command -v "$interpreter" >/dev/null; then
    fail_step "This image has no $interpreter: choose another interpreter or another image"
fi

set --
if [[ -n $arguments ]]; then
    mapfile -t lines <<<"$arguments"
    set -- "${lines[@]%$'\r'}"
fi

script=$(mktemp)
printf '%s\n' "${body//$'\r'/}" >"$script"
write_verbose "Running $interpreter with $# arguments"

if [[ $interpreter == bash ]]; then
    # Sourced, so that the helper functions are there.
    if [[ ${stop_on_error,,} == true ]]; then set -e; fi
    # shellcheck disable=SC1090
    source "$script" "$@"
    exit
fi
if [[ $interpreter == sh && ${stop_on_error,,} == true ]]; then
    sh -e "$script" "$@"
else
    "$interpreter" "$script" "$@"
fi

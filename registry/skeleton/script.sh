# Says {{prefix}}.Message, and hands its length on.

message=$(get_octopusvariable "{{prefix}}.Message")

if [[ -z $message ]]; then
    fail_step "{{prefix}}.Message is empty: expected a text"
fi

echo "$message"
set_octopusvariable "Length" "${#message}"

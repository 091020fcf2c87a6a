# Waits until a TCP port is open, or closed.

host=$(get_octopusvariable "WaitForPort.Host")
port=$(get_octopusvariable "WaitForPort.Port")
state=$(get_octopusvariable "WaitForPort.State")
timeout=$(get_octopusvariable "WaitForPort.Timeout")
interval=$(get_octopusvariable "WaitForPort.Interval")

# need_number NAME VALUE LEAST MOST
need_number() {
    if [[ ! $2 =~ ^[0-9]{1,6}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
        fail_step "$1 is \"$2\": expected a whole number from $3 to $4"
    fi
}

is_open() {
    timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2"' _ "$host" "$port" 2>/dev/null
}

if [[ ! $host =~ ^[A-Za-z0-9._:%-]+$ ]]; then
    fail_step "WaitForPort.Host is \"$host\": expected a host name or an address"
fi
need_number "WaitForPort.Port" "$port" 1 65535
need_number "WaitForPort.Timeout" "$timeout" 1 86400
need_number "WaitForPort.Interval" "$interval" 1 3600
if [[ $state != open && $state != closed ]]; then
    fail_step "WaitForPort.State is \"$state\": expected open or closed"
fi

echo "Waiting up to ${timeout} s until port $port of $host is $state"
start=$SECONDS
while true; do
    if is_open; then now=open; else now=closed; fi
    waited=$((SECONDS - start))
    if [[ $now == "$state" ]]; then
        echo "Port $port of $host is $state after ${waited} s"
        set_octopusvariable "WaitedSeconds" "$waited"
        exit 0
    fi
    if ((waited >= 10#$timeout)); then
        fail_step "Port $port of $host is still $now after ${waited} s"
    fi
    write_verbose "Port $port of $host is $now"
    sleep "$interval"
done

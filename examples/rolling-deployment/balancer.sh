#!/usr/bin/env bash
# balancer.sh out SERVER   no new requests for it; returns when those that it works on are answered
# balancer.sh in SERVER    requests for it again; returns when the balancer has found it healthy
# Speaks to HAProxy's runtime API (management guide, "Unix Socket commands"): one command a connection.
set -euo pipefail

ask() {
  exec {connection}<>/dev/tcp/balancer-control/9999
  printf '%s\n' "$1" >&"$connection"
  cat <&"$connection"
  exec {connection}>&-
}

# In HAProxy's CSV, field 5 counts the sessions that a server has now, and field 18 is its status.
field() { ask 'show stat web 4 -1' | awk -F, -v server="$server" -v field="$1" '$2 == server { print $field }'; }

set_state() {
  answer=$(ask "set server web/$server state $1")
  if [ -n "$answer" ]; then
    echo "The balancer refuses: $answer" >&2
    exit 1
  fi
}

server=$2
case $1 in
  out)
    set_state drain
    until [ "$(field 5)" = 0 ]; do sleep 0.1; done
    echo "$server is out, and has no requests left"
    ;;
  in)
    set_state ready
    until [ "$(field 18)" = UP ]; do sleep 0.1; done
    echo "$server is back in"
    ;;
  *)
    echo "balancer.sh: expected \"out\" or \"in\", not \"$1\"" >&2
    exit 2
    ;;
esac

#!/usr/bin/env bash
# farm.sh up      four web servers and a load balancer, as containers of the current Docker engine
# farm.sh down    removes them, with their networks, volumes and image
# Everything is named after FARM; PORT and STATUS_PORT are the balancer's on this machine.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"

farm=${FARM:-web-farm}
servers=(web-1 web-2 web-3 web-4)

# As little as will do: no capabilities, no way to more rights, no root.
start=(--detach --init --label "farm=$farm" --cap-drop ALL --security-opt no-new-privileges)

build() {
  local base output
  # The worker image, if it is there, needs no image registry.
  base=${BASE:-$(docker image ls treadle/worker --format '{{.Repository}}:{{.Tag}}' | head -n 1)}
  if ! output=$(docker build --tag "$farm" ${base:+--build-arg "BASE=$base"} farm 2>&1); then
    echo "$output" >&2
    exit 1
  fi
}

up() {
  local server
  build
  docker network create --label "farm=$farm" "$farm" >/dev/null
  docker network create --label "farm=$farm" --internal "$farm-control" >/dev/null
  for server in "${servers[@]}"; do
    docker volume create --label "farm=$farm" "$farm-$server" >/dev/null
    docker run "${start[@]}" --name "$farm-$server" --hostname "$server" --network "$farm" \
      --network-alias "$server" --volume "$farm-$server:/srv/web" "$farm" /farm/web-server >/dev/null
  done
  docker create "${start[@]:1}" --name "$farm-balancer" --network "$farm" \
    --publish "127.0.0.1:${PORT:-8080}:8080" --publish "127.0.0.1:${STATUS_PORT:-8404}:8404" \
    "$farm" haproxy -db -f /farm/haproxy.cfg >/dev/null
  docker network connect --alias balancer-control "$farm-control" "$farm-balancer"
  docker start "$farm-balancer" >/dev/null
  echo "The site:     http://$(docker port "$farm-balancer" 8080)/ (503 until the first deployment)"
  echo "The balancer: http://$(docker port "$farm-balancer" 8404)/"
}

exists() { [ -n "$(docker network ls --quiet --filter "label=farm=$farm")" ]; }

down() {
  local label="label=farm=$farm"
  docker ps --all --quiet --filter "$label" | xargs --no-run-if-empty docker rm --force --volumes
  docker network ls --quiet --filter "$label" | xargs --no-run-if-empty docker network rm
  docker volume ls --quiet --filter "$label" | xargs --no-run-if-empty docker volume rm
  if docker image inspect "$farm:latest" 2>/dev/null; then docker image rm "$farm:latest"; fi
} >/dev/null

case ${1:-} in
  up)
    if exists; then
      echo "The farm \"$farm\" is up already. \"$0 down\" removes it." >&2
      exit 1
    fi
    trap down EXIT # a farm that cannot be whole leaves nothing behind
    up
    trap - EXIT
    ;;
  down) down ;;
  *)
    echo "usage: $0 up|down" >&2
    exit 2
    ;;
esac

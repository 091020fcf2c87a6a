# What the scripts beside this file share: printing messages, becoming root, installing packages.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$1"
  exit "${2:-3}"
}

# as_root COMMAND...: run it as root, or end with a message that names the command.
as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
    sudo -- "$@"
  else
    die "This needs root: $*. Run it as root (or with sudo), then try again."
  fi
}

# install_packages PACKAGE...: with apt; refreshes the package lists only if the first try fails.
install_packages() {
  command -v apt-get >/dev/null || die "No apt-get here: install $* with this system's own tools, then try again."
  say "Installing $* ..."
  local log
  log=$(mktemp "${TMPDIR:-/tmp}/treadle-apt.XXXXXX.log")
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends)
  if ! as_root "${install[@]}" "$@" >"$log" 2>&1; then
    as_root apt-get update -q >>"$log" 2>&1 || true
    as_root "${install[@]}" "$@" >>"$log" 2>&1 || die "apt could not install $*: see $log."
  fi
  rm -f -- "$log"
}

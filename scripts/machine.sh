# Sourced by the other scripts: what they ask of the machine they run on. Debian packages are installed by root only;
# anybody else is told what to install.

# apt_install WHAT_FOR PACKAGE…
apt_install() {
  local purpose=$1
  shift
  if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "error: $purpose is missing; install it (Debian and Ubuntu: apt-get install $*)" >&2
    return 1
  fi
  echo "installing $* ($purpose)" >&2
  export DEBIAN_FRONTEND=noninteractive
  # Package lists may be absent (slim images) or stale.
  { apt-get install -qq -y --no-install-recommends "$@" || { apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@"; }; } </dev/null >&2
}

# listens PORT: whether something answers on the loopback interface.
listens() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# wait_for SECONDS COMMAND…: until the command succeeds.
wait_for() {
  local tries=$(($1 * 5))
  shift
  for ((i = 0; i < tries; i++)); do
    "$@" && return
    sleep 0.2
  done
  return 1
}

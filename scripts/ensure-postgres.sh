#!/usr/bin/env bash
# A PostgreSQL on the loopback interface that lets tests in. Prints its URL on stdout, everything else on stderr.
#
# In this order: what SKOPOS_TEST_POSTGRES_URL names; what listens on 5432 and lets `postgres` in without a password;
# the system's own cluster, started; a cluster of our own on port 54329. The access rules of a cluster that is not ours
# are never changed.
set -euo pipefail
source "$(dirname "$0")/machine.sh"

readonly OWN_NAME=skopos OWN_PORT=54329

url() { echo "postgres://postgres@127.0.0.1:$1/postgres"; }

lets_us_in() {
  # Without a client there is no asking: a server that a person has started is taken at its word.
  if command -v psql >/dev/null; then
    PGCONNECT_TIMEOUT=3 psql --no-password --quiet --no-psqlrc -c 'select 1' "$(url "$1")" &>/dev/null
  else
    listens "$1"
  fi
}

use() {
  if lets_us_in "$1"; then
    url "$1"
    exit
  fi
}

newest_version() {
  find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort -n | tail -n 1
}

start() { # VERSION CLUSTER; `start` fails when it runs already, and then the wait decides
  pg_ctlcluster --skip-systemctl-redirect "$1" "$2" start >&2 || true
}

if [[ -n ${SKOPOS_TEST_POSTGRES_URL:-} ]]; then
  echo "$SKOPOS_TEST_POSTGRES_URL"
  exit
fi
use 5432
use "$OWN_PORT"

if [[ -z $(newest_version) ]]; then
  apt_install "PostgreSQL" postgresql
fi
if [[ $(id -u) -ne 0 ]]; then
  echo "error: no PostgreSQL on 127.0.0.1:5432 lets user postgres in without a password; start one," \
    "or set SKOPOS_TEST_POSTGRES_URL" >&2
  exit 1
fi

version=$(newest_version)
if ! listens 5432 && [[ -d /etc/postgresql/$version/main ]]; then
  start "$version" main
  wait_for 10 lets_us_in 5432 && use 5432
fi
if [[ ! -d /etc/postgresql/$version/$OWN_NAME ]]; then
  echo "creating the cluster $version/$OWN_NAME on port $OWN_PORT" >&2
  pg_createcluster --port "$OWN_PORT" "$version" "$OWN_NAME" -- --auth=trust --encoding=UTF8 >&2
fi
start "$version" "$OWN_NAME"
wait_for 30 lets_us_in "$OWN_PORT" || { echo "error: PostgreSQL did not start; see /var/log/postgresql" >&2; exit 1; }
url "$OWN_PORT"

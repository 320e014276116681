#!/usr/bin/env bash
# A C compiler, for the SQLite inside the executable.
set -euo pipefail
command -v cc >/dev/null && exit
source "$(dirname "$0")/machine.sh"
apt_install "a C compiler" gcc libc6-dev

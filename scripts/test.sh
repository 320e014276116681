#!/usr/bin/env bash
# Every test of the workspace. The runner's own summary is the last thing that is printed.
set -euo pipefail
cd "$(dirname "$0")/.."

SKOPOS_TEST_POSTGRES_URL=$(scripts/ensure-postgres.sh)
export SKOPOS_TEST_POSTGRES_URL

if cargo nextest --version &>/dev/null; then
  exec cargo nextest run --locked --workspace --no-fail-fast
fi
exec cargo test --locked --workspace --no-fail-fast

#!/usr/bin/env bash
# Every test of the workspace. The runner's own summary is the last thing that is printed.
set -euo pipefail
cd "$(dirname "$0")/.."

SKOPOS_TEST_POSTGRES_URL=$(scripts/ensure-postgres.sh)
export SKOPOS_TEST_POSTGRES_URL
SKOPOS_TEST_RABBITMQ_URL=$(scripts/ensure-rabbitmq.sh)
export SKOPOS_TEST_RABBITMQ_URL
# Bugs can be planted in this build, so that the suites can show what they catch; none is.
readonly BUILD=(--locked --workspace --features planted-bugs)

if cargo nextest --version &>/dev/null; then
  exec cargo nextest run "${BUILD[@]}" --no-fail-fast
fi
exec cargo test "${BUILD[@]}" --no-fail-fast

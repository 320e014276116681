#!/usr/bin/env bash
# A RabbitMQ on the loopback interface. Prints its URL on stdout, everything else on stderr. One that runs already is
# used as it is.
set -euo pipefail
source "$(dirname "$0")/machine.sh"

readonly PORT=5672

if [[ -n ${SKOPOS_TEST_RABBITMQ_URL:-} ]]; then
  echo "$SKOPOS_TEST_RABBITMQ_URL"
  exit
fi
if ! listens "$PORT"; then
  command -v rabbitmq-server >/dev/null || apt_install "RabbitMQ" rabbitmq-server
  if [[ $(id -u) -ne 0 ]]; then
    echo "error: no RabbitMQ on 127.0.0.1:$PORT; start one, or set SKOPOS_TEST_RABBITMQ_URL" >&2
    exit 1
  fi
  # Installing may have started it; a second start would only complain.
  listens "$PORT" || rabbitmq-server -detached >&2
  wait_for 60 listens "$PORT" || { echo "error: RabbitMQ did not start; see /var/log/rabbitmq" >&2; exit 1; }
fi
echo "amqp://guest:guest@127.0.0.1:$PORT/%2f"

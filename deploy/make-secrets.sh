#!/usr/bin/env bash
# Makes what compose.fleet.yaml calls secrets, in deploy/secrets: passwords of PostgreSQL and RabbitMQ, the URLs with
# them, and the key of secrets at rest. Never replaces what is there: the databases keep their first passwords, and
# without its key what is encrypted stays so.
set -euo pipefail
cd "$(dirname "$0")"

if [[ -e secrets ]]; then
  echo "deploy/secrets is there already; nothing was changed" >&2
  exit 1
fi
# Nobody else gets into the folder. The files can be read by all, because each container mounts them for a user of its own.
umask 077
mkdir secrets
cd secrets
umask 022

postgres=$(openssl rand -hex 24)
rabbitmq=$(openssl rand -hex 24)
printf '%s\n' "$postgres" >postgres_password
printf 'postgres://skopos:%s@postgres:5432/skopos\n' "$postgres" >database_url
printf 'default_user = skopos\ndefault_pass = %s\n' "$rabbitmq" >rabbitmq.conf
printf 'amqp://skopos:%s@rabbitmq:5672/%%2f\n' "$rabbitmq" >amqp_url
openssl rand -base64 32 >secrets_key
echo "deploy/secrets is made; keep a copy of secrets_key where your backups are" >&2

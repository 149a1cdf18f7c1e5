#!/bin/bash
# postgres.sh DIR PORT: a throw-away PostgreSQL on 127.0.0.1 only, in the foreground; DIR/pid has the process id.
# As root it runs as the account postgres, or nobody. Made once, with the superuser `keeper` and the password
# `hidden/pass word` in DIR/password; started again on the same DIR it goes on with what it had. Environment:
#   PGBIN   folder of the binaries (default: the newest of /usr/lib/postgresql/*/bin)
#   FSYNC   on or off (default off: what these tests kill is the server, never the machine)
set -euo pipefail
dir=$1 port=$2
bin=${PGBIN:-$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)}
as=()
mkdir -p "$dir"
if [ "$(id -u)" -eq 0 ]; then
  account=postgres
  getent passwd postgres >/dev/null || account=nobody
  chown "$account" "$dir"
  as=(setpriv "--reuid=$account" "--regid=$(id -g "$account")" --clear-groups)
fi
cd "$dir"
if [ ! -e "$dir/data/PG_VERSION" ]; then
  printf 'hidden/pass word' >password
  chmod 0644 password
  # A locale that sorts otherwise than by code point, so that whoever relies on the order is found out.
  "${as[@]}" "$bin/initdb" --no-sync -D "$dir/data" -U keeper -A scram-sha-256 --pwfile="$dir/password" -E UTF8 \
    --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US >log 2>&1
fi
echo $$ >pid
exec "${as[@]}" "$bin/postgres" -D "$dir/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
  -c "fsync=${FSYNC:-off}" -c max_connections=200 -c shared_buffers=64MB -c default_transaction_isolation=serializable \
  -c timezone=Asia/Shanghai -c lc_messages=C >>log 2>&1

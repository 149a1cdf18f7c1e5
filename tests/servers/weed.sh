#!/bin/bash
# weed.sh DIR PORT: a throw-away SeaweedFS with S3 and Object Lock, on loopback only, in the foreground.
# http on PORT, https on PORT+1 (CA: DIR/ca.crt), the inner ports up to PORT+8; DIR/pid has the process id.
# Started again on the same DIR and PORT it goes on with what it had. Environment:
#   WEED          the binary (default: the one of .venv)
#   VOLUMES       how many volumes there may be (default 1000); each bucket takes one at a time
#   VOLUME_MB     their size (default 256): few and small ones make a server that is soon full
#   FILER_HTTP=1  leaves the filer's http port open: the back door that an administrator has
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$here/../../.venv/bin
dir=$1 port=$2
mkdir -p "$dir/data" "$dir/filer"
cd "$dir"
[ -e tls.key ] || "${PYTHON:-$bin/python}" "$here/loopback_ca.py" "$dir"
printf '[leveldb2]\nenabled = true\ndir = "%s/filer"\n' "$dir" > filer.toml
# A bucket is a collection, which would take seven volumes at once by default.
printf '[master.volume_growth]\ncopy_1 = 1\n' > master.toml
cat > s3.json <<'J'
{"identities": [
 {"name": "admin", "credentials": [{"accessKey": "archivekey", "secretKey": "archivesecret"}], "actions": ["Admin", "Read", "Write", "List", "Tagging"]},
 {"name": "ingest", "credentials": [{"accessKey": "ingestkey", "secretKey": "ingestsecret"}], "actions": ["Admin", "Read", "Write", "List", "Tagging"]},
 {"name": "release", "credentials": [{"accessKey": "releasekey", "secretKey": "releasesecret"}], "actions": ["Read", "List"]},
 {"name": "verify", "credentials": [{"accessKey": "verifykey", "secretKey": "verifysecret"}], "actions": ["Read", "List"]}]}
J
door=-filer.disableHttp
[ "${FILER_HTTP:-}" = 1 ] && door=
echo $$ > pid
# Telemetry is on by default in this version, and every server listens on all addresses.
exec "${WEED:-$bin/weed}" -logtostderr=true server -dir="$dir/data" -ip=127.0.0.1 -ip.bind=127.0.0.1 \
  -master.telemetry=false -master.electionTimeout=1s -master.heartbeatInterval=200ms \
  -master.port=$((port + 2)) -master.port.grpc=$((port + 3)) -master.volumeSizeLimitMB="${VOLUME_MB:-256}" \
  -volume.port=$((port + 4)) -volume.port.grpc=$((port + 5)) -volume.max="${VOLUMES:-1000}" -volume.preStopSeconds=1 \
  -filer -filer.port=$((port + 6)) -filer.port.grpc=$((port + 7)) $door \
  -s3 -s3.port="$port" -s3.port.https=$((port + 1)) -s3.port.grpc=$((port + 8)) -s3.cert.file="$dir/tls.crt" -s3.key.file="$dir/tls.key" \
  -s3.port.iceberg=0 -s3.port.lance=0 -s3.config="$dir/s3.json" -s3.allowDeleteBucketNotEmpty=false -s3.autoCreateBucket=false \
  >> "$dir/log" 2>&1

#!/bin/bash
# ceph.sh DIR PORT: a throw-away Ceph 16 of one node with radosgw, on 127.0.0.1 only; no systemd,
# no manager. PORT is the gateway's; the two after it are the monitor's. DIR/pids has the
# numbers of its processes; kill these. Needs radosgw, ceph-mon, ceph-osd and ceph-common (Debian 12).
#
# Cephx keys must be there: without authentication radosgw 16 does not start. The operations log
# (rgw_enable_ops_log) is what `audit reconcile` reads.
set -euo pipefail
D=$1
PORT=$2
M1=$((PORT + 1))
M2=$((PORT + 2))
mkdir -p "$D"/{mon,osd,rgw,run,log}
CF=$D/ceph.conf
K=$D/keyring
FSID=$(cat /proc/sys/kernel/random/uuid)
ADDR="[v2:127.0.0.1:$M2,v1:127.0.0.1:$M1]"
cat >"$CF" <<CONF
[global]
fsid = $FSID
mon_host = $ADDR
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
keyring = $K
run_dir = $D/run
admin_socket = $D/run/\$name.\$pid.asok
log_file = $D/log/\$name.log
pid_file = $D/run/\$name.pid
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
osd_objectstore = bluestore
bluestore_block_size = 8589934592
osd_memory_target = 939524096
[mon.a]
mon_data = $D/mon
[osd.0]
osd_data = $D/osd
[client.rgw]
rgw_data = $D/rgw
rgw_frontends = beast endpoint=127.0.0.1:$PORT
rgw_enable_ops_log = true
rgw_enable_usage_log = false
CONF
ceph-authtool --create-keyring "$K" --gen-key -n mon. --cap mon 'allow *' >/dev/null
ceph-authtool "$K" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
ceph-authtool "$K" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap mgr 'allow profile osd' --cap osd 'allow *'
ceph-authtool "$K" --gen-key -n client.rgw --cap mon 'allow rw' --cap osd 'allow rwx' --cap mgr 'allow rw'
monmaptool --create --addv a "$ADDR" --fsid "$FSID" "$D/monmap" >/dev/null

remember() { cat "$D"/run/*.pid >"$D/pids" 2>/dev/null || true; }
wait_for() { # wait_for WHAT COMMAND...: 300 s at most
    local what=$1 i
    shift
    for i in $(seq 1500); do
        "$@" && return 0
        sleep 0.2
    done
    echo "no $what within 300 s" >&2
    remember
    return 1
}
answers() { ceph -c "$CF" --connect-timeout 5 -s >/dev/null 2>&1; }
# No `grep -q` here: with pipefail it ends the writer by SIGPIPE and waits for ever.
osd_is_up() { [[ "$(ceph -c "$CF" --connect-timeout 5 osd stat 2>/dev/null)" == *" 1 up"* ]]; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; }

ceph-mon -c "$CF" --mkfs -i a --monmap "$D/monmap" --keyring "$K"
ceph-mon -c "$CF" -i a >>"$D/log/stdio" 2>&1
wait_for monitor answers
remember
U=$(cat /proc/sys/kernel/random/uuid)
ceph -c "$CF" osd new "$U" >/dev/null
ceph-osd -c "$CF" -i 0 --mkfs --osd-uuid "$U" >>"$D/log/stdio" 2>&1
ceph-osd -c "$CF" -i 0 >>"$D/log/stdio" 2>&1
wait_for osd osd_is_up
remember
radosgw -c "$CF" -n client.rgw >>"$D/log/stdio" 2>&1
wait_for gateway listens
remember
for who in archive ingest release verify intruder; do
    radosgw-admin -c "$CF" -n client.rgw user create --uid=$who --display-name=$who \
        --access-key=${who}key --secret-key=${who}secret >/dev/null 2>>"$D/log/stdio"
done

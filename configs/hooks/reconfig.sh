#!/bin/sh
# An example client-reconfig script. Vigil calls it when a group's master changed:
#
#   reconfig.sh <group> <role> start <from-host> <from-port> <to-host> <to-port>
#   reconfig.sh orders leader start 10.0.0.1 6379 10.0.0.2 6379
#
# <role> is leader on the sentinel that ran the failover and observer on the
# others. Clients that speak to sentinels need no script; this is for those that do
# not, such as a proxy or a DNS name. The example writes the address to a file that
# a proxy may watch; rename(2) makes the change all at once.
set -eu
group=$1
to_host=$6
to_port=$7
folder=${VIGIL_MASTERS_DIR:-/run/vigil/masters}
mkdir -p "$folder"
printf '%s:%s\n' "$to_host" "$to_port" > "$folder/.$group.$$"
mv "$folder/.$group.$$" "$folder/$group"

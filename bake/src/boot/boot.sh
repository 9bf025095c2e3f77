#!/bin/sh
# Starts a virtual machine in a network of its own, in which the machine's metadata service and what
# stands for the internet are addresses of the loopback device.
#
#   boot.sh SCRATCH VARIABLES LIMIT METADATA ELSEWHERE COMMAND [ARGUMENT...]
#
# SCRATCH    an empty folder, which keeps nothing
# VARIABLES  what the firmware keeps when it is switched off: a copy of it is SCRATCH/variables
# LIMIT      seconds until everything is ended
# METADATA   the address of the metadata service
# ELSEWHERE  the address of what stands for the internet
set -eu
scratch=$1 variables=$2 limit=$3 metadata=$4 elsewhere=$5
shift 5
mount -t tmpfs -o mode=0700 tmpfs "$scratch"
cp "$variables" "$scratch/variables"
ip link set lo up
ip address add "$metadata/32" dev lo
ip address add "$elsewhere/32" dev lo
echo 'boot.sh: the network is there'
exec timeout --kill-after=5 "$limit" "$@"

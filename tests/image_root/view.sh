#!/bin/sh
# Runs a command while a root file system can be seen, in a mount namespace of this script's own.
#
#   view.sh LOWER SCRATCH COMMAND [ARGUMENT...]
#
# The root file system is at SCRATCH/root, and what is changed in it goes to SCRATCH/upper.
set -eu
mkdir -p "$2/upper" "$2/work" "$2/root"
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$2/root"
shift 2
exec "$@"

#!/bin/sh
# Scans a root file system that is put together from layers, in a mount namespace of this script's
# own, and prints a line `rule:result` for each rule of the profile.
#
#   openscap.sh LAYERS PLACE CONTENT PROFILE
#
# LAYERS   folders, the topmost first, as overlayfs takes them
# PLACE    an empty folder in which they are put together
# CONTENT  the data stream with the benchmark
# PROFILE  the profile of it
set -eu
mount -t overlay -o "ro,lowerdir=$1" overlay "$2"
OSCAP_PROBE_ROOT=$2 exec oscap xccdf eval --progress --profile "$4" "$3"

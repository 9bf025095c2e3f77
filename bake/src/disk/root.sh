#!/bin/sh
# Makes the root partition's file system of a root file system that is put together from layers.
#
#   root.sh LAYERS PLACE DISK OFFSET KIBIBYTES UUID
#
# LAYERS     folders, the topmost first, as overlayfs takes them
# PLACE      an empty folder in which they are put together, in a mount namespace of this script's own
# DISK       the file of the whole disk
# OFFSET     where the partition begins, in bytes
# KIBIBYTES  how long it is
# UUID       of the file system, and the seed of its folders' hashes
set -eu
mount -t overlay -o "ro,lowerdir=$1" overlay "$2"
exec mkfs.ext4 -q -F -b 4096 -L valet-root -U "$6" -E "offset=$4,hash_seed=$6,lazy_itable_init=1" \
  -d "$2" "$3" "$5k"

#!/bin/sh
# Copies a root file system that is put together from layers to a folder of its own.
#
#   export_rootfs.sh LAYERS PLACE TARGET
#
# LAYERS  folders, the topmost first, as overlayfs takes them
# PLACE   an empty folder in which they are put together, in a mount namespace of this script's own
# TARGET  the new folder
set -eu
mount -t overlay -o "ro,lowerdir=$1" overlay "$2"
cp --archive --one-file-system --no-target-directory "$2" "$3"

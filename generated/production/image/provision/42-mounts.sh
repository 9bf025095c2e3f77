#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: file systems.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

# Puts one mount point into fstab in place of what is said of it there; all other lines stay.
entry() {
  local point=$1 line=$2
  touch /etc/fstab
  if ! grep -qxF "$line" /etc/fstab; then
    sed -i -E "\\#^[^[:space:]]+[[:space:]]+${point}[[:space:]]#d" /etc/fstab
    echo "$line" >>/etc/fstab
  fi
}

noexec=

# Control: os.tmp-separate
entry /tmp "tmpfs /tmp tmpfs rw,nodev,nosuid$noexec,mode=1777,size=25% 0 0"

# Control: os.dev-shm-noexec
entry /dev/shm 'tmpfs /dev/shm tmpfs rw,nodev,nosuid,noexec,mode=1777 0 0'

if [ -e /etc/fstab ]; then
  chmod 0644 /etc/fstab
fi

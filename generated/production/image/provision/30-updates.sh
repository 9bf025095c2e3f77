#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: updates.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

# Where the package keeps its own switch, it would be on whatever is said here.
rm -f /etc/apt/apt.conf.d/20auto-upgrades
install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/apt/apt.conf.d/zz-valet" /etc/apt/apt.conf.d/zz-valet
install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/needrestart/conf.d/zz-valet.conf" /etc/needrestart/conf.d/zz-valet.conf

# Control: os.updates-work
dpkg --configure -a

# Control: os.signed-packages
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  if [ -e "$file" ] && grep -qiE 'trusted=yes|allow-insecure' "$file"; then
    sed -i -E '/trusted=yes|allow-insecure/Id' "$file"
  fi
done

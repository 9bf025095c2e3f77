#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: the X server and the ways to see it.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

for unit in valet-xvfb.service valet-vnc.service valet-novnc.service; do
  install -D -m 0644 -o root -g root "$VALET_IMAGE/units/$unit" "/etc/systemd/system/$unit"
  systemctl enable --quiet "$unit"
done

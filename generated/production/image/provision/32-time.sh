#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: the clock.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/chrony/chrony.conf" /etc/chrony/chrony.conf

# Control: os.time-synchronised
chronyd -p >/dev/null
systemctl enable --quiet chrony.service

#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: the firewall of the host.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/nftables.conf" /etc/nftables.conf

# Control: os.firewall
systemctl enable --quiet nftables.service

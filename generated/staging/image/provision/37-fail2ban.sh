#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: bans.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/fail2ban/jail.d/valet.local" /etc/fail2ban/jail.d/valet.local

# Control: os.fail2ban
fail2ban-client -t >/dev/null
systemctl enable --quiet fail2ban.service

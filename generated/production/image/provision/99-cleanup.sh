#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: takes away what no image may bring along.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

# Control: image.services-start
rm -f /usr/sbin/policy-rc.d

if [ ! -d /run/systemd/system ] || [ "${SYSTEMD_OFFLINE-}" = 1 ]; then
  exec bash "$VALET_IMAGE/seal.sh"
fi

# This system runs, and so does whoever makes an image of it: their session is logged, and they may have to log in again.
# So its power-off seals the image, once everything has ended that starts after this unit. It lies in memory: no image
# has it.
install -d -m 0700 /run/valet-seal
install -m 0700 "$VALET_IMAGE/seal.sh" /run/valet-seal/seal.sh
cat >/run/systemd/system/valet-seal.service <<'UNIT'
[Unit]
Description=Valet: seals the image when this system is powered off
DefaultDependencies=no
RequiresMountsFor=/etc /home /root /tmp /var/lib /var/log /var/tmp
After=systemd-journald.socket
Before=sysinit.target auditd.service systemd-random-seed.service systemd-update-utmp.service
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/bin/bash /run/valet-seal/seal.sh
TimeoutStopSec=120
UNIT
systemctl daemon-reload
systemctl start valet-seal.service
echo "99-cleanup.sh: the image is sealed when this system is powered off; do not start it again before the image is made"

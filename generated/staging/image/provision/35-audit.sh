#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: the record of the audit subsystem.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

install -D -m 0640 -o root -g root "$VALET_IMAGE/files/etc/audit/auditd.conf" /etc/audit/auditd.conf
install -D -m 0640 -o root -g root "$VALET_IMAGE/files/etc/audit/rules.d/50-valet.rules" /etc/audit/rules.d/50-valet.rules
install -D -m 0640 -o root -g root "$VALET_IMAGE/files/etc/audit/rules.d/99-finalize.rules" /etc/audit/rules.d/99-finalize.rules

# Control: os.audit-files-private
install -d -m 0700 -o root -g root /var/log/audit
find /etc/audit -name '*.conf' -exec chmod 0640 {} +
find /etc/audit -name '*.rules' -exec chmod 0600 {} +

# There are no 32-bit calls of this kind to watch there.
if [ "$(dpkg --print-architecture)" = arm64 ]; then
  sed -i '/arch=b32/d' /etc/audit/rules.d/50-valet.rules
fi

# Control: os.auditd
systemctl enable --quiet auditd.service

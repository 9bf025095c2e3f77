#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: logs.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

# In its own file, where people look, and in one that is read after those of packages.
install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/systemd/journald.conf.d/zz-valet.conf" /etc/systemd/journald.conf
install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/systemd/journald.conf.d/zz-valet.conf" /etc/systemd/journald.conf.d/zz-valet.conf
install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/logrotate.d/valet" /etc/logrotate.d/valet
# Control: os.log-modes
# cloud-init makes its logs for everybody, and keeps the mode of those that are there.
for log in cloud-init.log cloud-init-output.log; do
  if [ ! -e "/var/log/$log" ]; then
    install -m 0640 -o root -g adm /dev/null "/var/log/$log"
  fi
done
# Where rsyslog is not installed, nobody reads it.
install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/rsyslog.d/10-valet.conf" /etc/rsyslog.d/10-valet.conf

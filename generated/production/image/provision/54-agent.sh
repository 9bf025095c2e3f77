#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: the agent.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

install -D -m 0644 -o root -g root "$VALET_IMAGE/units/valet-worker.service" /etc/systemd/system/valet-worker.service
install -D -m 0644 -o root -g root "$VALET_IMAGE/units/valet-configure.service" /etc/systemd/system/valet-configure.service
install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/valet/image.toml" /etc/valet/image.toml

# Control: image.no-environment
# That was the image's part of what the agent lives by. The environment's comes with the instance's user data.
rm -f /etc/valet/worker.toml /etc/valet/instance.json /etc/valet/environment /etc/valet/*.nft

if [ -e "$VALET_IMAGE/payload/valet-worker" ]; then
  install -D -m 0755 -o root -g root "$VALET_IMAGE/payload/valet-worker" /opt/valet/bin/valet-worker
  # The name by which the alarms' command finds it.
  ln -sfn /opt/valet/bin/valet-worker /usr/local/bin/valet-worker
fi

if [ -d /usr/share/polkit-1/rules.d ] && dpkg-query -W -f '${db:Status-Status}\n' polkitd 2>/dev/null | grep -qx installed; then
  install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/polkit-1/rules.d/50-valet.rules" /etc/polkit-1/rules.d/50-valet.rules
else
  echo "54-agent.sh: this system's polkit reads no rules, so the agent may restart nothing: image.base says another system" >&2
fi

systemctl enable --quiet valet-configure.service valet-worker.service

# Control: unit.valid
# A program that is not there is no fault of the unit: payload is optional, and the unit then waits.
problems=$(systemd-analyze verify --man=no /etc/systemd/system/valet-*.service 2>&1 |
  grep -E '(^|/)valet-' | grep -vE 'Command .* is not executable: No such file' || true)
if [ -n "$problems" ]; then
  printf '54-agent.sh: systemd does not accept a unit:\n%s\n' "$problems" >&2
  exit 1
fi

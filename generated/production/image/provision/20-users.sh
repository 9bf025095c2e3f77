#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: the users of the fleet's programs.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

# Their ids are from 2000 on: above system accounts and above the users that cloud-init makes. They
# are made as system accounts all the same, because only those get no subordinate ids.
add_user() {
  local name=$1 comment=$2 home=$3
  if ! getent group "$name" >/dev/null; then
    groupadd --system --key SYS_GID_MIN=2000 --key SYS_GID_MAX=2999 "$name"
  fi
  if ! getent passwd "$name" >/dev/null; then
    useradd --system --key SYS_UID_MIN=2000 --key SYS_UID_MAX=2999 --gid "$name" \
      --home-dir "$home" --no-create-home --comment "$comment" "$name"
  fi
}

add_system_user() {
  local name=$1 comment=$2 home=$3
  if ! getent passwd "$name" >/dev/null; then
    useradd --system --user-group --home-dir "$home" --no-create-home --shell /usr/sbin/nologin \
      --comment "$comment" "$name"
  fi
}

add_user valet 'Valet runtime' /var/lib/valet
add_user adspower 'Valet AdsPower' /var/lib/adspower
add_system_user valet-agent 'Valet agent' /var/lib/valet-worker
add_system_user valet-display 'Valet display' /nonexistent
# Its members may tell the agent to drain and to resume without being root.
if ! getent group valet-operators >/dev/null; then
  groupadd --system valet-operators
fi
# The CloudWatch agent's package would make it; the firewall names it before that. It reads the journal.
add_system_user cwagent 'Amazon CloudWatch agent' /nonexistent
if getent group systemd-journal >/dev/null; then
  usermod --append --groups systemd-journal cwagent
fi

# Control: os.worker-no-login
usermod --shell /usr/sbin/nologin valet
usermod --shell /usr/sbin/nologin adspower

# Control: os.worker-unprivileged
usermod --groups '' valet
usermod --groups '' adspower

install -d -m 0755 -o root -g root /opt/valet /opt/valet/bin /etc/valet

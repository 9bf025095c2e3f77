#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: the agent of Systems Manager.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

# Control: os.session-manager
# Nothing listens for a login, so this agent is the way in. Cloud images of Ubuntu bring it as a snap, others as a package.
unit=
find_unit() {
  local name folder
  for name in snap.amazon-ssm-agent.amazon-ssm-agent.service amazon-ssm-agent.service; do
    for folder in /etc /usr/lib /lib; do
      if [ -f "$folder/systemd/system/$name" ]; then
        unit=$name
        return
      fi
    done
  done
}

note=/opt/valet/made-without-session-manager
rm -f "$note"
find_unit
if [ -z "$unit" ] && [ -d /run/systemd/system ] && [ "${SYSTEMD_OFFLINE-}" != 1 ] && command -v snap >/dev/null; then
  snap install --classic amazon-ssm-agent
  find_unit
fi
if [ -n "$unit" ]; then
  systemctl enable --quiet "$unit"
elif [ -d /run/systemd/system ] && [ "${SYSTEMD_OFFLINE-}" != 1 ]; then
  echo "33-session-manager.sh: this host has no amazon-ssm-agent and no snap to install it with; nobody could log in" >&2
  exit 1
else
  # A root file system that nobody has started: snaps cannot be installed in it.
  echo "33-session-manager.sh: there is no amazon-ssm-agent here; the image is made without it"
  install -d -m 0755 -o root -g root /opt/valet
  : >"$note"
fi

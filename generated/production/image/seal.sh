#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: takes out of the image what belongs to its making.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

# Takes everything out of the image that belongs to its making. In a root file system that does not run it is the last
# step; on a running one it is run by its power-off, when everything else has ended: whoever makes the image can log in
# until then, and what logs until then is gone too.

if [ -d /run/systemd/system ] && [ "${SYSTEMD_OFFLINE-}" != 1 ]; then
  # The journal writes to memory from now on.
  journalctl --relinquish-var 2>/dev/null || true
fi

apt-get clean
rm -rf /var/lib/valet-image
rm -rf /var/lib/apt/lists/*
rm -f /var/cache/apt/*.bin /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/backups/*
rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid- /etc/default/useradd-
rm -f /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
find /tmp /var/tmp -xdev -mindepth 1 ! -path "${VALET_IMAGE:-/none}*" -delete 2>/dev/null || true

# Control: image.machine-id-blank
# Empty, not absent: systemd then makes one at the first boot.
: >/etc/machine-id
if [ -e /var/lib/dbus/machine-id ] || [ -L /var/lib/dbus/machine-id ]; then
  ln -sf /etc/machine-id /var/lib/dbus/machine-id
fi

# Control: image.no-host-keys
find /etc/ssh -name 'ssh_host_*' -delete

# Control: image.no-authorized-keys
find / -xdev -type f \( -name authorized_keys -o -name authorized_keys2 \) -delete 2>/dev/null || true

# Control: image.no-history
find /root /home /var/lib -xdev -type f \( -name '.*_history' -o -name .lesshst -o -name .viminfo -o -name .wget-hsts -o -name fish_history \) -delete 2>/dev/null || true

# Control: image.no-cloud-state
rm -rf /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem /var/lib/cloud/seed

# Control: image.logs-empty
rm -rf /var/log/journal/*
find /var/log -type f \( -name '*.gz' -o -name '*.[0-9]' -o -name '*.old' \) -delete
find /var/log -type f -size +0 -exec truncate --size 0 {} +

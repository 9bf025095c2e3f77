#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, environment production: takes away what no image may bring along.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

apt-get clean
rm -rf /var/lib/apt/lists/*
rm -f /var/cache/apt/*.bin /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/backups/*
rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid- /etc/default/useradd-
rm -f /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
find /tmp /var/tmp -xdev -mindepth 1 ! -path "$VALET_IMAGE*" -delete 2>/dev/null || true

# Control: image.machine-id-blank
# Empty, not absent: systemd then makes one at the first boot.
: >/etc/machine-id
if [ -e /var/lib/dbus/machine-id ]; then
  ln -sf /etc/machine-id /var/lib/dbus/machine-id
fi

# Control: image.no-host-keys
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub

# Control: image.no-authorized-keys
find /root /home /var/lib -xdev -name authorized_keys -delete 2>/dev/null || true

# Control: image.no-history
find /root /home -maxdepth 2 -name '.*_history' -delete 2>/dev/null || true

# Control: image.no-cloud-state
rm -rf /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem

# Control: image.logs-empty
rm -rf /var/log/journal/*
find /var/log -type f \( -name '*.gz' -o -name '*.[0-9]' -o -name '*.old' \) -delete
find /var/log -type f -size +0 -exec truncate --size 0 {} +

# Control: image.services-start
rm -f /usr/sbin/policy-rc.d

# Control: image.no-secrets
# Nothing puts one there. What is found all the same is somebody's mistake, and no image is made.
found=$(grep -rIlE 'AKIA[0-9A-Z]{16}|BEGIN (RSA|OPENSSH|EC) PRIVATE KEY' /etc /opt /root /home /var/lib/cloud /var/lib/valet 2>/dev/null || true)
if [ -n "$found" ]; then
  printf '99-cleanup.sh: this holds a secret, which every instance would have:\n%s\n' "$found" >&2
  exit 1
fi

#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: sshd.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail
# shellcheck source=/dev/null
. "$VALET_IMAGE/apt.sh"

install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/ssh/sshd_config" /etc/ssh/sshd_config

# Control: os.ssh-config-mode
chmod 0600 /etc/ssh/sshd_config

# Control: os.ssh-unit-masked
systemctl disable --quiet ssh.service ssh.socket 2>/dev/null || true
systemctl mask ssh.service ssh.socket

# sshd -t wants a host key and a folder, which no image has.
probe=$(mktemp -d)
ssh-keygen -q -t ed25519 -N '' -f "$probe/key"
install -d -m 0755 /run/sshd
sshd -t -h "$probe/key"
rm -r "$probe"

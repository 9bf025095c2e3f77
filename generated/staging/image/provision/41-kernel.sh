#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: the kernel.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/sysctl.d/zz-valet.conf" /etc/sysctl.d/zz-valet.conf
install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/modprobe.d/valet.conf" /etc/modprobe.d/valet.conf
install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/security/limits.d/valet.conf" /etc/security/limits.d/valet.conf
install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/systemd/coredump.conf.d/valet.conf" /etc/systemd/coredump.conf.d/valet.conf

# Control: os.user-namespaces-kept
# Somebody else's hardening may switch them off, and the sandbox of every browser with them.
find /etc/sysctl.d -name '*.conf' -type f -exec sed -i -E '/(max_user_namespaces|unprivileged_userns_clone) *= *0/d' {} +

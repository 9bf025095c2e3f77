#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: becoming root.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

install -D -m 0440 -o root -g root "$VALET_IMAGE/files/etc/sudoers.d/10-valet" /etc/sudoers.d/10-valet
# Of the rules that fit, the last one holds, so this file is read last.
install -D -m 0440 -o root -g root "$VALET_IMAGE/files/etc/sudoers.d/zz-valet" /etc/sudoers.d/zz-valet

# Control: os.sudoers-valid
visudo -c -q || { visudo -c; exit 1; }

# Control: os.su-restricted
# The group has the name of the benchmark and stays empty: nobody is meant to become somebody else by a password.
getent group sugroup >/dev/null || groupadd --system sugroup
if ! grep -qE '^auth[[:space:]]+required[[:space:]]+pam_wheel\.so.*group=' /etc/pam.d/su; then
  sed -i -E '/^auth[[:space:]]+sufficient[[:space:]]+pam_rootok\.so/a auth       required   pam_wheel.so use_uid group=sugroup' /etc/pam.d/su
fi

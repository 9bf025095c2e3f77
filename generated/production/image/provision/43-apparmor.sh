#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: AppArmor.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

# Control: os.user-namespaces-restricted
# Older than 4.0, AppArmor restricts no user namespaces, and its parser refuses a profile with such
# a rule.
if [ -e /etc/apparmor.d/abi/4.0 ]; then
  for profile in valet-chromium valet-adspower; do
    install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/apparmor.d/$profile" "/etc/apparmor.d/$profile"
    apparmor_parser --skip-kernel-load --skip-cache "/etc/apparmor.d/$profile"
  done
else
  echo "43-apparmor.sh: this AppArmor knows no rules for user namespaces; the profiles of the browsers are left out"
fi

# Control: os.apparmor-enforced
systemctl enable --quiet apparmor.service

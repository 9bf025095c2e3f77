#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: packages.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail
# shellcheck source=/dev/null
. "$VALET_IMAGE/apt.sh"
stop_updates

# No service starts in what is not a running system; the last step takes this away.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 0755 /usr/sbin/policy-rc.d

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The first of these packages that the archive has: systems name the same thing differently.
first_of() {
  local package
  for package in "$@"; do
    if is_installed "$package" || [ -n "$(apt-cache madison "$package" 2>/dev/null)" ]; then
      echo "$package"
      return
    fi
  done
  echo "10-packages.sh: no package source has any of: $*" >&2
  exit 1
}

# Ubuntu keeps noVNC and fail2ban in `universe`, which small images leave out.
add_universe() {
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/ubuntu.sources; do
    [ -e "$file" ] || continue
    if ! grep -qw universe "$file"; then
      sed -i -E 's/^(deb .*|Components:.*)\bmain\b/\1main universe/' "$file"
    fi
  done
}

# bzip2, xz-utils and zstd are what tar calls for a payload or a bundle that is packed so.
packages=(
  bzip2
  ca-certificates
  cron
  dbus
  findutils
  iproute2
  kmod
  libcap2-bin
  libnss-systemd
  netbase
  nftables
  openssh-server
  procps
  x11vnc
  xz-utils
  zstd
  # Control: os.sudoers-valid
  sudo
  # Control: os.auditd
  auditd
  # Control: os.fail2ban
  fail2ban
  python3-systemd
  # Control: os.password-quality
  libpam-pwquality
  cracklib-runtime
  # Control: os.time-synchronised
  chrony
  # Control: os.updates-work
  unattended-upgrades
  # Control: os.log-rotation
  logrotate
  # Control: os.apparmor-enforced
  apparmor
  xvfb
  novnc
  websockify
)
from_fleet=(novnc websockify xvfb)
packages+=("${from_fleet[@]}")

if [ "$(sed -n 's/^ID=//p' /etc/os-release)" = ubuntu ]; then
  add_universe
fi

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
if ! is_installed polkitd && ! is_installed policykit-1; then
  missing+=(polkit)
fi

if [ ${#missing[@]} -gt 0 ]; then
  apt_update
  for index in "${!missing[@]}"; do
    if [ "${missing[index]}" = polkit ]; then
      missing[index]=$(first_of polkitd policykit-1)
    fi
  done
  apt install --no-install-recommends "${missing[@]}"
fi

# Once, so that a root file system that this was already run in needs no archive.
stamp=/var/lib/valet-image/upgraded
if [ ! -e "$stamp" ]; then
  apt_update
  apt upgrade --with-new-pkgs
  pending=$(apt-get --simulate upgrade --with-new-pkgs | grep -c '^Inst .*security' || true)
  if [ "$pending" != 0 ]; then
    echo "10-packages.sh: $pending security updates could not be installed; see apt-get --simulate upgrade" >&2
    exit 1
  fi
  install -d -m 0755 "${stamp%/*}"
  : >"$stamp"
fi

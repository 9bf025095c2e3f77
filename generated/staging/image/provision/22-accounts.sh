#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: all other accounts.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

# Control: os.one-superuser
awk -F: '$3 == 0 && $1 != "root" { print $1 }' /etc/passwd | while read -r name; do
  sed -i "/^$name:/d" /etc/passwd /etc/shadow
done

# Control: os.no-empty-passwords
awk -F: '$2 == "" { print $1 }' /etc/shadow | while read -r name; do
  usermod --password '!' "$name"
done

# Control: os.root-locked
passwd --quiet --lock root

# Control: os.system-accounts-no-login
awk -F: '$3 < 1000 && $3 > 0 && $7 !~ /(nologin|false|sync)$/ { print $1 }' /etc/passwd | while read -r name; do
  usermod --shell /usr/sbin/nologin "$name"
done

# Control: os.umask
if [ "$(grep -E '^UMASK[[:space:]]' /etc/login.defs)" != 'UMASK 027' ]; then
  sed -i -E '/^UMASK[[:space:]]/d' /etc/login.defs
  echo 'UMASK 027' >>/etc/login.defs
fi

# Control: os.shell-umask
for file in /etc/profile /etc/bash.bashrc; do
  grep -qx 'umask 027' "$file" || echo 'umask 027' >>"$file"
done

# Control: os.login-banner
# In the words of the benchmarks. Neither names the system or its version.
echo 'Authorized users only. All activity may be monitored and reported.' >/etc/issue
echo 'Authorized uses only. All activity may be monitored and reported.' >/etc/issue.net
rm -f /etc/motd
# What these print names the system; an update of their packages keeps their modes.
if [ -d /etc/update-motd.d ]; then
  find /etc/update-motd.d -type f -exec chmod a-x {} +
fi

install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/profile.d/valet-idle.sh" /etc/profile.d/valet-idle.sh
# Control: os.idle-shell-ends
# A shell that is not a login shell reads this file alone.
# shellcheck disable=SC2016
line='[ "${TMOUT-}" = 900 ] || . /etc/profile.d/valet-idle.sh'
grep -qxF "$line" /etc/bash.bashrc || echo "$line" >>/etc/bash.bashrc

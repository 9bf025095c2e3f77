#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: what is not there and does not run.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail
# shellcheck source=/dev/null
. "$VALET_IMAGE/apt.sh"

# Takes packages away and keeps them away; those that were never there stay that way.
remove() {
  local package present=()
  for package in "$@"; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ]; then
      present+=("$package")
    fi
  done
  if [ ${#present[@]} -gt 0 ]; then
    apt purge "${present[@]}"
  fi
}

install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/apt/preferences.d/valet" /etc/apt/preferences.d/valet

# Control: os.unused-services
for service in cups avahi-daemon bluetooth ModemManager rpcbind nfs-server snmpd smbd vsftpd rsync slapd dovecot named dnsmasq squid apache2 nginx xinetd; do
  systemctl mask --quiet "$service.service"
done
for socket in cups avahi-daemon rpcbind; do
  systemctl mask --quiet "$socket.socket"
done

# Control: os.legacy-clients-absent
# On newer systems, telnet and ftp are names of other packages.
remove telnet inetutils-telnet nis yp-tools rsh-client rsh-redone-client talk inetutils-talk ftp tnftp inetutils-ftp inetutils-tools ldap-utils

# Control: os.no-crash-reports
remove apport whoopsie

# Control: os.hooks-listed
rm -f /etc/ld.so.preload
for folder in /etc /run /usr/local/lib; do
  rm -rf "$folder"/systemd/{system,user,system-environment,user-environment}-generators "$folder"/extensions
done
rm -rf /var/lib/extensions

# Control: os.no-desktop
systemctl set-default --quiet multi-user.target

#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: modes and owners.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

# Control: os.shadow-mode
chown root:shadow /etc/shadow /etc/gshadow
chmod 0640 /etc/shadow /etc/gshadow

# Control: os.log-modes
# Packages of the payload were installed a moment ago: apt's own logs are readable by everybody.
find /var/log -type f ! -name '*tmp' ! -name lastlog ! -name faillog -perm /0137 -exec chmod u-x,g-wx,o-rwx {} +

# Control: os.cron-modes
for folder in cron.d cron.hourly cron.daily cron.weekly cron.monthly; do
  if [ -d "/etc/$folder" ]; then
    chmod 0700 "/etc/$folder"
  fi
done
if [ -e /etc/crontab ]; then
  chmod 0600 /etc/crontab
fi

# Control: os.jobs-only-of-root
# An empty list lets nobody but root.
install -m 0640 -o root -g "$(getent group crontab >/dev/null && echo crontab || echo root)" /dev/null /etc/cron.allow
install -m 0640 -o root -g root /dev/null /etc/at.allow

# Control: os.no-world-writable
find / -xdev -type f -perm -0002 ! -path '/proc/*' ! -path '/sys/*' -exec chmod o-w {} +

# Control: os.no-unowned
find / -xdev \( -nouser -o -nogroup \) ! -path '/proc/*' -exec chown -h root:root {} +

# Control: os.suid-listed
# By an override of dpkg, so that an update does not bring the bit back.
find / -xdev -type f -perm -4000 ! -path '/proc/*' -regextype posix-extended \
  ! -regex '/usr/bin/(su|sudo|passwd|mount|umount|fusermount3?)|/usr/lib/(dbus-1\.0/dbus-daemon-launch-helper|polkit-1/polkit-agent-helper-1|snapd/snap-confine|chromium/chrome-sandbox)|(/opt/google/chrome|/opt/AdsPower( Global)?)/chrome-sandbox' |
  while read -r program; do
    if ! dpkg-statoverride --list "$program" >/dev/null; then
      dpkg-statoverride --add root root 0755 "$program"
    fi
    chmod u-s "$program"
  done

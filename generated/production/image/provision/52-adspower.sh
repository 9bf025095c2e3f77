#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: AdsPower.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail
# shellcheck source=/dev/null
. "$VALET_IMAGE/apt.sh"

install -D -m 0644 -o root -g root "$VALET_IMAGE/units/valet-browsers.slice" /etc/systemd/system/valet-browsers.slice
install -D -m 0644 -o root -g root "$VALET_IMAGE/units/valet-adspower.service" /etc/systemd/system/valet-adspower.service
install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/tmpfiles.d/valet.conf" /etc/tmpfiles.d/valet.conf

deb=$VALET_IMAGE/payload/adspower.deb
if [ -e "$deb" ] && ! dpkg-query -W -f '${db:Status-Status}\n' "$(dpkg-deb -f "$deb" Package)" 2>/dev/null | grep -qx installed; then
  apt_update
  apt install --no-install-recommends "$deb"
fi

# The package's folder has spaces in its name; this is the one that the unit knows.
for folder in '/opt/AdsPower Global' /opt/AdsPower; do
  if [ -d "$folder" ]; then
    ln -sfn "$folder" /opt/adspower
    break
  fi
done

systemctl enable --quiet valet-adspower.service

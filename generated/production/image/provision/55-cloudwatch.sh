#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: the CloudWatch agent.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail
# shellcheck source=/dev/null
. "$VALET_IMAGE/apt.sh"

deb=$VALET_IMAGE/payload/amazon-cloudwatch-agent.deb
[ -e "$deb" ] || exit 0

if ! dpkg-query -W -f '${db:Status-Status}\n' amazon-cloudwatch-agent 2>/dev/null | grep -qx installed; then
  apt install --no-install-recommends "$deb"
fi

# With placeholders: valet-configure.service writes the one that the agent reads, with the names of the environment.
configuration=$VALET_IMAGE/../cloudwatch/amazon-cloudwatch-agent.json
if [ -e "$configuration" ]; then
  install -D -m 0644 -o root -g root "$configuration" /etc/valet/amazon-cloudwatch-agent.json
  install -d -m 0755 -o root -g root /etc/systemd/system/amazon-cloudwatch-agent.service.d
  printf '%s\n' '[Unit]' '# An instance that tests an image has no log groups.' \
    'ConditionPathExists=/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json' \
    >/etc/systemd/system/amazon-cloudwatch-agent.service.d/50-valet.conf
  install -D -m 0644 -o root -g root "$VALET_IMAGE/units/valet-boot-log.service" /etc/systemd/system/valet-boot-log.service
  systemctl enable --quiet amazon-cloudwatch-agent.service valet-boot-log.service
else
  echo "55-cloudwatch.sh: there is no configuration for the CloudWatch agent; it is installed and does not start"
fi

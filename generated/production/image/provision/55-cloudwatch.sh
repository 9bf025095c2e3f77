#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, environment production: the CloudWatch agent.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail
# shellcheck source=/dev/null
. "$VALET_IMAGE/apt.sh"

deb=$VALET_IMAGE/payload/amazon-cloudwatch-agent.deb
[ -e "$deb" ] || exit 0

if ! dpkg-query -W -f '${db:Status-Status}\n' amazon-cloudwatch-agent 2>/dev/null | grep -qx installed; then
  apt install --no-install-recommends "$deb"
fi

target=/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json
for source in "$VALET_IMAGE/../cloudwatch/amazon-cloudwatch-agent.json" "$VALET_IMAGE/files$target"; do
  if [ -e "$source" ]; then
    install -D -m 0644 -o root -g root "$source" "$target"
    systemctl enable --quiet amazon-cloudwatch-agent.service
    exit 0
  fi
done
echo "55-cloudwatch.sh: there is no configuration for the CloudWatch agent; it is installed and does not start"

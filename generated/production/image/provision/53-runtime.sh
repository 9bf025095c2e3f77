#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: the browser-automation program.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail
# shellcheck source=/dev/null
. "$VALET_IMAGE/apt.sh"

install -D -m 0644 -o root -g root "$VALET_IMAGE/units/valet-runtime.service" /etc/systemd/system/valet-runtime.service

tar=$VALET_IMAGE/payload/runtime.tar
stamp=/opt/valet/.runtime.sha256
if [ -e "$tar" ]; then
  digest=$(sha256sum <"$tar")
  if [ "$digest" != "$(cat "$stamp" 2>/dev/null)" ]; then
    rm -rf /opt/valet/runtime
    install -d -m 0755 -o root -g root /opt/valet/runtime
    tar --extract --file "$tar" --directory /opt/valet/runtime --no-same-owner --no-same-permissions
    chmod -R go-w /opt/valet/runtime
    echo "$digest" >"$stamp"
  fi
fi

node=$VALET_IMAGE/payload/node.tar
stamp=/opt/valet/.node.sha256
if [ -e "$node" ]; then
  digest=$(sha256sum <"$node")
  if [ "$digest" != "$(cat "$stamp" 2>/dev/null)" ]; then
    rm -rf /opt/valet/node
    install -d -m 0755 -o root -g root /opt/valet/node
    tar --extract --file "$node" --directory /opt/valet/node --strip-components 1 --no-same-owner --no-same-permissions
    chmod -R go-w /opt/valet/node
    ln -sfn /opt/valet/node/bin/node /usr/local/bin/node
    echo "$digest" >"$stamp"
  fi
fi

# Without it, the distribution's, which may be too old: verification says so.
command=(node /opt/valet/runtime/main.js)
if [ "${command[0]}" = node ] && ! command -v node >/dev/null; then
  apt_update
  apt install --no-install-recommends nodejs
fi

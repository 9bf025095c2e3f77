#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: programs that no package source has.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

# Programs that no package source has lie in payload/, each with its digest. What is there has to be what was meant to be
# there. An image without one of them is for trying things: it is made where that is asked for, and says so ever after.
cd "$VALET_IMAGE"

# Control: image.payload
note=/opt/valet/made-without
rm -f "$note"
expected=(valet-worker runtime.tar amazon-cloudwatch-agent.deb)
expected+=(adspower.deb)
expected+=(node.tar)
for name in "${expected[@]}"; do
  if [ ! -e "payload/$name" ]; then
    if [ "${VALET_IMAGE_WITHOUT_PAYLOAD:-0}" != 1 ]; then
      echo "12-payload.sh: $VALET_IMAGE/payload/$name is missing; say where it comes from below [image.payload] in fleet.toml" >&2
      exit 1
    fi
    echo "12-payload.sh: payload/$name is not there; the image is made without it"
    install -d -m 0755 -o root -g root /opt/valet
    echo "$name" >>"$note"
    continue
  fi
  line=$(grep -E "^[0-9a-f]{64} [ *](payload/)?${name//./\\.}\$" payload/SHA256SUMS || true)
  if [ -z "$line" ]; then
    echo "12-payload.sh: payload/SHA256SUMS has no line for $name; nothing says that it is the right file" >&2
    exit 1
  fi
  if ! echo "${line%% *}  payload/$name" | sha256sum --check --quiet --strict; then
    echo "12-payload.sh: $VALET_IMAGE/payload/$name is not the file of payload/SHA256SUMS" >&2
    exit 1
  fi
done

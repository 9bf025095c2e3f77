#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: makes the image.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

VALET_IMAGE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export VALET_IMAGE
export DEBIAN_FRONTEND=noninteractive
umask 022

if [ "$(id -u)" != 0 ]; then
  echo "provision.sh: run this as root, in the root file system that becomes the image" >&2
  exit 1
fi

for step in "$VALET_IMAGE"/provision/*.sh; do
  echo "== ${step##*/}"
  bash "$step"
done

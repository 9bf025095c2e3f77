#!/bin/bash
# Puts into an image what a machine needs to start by itself, which an instance has from the image
# that its own is made of.
#
#   machine.sh PACKAGE...
set -euo pipefail
apt-get update
apt-get install --yes --no-install-recommends \
  -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
# cloud-init's own choice has to be made first, which takes a package and half a minute; this one is
# part of the C library.
printf 'locale: C.UTF-8\n' >/etc/cloud/cloud.cfg.d/95-valet.cfg
apt-get clean
rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
# Blank, as it was: it is made at the first boot.
: >/etc/machine-id

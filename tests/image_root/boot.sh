#!/bin/sh
# Boots a root file system under systemd-nspawn, in namespaces that this script is started in.
#
#   boot.sh LOWER SCRATCH
set -eu
mkdir -p "$2/upper" "$2/work" "$2/root"
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$2/root"
unit=$2/root/etc/systemd/system/valet-proof.service
wants=$2/root/etc/systemd/system/multi-user.target.wants
mkdir -p "$wants" "$2/root/valet-proof"
{
  printf '[Unit]\nDescription=Says how far the boot got\n'
  printf 'DefaultDependencies=no\nAfter=multi-user.target\n'
  printf '[Service]\nType=oneshot\nTimeoutStartSec=60\n'
  # A program that dies as soon as it has been started has done so by then.
  printf 'ExecStart=sleep 3\n'
  printf 'ExecStart=/bin/sh -c "%s >/valet-proof/failed"\n' \
    'systemctl list-units --state=failed,auto-restart --plain --no-legend'
  printf 'ExecStart=/bin/sh -c "journalctl -b --no-pager >/valet-proof/journal"\n'
  printf 'ExecStart=/bin/sh -c "systemctl is-active multi-user.target >/valet-proof/target"\n'
  printf 'ExecStart=systemctl --no-block poweroff\n'
} >"$unit"
ln -s ../valet-proof.service "$wants/"
exec script --quiet --return --command "exec timeout --kill-after=5 120 systemd-nspawn --quiet -D '$2/root' --boot --register=no --keep-unit --private-network" /dev/null

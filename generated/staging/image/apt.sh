#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: how the steps call apt.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# How the steps call apt: with patience for whoever else has its locks. A cloud image updates itself after its start.
# shellcheck shell=bash

# Seconds for which another apt may keep a lock.
apt_patience=600

# apt-get, with the answers of nobody. The lock of dpkg it waits for by itself, that of its lists it does not.
apt() {
  local printed status waited=0
  printed=$(mktemp)
  while true; do
    status=0
    apt-get --yes -o "DPkg::Lock::Timeout=$apt_patience" -o Dpkg::Options::=--force-confdef \
      -o Dpkg::Options::=--force-confold "$@" 2>"$printed" || status=$?
    cat "$printed" >&2
    if [ "$status" = 0 ] || [ "$waited" -ge "$apt_patience" ] || ! grep -qE 'Could not get lock|Unable to lock' "$printed"; then
      break
    fi
    echo "apt: somebody else has the lock; tried again in 5 s, for $apt_patience s at the most"
    sleep 5
    waited=$((waited + 5))
  done
  rm -f "$printed"
  return "$status"
}

# The lists of packages, once for all steps.
apt_update() {
  if [ -z "$(find /var/lib/apt/lists -name '*_Packages*' -mmin -60 2>/dev/null | head -n1)" ]; then
    apt update
  fi
}

# Whatever updates this system by itself leaves it alone until it is started again.
stop_updates() {
  local unit
  [ -d /run/systemd/system ] || return 0
  for unit in apt-daily.timer apt-daily-upgrade.timer; do
    systemctl stop "$unit" 2>/dev/null || true
  done
  for unit in apt-daily.service apt-daily-upgrade.service; do
    # shellcheck disable=SC2016
    timeout "$apt_patience" bash -c 'while systemctl is-active --quiet "$1" || [ "$(systemctl is-active "$1")" = activating ]; do sleep 2; done' wait "$unit"
  done
}

#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: what the checks know of the fleet.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# What the checks know of this fleet, and how they say what they found.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317
# The other files of this folder read them.
# shellcheck disable=SC2034

runtime_user=valet
adspower_user=adspower
novnc_port=6080
adspower_port=50325
has_instance_connect=no

# Hosts of the package sources that fleet.toml names.
source_hosts=()

# Names of the certificates that fleet.toml trusts.
certificates=()

# Files that fleet.toml itself puts into the image.
fleet_files=()

# What fleet.toml lets out: a network, or * where the security group names the addresses; a protocol, and the first and
# the last port.
egress=()
lets_out() { egress+=("$1 $2 $3 $4"); }
lets_out 0.0.0.0/0 tcp 80 80
lets_out 0.0.0.0/0 tcp 443 443

# Ends the check: the control does not hold, for this reason.
fail() {
  printf '%s\n' "$*"
  exit 1
}

# Ends the check: this machine cannot have what the control is about.
not_here() {
  printf '%s\n' "$*"
  exit 77
}

# Whether the checks look at a running host, and not at an image that is being made.
is_host() { [ "$PHASE" != image ]; }

# Whether a word is one of those that follow it.
is_one_of() {
  local word=$1 one
  shift
  for one in "$@"; do
    [ "$word" != "$one" ] || return 0
  done
  return 1
}

# Prints what a command prints, which runs once for all checks.
once() {
  local name=$1
  shift
  if [ ! -e "$CACHE/$name" ]; then
    "$@" >"$CACHE/$name.part" 2>"$CACHE/$name.errors" || true
    mv "$CACHE/$name.part" "$CACHE/$name"
  fi
  cat "$CACHE/$name"
}

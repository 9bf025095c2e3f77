#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: looks for credentials.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

# Control: os.authorities-listed
# Whoever is trusted besides signs what every program believes.
(
  set +eu +o pipefail
  CACHE=$(mktemp -d)
  trap 'rm -rf "$CACHE"' EXIT
  # shellcheck source=/dev/null
  . "$VALET_IMAGE/verify/facts.sh"
  # shellcheck source=/dev/null
  . "$VALET_IMAGE/verify/foreign.sh"
  # shellcheck disable=SC2317
  fail() {
    printf '98-secrets.sh: an authority is trusted that nobody declared; see [[image.ca_certificates]] in fleet.toml:\n%s\n' "$*" >&2
    exit 1
  }
  authorities_are_listed
)

# Control: image.no-secrets
# Nothing puts one there. What is found all the same is somebody's mistake, and no image is made.
# shellcheck source=/dev/null
. "$VALET_IMAGE/verify/files.sh"
# shellcheck source=/dev/null
. "$VALET_IMAGE/verify/secrets.sh"
fail() {
  printf '98-secrets.sh: this holds a secret, which every instance would have:\n%s\n' "$*" >&2
  exit 1
}
no_secrets

# Rendered by valet-gen from fleet.toml, the image: shells that are idle.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# shellcheck shell=sh

# Control: os.idle-shell-ends
TMOUT=900
readonly TMOUT
export TMOUT

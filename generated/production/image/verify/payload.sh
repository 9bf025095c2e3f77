#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies the programs that no package source has.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Programs that no package source has: whether each is there, is for this machine, and runs.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# Before it the CloudWatch agent knows no `journald`, and ends over our configuration.
cloudwatch_agent_at_least=1.300070.0
node_at_least=20

runtime_command=(node /opt/valet/runtime/main.js)

# Whether an image was made without this program, which it says itself.
made_without() { grep -qx -- "$1" /opt/valet/made-without 2>/dev/null; }

# A program is one of this machine's: by the head of its file.
is_for_this_machine() {
  local machine
  [ -x "$1" ] || fail "$1: it cannot be run"
  [ "$(head -c 4 "$1" | od -An -tx1 | tr -d ' ')" = 7f454c46 ] || fail "$1: it is no program of Linux, but $(head -c 40 "$1" | head -n1 | tr -cd '[:print:]')"
  machine=$(od -An -tx1 -j18 -N2 "$1" | tr -d ' ')
  case $(dpkg --print-architecture)-$machine in
    amd64-3e00 | arm64-b700) ;;
    *) fail "$1: it is for another machine than $(dpkg --print-architecture)" ;;
  esac
}

# What a program says of its version. Nobody runs it, and it has ten seconds.
version_of() { timeout 10 setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs "$@" --version 2>&1 </dev/null | head -n1; }

agent_runs() {
  local program=/opt/valet/bin/valet-worker
  if [ ! -e "$program" ] && made_without valet-worker; then return; fi
  is_for_this_machine "$program"
  [[ $(version_of "$program") =~ ^valet-worker\ [0-9]+\.[0-9]+\.[0-9]+ ]] || fail "$program: it says $(version_of "$program")"
  [ "$(readlink -f /usr/local/bin/valet-worker)" = "$program" ] || fail '/usr/local/bin/valet-worker is not the agent'
}

runtime_starts() {
  local program word version
  if [ ! -e /opt/valet/runtime ] && made_without runtime.tar; then return; fi
  [ -n "$(ls -A /opt/valet/runtime 2>/dev/null)" ] || fail '/opt/valet/runtime: it is empty'
  program=$(PATH=/usr/local/sbin:/usr/local/bin:$PATH type -P "${runtime_command[0]}") || fail "${runtime_command[0]}: there is no such program"
  for word in "${runtime_command[@]:1}"; do
    case $word in
      /*) [ -e "$word" ] || fail "$word: the runtime's command names it, and it is not there" ;;
    esac
  done
  if [ "${program##*/}" = node ]; then
    if made_without node.tar; then return; fi
    is_for_this_machine "$(readlink -f "$program")"
    version=$(version_of "$program")
    [[ $version =~ ^v([0-9]+)\. ]] && [ "${BASH_REMATCH[1]}" -ge "$node_at_least" ] || fail "$program is $version, and Hatchet's SDK needs $node_at_least"
  fi
}

browser_is_there() {
  if made_without adspower.deb || [ "$(dpkg --print-architecture)" != amd64 ]; then return; fi
  is_for_this_machine /opt/adspower/adspower_global
}

cloudwatch_agent_is_new() {
  local version
  if made_without amazon-cloudwatch-agent.deb; then return; fi
  version=$(dpkg-query -W -f '${Version}' amazon-cloudwatch-agent 2>/dev/null)
  [ -n "$version" ] || fail 'amazon-cloudwatch-agent is not installed'
  dpkg --compare-versions "$version" ge "$cloudwatch_agent_at_least" || fail "amazon-cloudwatch-agent is $version, and reads the journal from $cloudwatch_agent_at_least on"
  is_for_this_machine /opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent
}

# Whatever is there runs; an image that was made without some of it says which.
payload_runs() {
  agent_runs
  runtime_starts
  browser_is_there
  cloudwatch_agent_is_new
  [ ! -s /opt/valet/made-without ] || not_here "made without $(tr '\n' ' ' </opt/valet/made-without)"
}

#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies logs, bans and the clock.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Logs: the journal, rsyslog and their rotation.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# What logrotate would do with a log: its own words about it.
try_rotation() {
  : >/var/log/sudo.log
  logrotate --debug --state /run/state /etc/logrotate.conf 2>&1
  echo "status $?"
}

rotation() { once rotation lab try_rotation; }

# A log is rotated at this pace, and so many old ones stay.
rotates() {
  local log=$1 pace=$2 kept=$3 line
  line=$(rotation | grep -F "rotating pattern: $log " | tail -n1)
  [[ $line =~ (daily|weekly|monthly|bytes).*\(([0-9]+)\ rotations\) ]] || fail "logrotate: nothing rotates $log"
  [ "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}" = "$pace $kept" ] || fail "logrotate: $line"
  rotation | grep -qx 'status 0' || fail "logrotate: $(rotation | grep -i '^error' | head -n1)"
}

# Every mode that rsyslog is told for new files keeps others out.
rsyslog_modes() {
  local file value
  for file in /etc/rsyslog.conf /etc/rsyslog.d/*; do
    [ -f "$file" ] || continue
    while read -r value; do
      [ $((8#$value & 8#0137)) = 0 ] || printf '%s: %s\n' "$file" "$value"
    done < <(sed -nE 's/^[^#]*fileCreateMode[[:space:]]*[= ][[:space:]]*"?([0-7]+).*/\1/Ip' "$file")
  done
}

# The journal is kept on disk, whole, and does not fill it.
journal_is_kept() {
  local most
  configured_is systemd/journald.conf Journal Storage persistent
  most=$(configured systemd/journald.conf Journal SystemMaxUse)
  most=$(numfmt --from=iec "${most^^}" 2>/dev/null)
  [ -n "$most" ] && [ "$most" -ge 67108864 ] && [ "$most" -le 4294967296 ] || fail "journald.conf: SystemMaxUse is $(configured systemd/journald.conf Journal SystemMaxUse)"
  configured_is systemd/journald.conf Journal MaxLevelStore '' debug 7
  ! is_host || [ -n "$(find /var/log/journal -name '*.journal' -newermt "@$(started_at)" 2>/dev/null | head -n1)" ] || fail 'the journal is not on disk'
}

# What fail2ban makes of all its files: a jail watches, bans soon enough and long enough, and spares nobody.
try_bans() { fail2ban-client -d 2>&1; echo "status $?"; }

bans() {
  local jail=$1 said value
  said=$(once bans lab try_bans)
  grep -qx 'status 0' <<<"$said" || fail "fail2ban: $(tail -n2 <<<"$said" | head -n1)"
  grep -qE "^\['(add|start)', '$jail'" <<<"$said" || fail "fail2ban: there is no jail $jail"
  value=$(sed -nE "s/^\['set', '$jail', 'maxretry', ([0-9]+)\]/\1/p" <<<"$said" | tail -n1)
  [ "${value:-99}" -le 5 ] || fail "fail2ban: it allows ${value:-any number of} failures"
  value=$(fail2ban_seconds "$(sed -nE "s/^\['set', '$jail', 'bantime', '?([^']+)'?\]/\1/p" <<<"$said" | tail -n1)")
  [ "$value" -lt 0 ] || [ "$value" -ge 3600 ] || fail "fail2ban: it bans for $value s"
  value=$(fail2ban_seconds "$(sed -nE "s/^\['set', '$jail', 'findtime', '?([^']+)'?\]/\1/p" <<<"$said" | tail -n1)")
  [ "$value" -ge 600 ] || fail "fail2ban: it counts failures of $value s"
  value=$(sed -nE "s/^\['set', '$jail', 'addignoreip', '?(.*[^'])'?\]/\1/p" <<<"$said" | grep -vE "^'?(127\.|::1)" | head -n1)
  [ -z "$value" ] || fail "fail2ban: it spares $value"
  ! grep -E "^\['set', '$jail', 'ignorecommand', '.+'\]" <<<"$said" | grep -q . || fail 'fail2ban: a command says whom it spares'
  grep -qE "^\['set', '$jail', 'addaction'|^\['set', '$jail', 'action', 'nftables|'nftables" <<<"$said" || fail 'fail2ban: it bans nobody in the firewall'
  ! grep -q "'dummy'" <<<"$said" || fail 'fail2ban: it bans nobody in the firewall'
  ! is_host || fail2ban-client status "$jail" >/dev/null || fail "fail2ban: the jail $jail does not run"
}

fail2ban_seconds() { fail2ban-client --str2sec "${1:-0}" 2>/dev/null | tail -n1; }

# chrony's only source, after all its files, as its unit starts it.
clock_has_only() {
  local said sources file
  file=$(unit_values chrony.service ExecStart | sed -nE 's/.* -f ?([^ ]+).*/\1/p')
  [ -n "$file" ] || file=$(sed -nE 's/^[[:space:]]*DAEMON_OPTS=.* ?-f ?([^ "]+).*/\1/p' /etc/default/chrony 2>/dev/null)
  said=$(lab chronyd -p ${file:+-f "$file"} 2>&1) || fail "chronyd -p: $said"
  sources=$(grep -E '^[[:space:]]*(server|pool|peer|refclock|sourcedir)[[:space:]]' <<<"$said")
  while read -r kind address options; do
    case $kind in
      sourcedir)
        ! find $address $options -name '*.sources' 2>/dev/null | grep -q . || fail "chrony: sources of $address"
        ;;
      *)
        [ "$kind $address" = "server $1" ] || fail "chrony: $kind $address"
        [[ " $options " != *' noselect '* && " $options " != *' offline '* ]] || fail "chrony: $kind $address $options"
        ;;
    esac
  done <<<"$sources"
  grep -qE "^[[:space:]]*server[[:space:]]+$1( |\$)" <<<"$sources" || fail "chrony: $1 is no source"
  runs_not systemd-timesyncd.service
  if is_host; then
    # It is answered by a socket that it makes itself, below /run as everybody else sees it.
    nsenter --target 1 --mount -- chronyc -n -c sources 2>/dev/null | cut -d, -f3 | grep -qx "$1" || fail "chronyc: $1 is no source"
  fi
}

# Old browser data goes by itself: the last word of systemd-tmpfiles about a path.
cleans() {
  local path=$1 age=$2 line
  line=$(systemd-tmpfiles --cat-config | grep -vE '^[[:space:]]*(#|$)' | awk -v path="$path" '$2 == path { print }' | head -n1)
  read -r -a words <<<"$line"
  [[ ${words[0]-} =~ ^[deDQqv] ]] && [ "${words[5]-}" = "$age" ] || fail "systemd-tmpfiles: $path: ${line:-nothing}"
  ! systemd-tmpfiles --cat-config | grep -qE "^[xX][^[:space:]]*[[:space:]]+(/var/(lib|cache)(/adspower[^[:space:]]*)?/?\*?\*?)([[:space:]]|\$)" || fail "systemd-tmpfiles: something keeps $path as it is"
}

#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies sshd.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# sshd, as it says itself what it makes of its configuration for whoever connects.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# Options that the units give to sshd, its environment's among them: a word a line.
sshd_options() {
  local unit line word value
  for unit in ssh.service ssh@.service sshd.service; do
    unit_text "$unit"
  done | sed -nE 's/^ExecStart=[-@:+!|]*[^[:space:]]*sshd[[:space:]]?//p' | while read -r line; do
    value=$(sed -nE "s/^[[:space:]]*SSHD_OPTS=[\"']?(.*[^\"'])[\"']?[[:space:]]*\$/\1/p" /etc/default/ssh 2>/dev/null | tail -n1)
    line=${line//\$SSHD_OPTS/$value}
    line=${line//\$\{SSHD_OPTS\}/$value}
    for word in $line; do
      is_one_of "$word" -D -i -e || printf '%s\n' "$word"
    done
  done
}

# Every file that sshd reads its configuration from.
sshd_files() {
  local file=${1:-/etc/ssh/sshd_config} pattern one
  printf '%s\n' "$file"
  while read -r pattern; do
    case $pattern in
      /*) ;;
      *) pattern=/etc/ssh/$pattern ;;
    esac
    for one in $pattern; do
      [ ! -f "$one" ] || sshd_files "$one"
    done
  done < <(sed -nE 's/^[[:space:]]*[Ii][Nn][Cc][Ll][Uu][Dd][Ee][[:space:]=]+//p' "$file" 2>/dev/null | tr -d '"' | tr -s '[:space:]' '\n')
}

# Who connects from where, as `sshd -C` takes it: each account, nobody's, and whoever a Match block is about.
sshd_callers() {
  local account members=0
  for account in root "$runtime_user" "$adspower_user" valet-agent valet-display cwagent ubuntu stranger; do
    printf 'user=%s,host=h,addr=192.0.2.1\n' "$account"
  done
  getent passwd | cut -d: -f1 | sed 's/.*/user=&,host=localhost,addr=127.0.0.1/'
  sshd_files | while read -r file; do
    sed -nE 's/^[[:space:]]*[Mm][Aa][Tt][Cc][Hh][[:space:]]+//p' "$file"
  done | tr -d '"!' | while read -r -a words; do
    user=stranger host=h address=192.0.2.1 port=
    for ((at = 0; at + 1 < ${#words[@]}; at += 2)); do
      value=${words[at + 1]%%,*}
      value=${value//[*?]/1}
      case ${words[at],,} in
        user) user=$value ;;
        group)
          user=$(getent group "$value" | cut -d: -f4 | cut -d, -f1)
          # A group that nobody is in has a member tomorrow. /etc is a copy here.
          if [ -z "$user" ] && getent group "$value" >/dev/null; then
            user=match-$((++members))
            useradd --no-create-home --home-dir / --shell /usr/sbin/nologin --groups "$value" "$user" >/dev/null 2>&1
          fi
          ;;
        host) host=$value ;;
        address) address=${value%/*} ;;
        localaddress | localport | rdomain) port=$port,${words[at]/Local/l}=${value%/*} ;;
      esac
    done
    for user in "${user:-stranger}" root; do
      printf 'user=%s,host=%s,addr=%s%s\n' "$user" "$host" "$address" "${port,,}"
    done
  done
}

try_sshd() {
  local -a options
  mapfile -t options < <(sshd_options)
  ssh-keygen -q -t ed25519 -N '' -f /tmp/key
  sshd_callers | sort -u | while read -r caller; do
    sshd -T -h /tmp/key -C "$caller" ${options[@]+"${options[@]}"} 2>&1 | sed "s/^/$caller /"
    [ "${PIPESTATUS[0]}" = 0 ] || printf '%s failed\n' "$caller"
  done
}

# `caller word value` lines of every caller.
sshd_says() { once sshd lab try_sshd; }

# For every caller a word of sshd has one of these values.
sshd_is() {
  local word=$1 wrong
  shift
  wrong=$(sshd_says | awk -v word="$word" -v values="$(printf '%s\n' "$@")" '
    BEGIN { split(values, list, "\n"); for (one in list) good[list[one]] = 1 }
    { callers[$1] = 1 }
    $2 == word || $2 == "failed" { value = $0; sub(/^[^ ]+ [^ ]+ ?/, "", value); said[$1] = 1; if ($2 == "failed" || !(value in good)) print $0 }
    END { for (caller in callers) if (!(caller in said)) print caller " says nothing of " word; if (!length(callers)) print "sshd says nothing" }' | head -n3)
  [ -z "$wrong" ] || fail "sshd -T -C $wrong"
}

# For every caller a number of sshd is in a range.
sshd_between() {
  local word=$1 least=$2 most=$3 wrong
  wrong=$(sshd_says | awk -v word="$word" -v least="$least" -v most="$most" '
    $2 == word { said++; if ($3 + 0 < least || $3 + 0 > most) print }
    $2 == "failed" { print }
    END { if (!said) print "nothing of " word }' | head -n3)
  [ -z "$wrong" ] || fail "sshd -T -C $wrong"
}

# For every caller a list of sshd has nothing but these.
sshd_only() {
  local word=$1 wrong
  shift
  wrong=$(sshd_says | awk -v word="$word" -v values="$*" '
    BEGIN { count = split(values, list, " "); for (one = 1; one <= count; one++) good[list[one]] = 1 }
    $2 == word { said++; count = split($3, list, ","); for (one = 1; one <= count; one++) if (!(list[one] in good)) print $1 " " word " " list[one] }
    $2 == "failed" { print }
    END { if (!said) print "nothing of " word }' | head -n3)
  [ -z "$wrong" ] || fail "sshd -T -C $wrong"
}

# Each of these accounts is refused, whoever connects.
sshd_denies() {
  local account
  for account in "$@"; do
    sshd_says | awk -v account="$account" '
      $1 ~ "^user=" account "," { callers[$1] = 1 }
      $2 == "denyusers" && $3 == account && $1 ~ "^user=" account "," { denied[$1] = 1 }
      END { for (caller in callers) { count++; if (!(caller in denied)) exit 1 } exit !count }' ||
      fail "sshd lets in $account"
  done
}

# A word is said, and not left to what sshd takes by itself.
sshd_says_itself() {
  sshd_files | while read -r file; do cat "$file"; done | grep -qiE "^[[:space:]]*$1[[:space:]=]" || fail "sshd_config says nothing of $1"
}

# Nothing starts sshd: not its units under any of their names, and not another one.
sshd_is_off() {
  local unit found
  for unit in ssh.service ssh.socket; do is_masked "$unit"; done
  for unit in sshd.service sshd.socket; do
    is_one_of "$(systemctl is-enabled "$unit" 2>/dev/null)" masked '' not-found alias linked || [ "$(readlink -f "/etc/systemd/system/$unit")" = /dev/null ] || fail "$unit: $(systemctl is-enabled "$unit" 2>/dev/null)"
  done
  runs_not ssh.service ssh.socket sshd.service sshd.socket
  found=$(units | awk -F '\t' '$2 ~ /^Exec/ && $3 ~ /(^|\/| )(sshd|dropbear)( |$)/ { print $1 ": " $3 }' | while IFS=: read -r unit command; do ! boots "$unit" || printf '%s:%s\n' "$unit" "$command"; done | head -n1)
  [ -z "$found" ] || fail "the boot starts $found"
  is_host || return 0
  ! pgrep --exact sshd >/dev/null || fail 'sshd runs'
}

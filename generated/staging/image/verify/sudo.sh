#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies sudo and su.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Becoming somebody else, as sudo and su decide it.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# The rules of sudo as its own parser reads them, a rule a line, with every alias replaced.
sudo_rules() { once sudoers lab cvtsudoers -e -f sudoers -o - /etc/sudoers; }

# What sudo says of itself as root: its settings for everybody.
sudo_says() { once sudo lab sudo -V; }

# A setting is in force, and no rule about one user, host or command says otherwise.
sudo_has() {
  local name=$1 value=${2-} wanted last
  wanted=$name${value:+=$value}
  last=$(sudo_rules | tr -d '"' | sed -nE 's/^Defaults[[:space:]]+//p' | tr ',' '\n' | sed -E 's/^[[:space:]]+//' |
    grep -E "^!?$name([=[:space:]]|\$)" | tail -n1)
  [ "$last" = "$wanted" ] || fail "sudo: the last word about $name is: ${last:-none}"
  last=$(sudo_rules | grep -E '^Defaults[@:!>]' | grep -E "(^|[[:space:],])!?$name([=,[:space:]]|\$)" | head -n1)
  [ -z "$last" ] || fail "sudo: $last"
}

# A user may run nothing with sudo: on no host, as nobody, no single command.
sudo_refuses() {
  local user=$1 said last
  said=$(lab sudo -l -U "$user" 2>&1)
  case $said in
    *'is not allowed to run sudo'*) ;;
    *)
      last=$(sed '/^[[:space:]]*$/d' <<<"$said" | tail -n1 | tr -s ' ')
      [ "$last" = ' (ALL : ALL) !ALL' ] || fail "sudo -l -U $user: $last"
      ;;
  esac
  # sudo answers for the name that this machine has now; a rule may be about another one.
  last=$(lab cvtsudoers -e -M -m "user=$user" -s defaults,aliases -f sudoers -o - /etc/sudoers | grep -vE '^(Defaults|#|$)' | tail -n1 | tr -d ' ')
  [ "$last" = "${user}ALL=(ALL:ALL)!ALL" ] || fail "sudo: the last rule about $user is: ${last:-none}"
}

# What is done with sudo is written to this file.
try_sudo_record() {
  local file=$1
  lab bash -c 'sudo -n -u nobody true; grep -q "COMMAND=.*true" "$1"' record "$file" || fail "sudo: nothing is written to $file"
}

# Two accounts with a password, of which one becomes the other: refused, but for a member of the group that may.
try_su() {
  local group=$1 password='Kq9!vLm2#xTz7wB'
  useradd --no-create-home --home-dir / --shell /bin/sh trial-a
  useradd --no-create-home --home-dir / --shell /bin/sh trial-b
  usermod --password "$(perl -e 'print crypt($ARGV[0], q($6$abcdefgh$))' "$password")" trial-b
  : >/etc/pam.d/common-session
  : >/etc/security/faillock.conf
  attempt() { setpriv --reuid=trial-a --regid=trial-a "$@" su trial-b -c true <<<"$password"; }
  printf 'refused=%s\n' "$(attempt --clear-groups >/dev/null 2>&1 && echo no || echo yes)"
  gpasswd --add trial-a "$group" >/dev/null 2>&1
  printf 'member=%s\n' "$(attempt --init-groups >/dev/null 2>&1 && echo yes || echo no)"
}

# No rule has one of these settings, about whomever.
sudo_never() {
  local setting found
  for setting in "$@"; do
    [ "$setting" != log_allowed ] || continue
    found=$(sudo_rules | grep -E "^Defaults.*[[:space:],]$setting([,[:space:]]|\$)" | head -n1)
    [ -z "$found" ] || fail "sudo: $found"
  done
}

# Minutes after which sudo asks again, as it says itself.
sudo_asks_after() {
  sudo_says | grep -qE "^Authentication timestamp timeout: $1(\.0)? minutes" || fail "sudo -V: $(sudo_says | grep 'timestamp timeout')"
}

# su lets in nobody but the members of a group, which has none.
su_is_restricted() {
  local group=$1 found
  getent group "$group" >/dev/null || fail "there is no group $group"
  found=$(getent group "$group" | cut -d: -f4)
  [ -z "$found" ] || fail "the group $group has members: $found"
  found=$(getent passwd | awk -F: -v group="$(getent group "$group" | cut -d: -f3)" '$4 == group { print $1 }')
  [ -z "$found" ] || fail "the group $group is the group of $found"
  found=$(once su lab try_su "$group")
  grep -qx refused=yes <<<"$found" || fail 'su lets in somebody who is not in the group'
  grep -qx member=yes <<<"$found" || fail 'su cannot be tried'
}

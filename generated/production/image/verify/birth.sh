#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies what an image must not bring along.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# What an image must not bring along. In an image that nobody has started it is not there; after the first start it is
# no older than the instance.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# Seconds since 1970 at which this system was started, a little earlier rather than later.
started_at() { awk '$1 == "btime" { print $2 - 2 }' /proc/stat; }

# A system that is being made into an image still runs: its power-off seals it, and the first boot proves that.
sealed_later() {
  if [ "$PHASE" = image ] && [ "${SYSTEMD_OFFLINE-}" != 1 ] && [ -d /run/systemd/system ]; then
    systemctl is-active --quiet valet-seal.service || fail 'valet-seal.service: it is not active, so the power-off does not seal this image'
    exit 78
  fi
}

# Files that are older than this start.
older_than_start() { find "$@" ! -newermt "@$(started_at)" -print 2>/dev/null; }

# Folders in which somebody may have left something.
homes() { getent passwd | cut -d: -f6 | sort -u | grep -vxE '/|/nonexistent|/dev|/bin|/usr/s?bin|/proc|/run/.*|/var/run/.*' | while read -r home; do [ ! -d "$home" ] || printf '%s\n' "$home"; done; }

# Files by which sshd lets somebody in: those that it says it reads, and what else has such a name.
authorized_keys() {
  local home pattern
  while IFS=: read -r user _ _ _ _ home _; do
    for pattern in $(sshd_says | awk -v user="user=$user," 'index($1, user) == 1 && $2 == "authorizedkeysfile" { $1 = $2 = ""; print }' | tr ' ' '\n' | sort -u) .ssh/authorized_keys .ssh/authorized_keys2; do
      pattern=${pattern//%h/$home}
      pattern=${pattern//%u/$user}
      case $pattern in
        none) continue ;;
        /*) ;;
        *) pattern=${home%/}/$pattern ;;
      esac
      [ ! -s "$pattern" ] || printf '%s\n' "$pattern"
    done
  done < <(getent passwd) | sort -u
  search -name 'authorized_keys*' -type f -size +0 ! -path '/usr/share/*' ! -path '/proc/*'
}

# Host keys: those that sshd names, and everything with such a name.
host_keys() {
  {
    sshd_says | awk '$2 == "hostkey" && $3 != "/tmp/key" { print $3 }'
    find /etc/ssh -type f ! -name '*.pub' -exec grep -lE 'BEGIN [A-Z ]*PRIVATE KEY' {} + 2>/dev/null
    find /etc/ssh -name 'ssh_host_*' ! -name '*.pub'
  } | sort -u | while read -r key; do [ ! -e "$key" ] || printf '%s\n' "$key"; done
}

# Logs with something in them.
filled_logs() {
  find /var/log -type f -size +0 ! -name lastlog ! -name faillog ! -path '/var/log/journal/*' -print
  find /var/log -type f \( -name lastlog -o -name faillog \) -size +0 | while read -r file; do
    tr -d '\000' <"$file" | head -c1 | grep -q . && printf '%s\n' "$file"
  done
  find /var/log/journal -type f 2>/dev/null
}

# Lines of logs from before this start: what their files were made with, and what they begin with.
older_lines() {
  local file first moment
  older_than_start /var/log -type f -size +0 ! -name lastlog ! -name faillog
  find /var/log -type f -size +0 \( -name '*.log' -o -name syslog -o -name messages \) | while read -r file; do
    first=$(head -n1 "$file" | head -c 64 | tr -d '\000')
    if [[ $first =~ ^([0-9]{4}-[0-9]{2}-[0-9]{2}[T\ ][0-9:]{8}|[A-Z][a-z]{2}\ +[0-9]+\ [0-9:]{8}) ]]; then
      moment=$(date --date "${BASH_REMATCH[1]}" +%s 2>/dev/null || echo)
      [ -z "$moment" ] || [ "$moment" -ge "$(started_at)" ] || printf '%s: %s\n' "$file" "${BASH_REMATCH[1]}"
    fi
  done
}

# When what is looked at may have begun: this start of a host, never for an image.
born() { if is_host; then started_at; else echo 4102444800; fi; }

machine_is_new() {
  sealed_later
  if is_host; then
    [ -z "$(older_than_start /etc/machine-id)" ] || fail '/etc/machine-id is older than this host'
    [ "$(journalctl --list-boots --no-pager --quiet 2>/dev/null | grep -cE '^ *-?[0-9]')" = 1 ] || fail "the journal has more boots than this: $(journalctl --list-boots --no-pager | head -n2)"
    [ -z "$(find /var/log/journal -mindepth 1 -maxdepth 1 ! -name "$(cat /etc/machine-id)*" 2>/dev/null)" ] || fail "the journal of another machine: $(ls /var/log/journal)"
    return
  fi
  [ ! -s /etc/machine-id ] || fail "/etc/machine-id has $(cat /etc/machine-id)"
  # An empty one is filled from here.
  [ -L /var/lib/dbus/machine-id ] || [ ! -s /var/lib/dbus/machine-id ] || fail '/var/lib/dbus/machine-id has an identity'
  [ ! -s /var/lib/systemd/random-seed ] || fail '/var/lib/systemd/random-seed: every instance would begin with it'
  [ ! -e /var/lib/systemd/credential.secret ] || fail '/var/lib/systemd/credential.secret: every instance would have it'
}

host_keys_are_new() {
  local key
  sealed_later
  while read -r key; do
    if ! is_host; then fail "$key is in the image"; fi
    [ -z "$(older_than_start "$key")" ] || fail "$key is older than this host"
  done < <(host_keys)
}

nobody_is_authorized() {
  local file
  sealed_later
  while read -r file; do
    if ! is_host || [ -n "$(older_than_start "$file")" ]; then fail "$file lets somebody in"; fi
  done < <(authorized_keys)
  sshd_is trustedusercakeys none
  # A program may say which keys let somebody in, as that of EC2 Instance Connect does.
  file=$(sshd_says | awk -v eic="$has_instance_connect" '$2 == "authorizedkeyscommand" && $3 != "none" && !(eic == "yes" && $3 ~ /^\/usr\/share\/ec2-instance-connect\//) { print $3; exit }')
  [ -z "$file" ] || fail "sshd asks $file who is let in"
  sshd_is authorizedprincipalscommand none
}

cloud_state_is_new() {
  local found
  sealed_later
  if is_host; then
    found=$(find /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem -mindepth 1 ! -newermt "@$(started_at)" 2>/dev/null | head -n1)
  else
    found=$(ls -d /var/lib/cloud/instance 2>/dev/null; find /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem /var/lib/cloud/seed -mindepth 1 2>/dev/null | head -n1)
  fi
  [ -z "$found" ] || fail "$found"
}

logs_are_new() {
  local found
  sealed_later
  if is_host; then found=$(older_lines | head -n3); else found=$(filled_logs | head -n3); fi
  [ -z "$found" ] || fail "$found"
}

# What names an environment comes with the user data: an image has none of it, and a host none that is older.
no_environment() {
  local file found
  for file in worker.toml instance.json environment resolvers.nft; do
    file=/etc/valet/$file
    if [ -e "$file" ] && { ! is_host || [ -n "$(older_than_start "$file")" ]; }; then fail "$file is of some instance"; fi
  done
  file=/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json
  if [ -e "$file" ] && { ! is_host || [ -n "$(older_than_start "$file")" ]; }; then fail "$file is of some instance"; fi
  found=$(find /etc/valet -mindepth 1 ! -name image.toml ! -name amazon-cloudwatch-agent.json ! -name worker.toml ! -name instance.json ! -name environment ! -name resolvers.nft -print 2>/dev/null | head -n1)
  [ -z "$found" ] || fail "$found: nothing of the fleet's has this name"
  found=$(units | awk -F '\t' '($1 == "valet-worker.service" || $1 == "valet-runtime.service") && $2 == "EnvironmentFile" && $3 !~ /^-?\/(etc\/valet\/environment|run\/valet\/runtime\.env)/ { print $1 ": " $3 }' | head -n1)
  [ -z "$found" ] || fail "$found"
  found=$(units | awk -F '\t' '$1 == "valet-worker.service" && $2 == "Environment" && $3 ~ /VALET_(FLEET|ENVIRONMENT|REGION)=/ { print $3 }' | head -n1)
  [ -z "$found" ] || fail "valet-worker.service has $found"
}

no_history() {
  sealed_later
  nothing search -type f -size +0 \( -name '.*_history' -o -name .lesshst -o -name .viminfo -o -name .wget-hsts -o -name fish_history \) ! -newermt "@$(born)"
}

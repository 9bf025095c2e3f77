#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies units.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Units as systemd itself puts them together from all their files, and what it would start at a boot.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# Lines of `unit<TAB>property<TAB>value`. As nobody: systemd refuses to be tried by root.
read_units() {
  local program
  for program in /usr/lib/systemd/systemd /lib/systemd/systemd; do
    [ -x "$program" ] && break
  done
  # It asks for its control group, which a root file system that nobody has booted may not have.
  [ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 -o ro cgroup2 /sys/fs/cgroup || true
  install -d -o 65534 -g 65534 /run/systemd
  HOME=/ TMPDIR=/tmp setpriv --reuid=65534 --regid=65534 --clear-groups \
    timeout 60 "$program" --test --system </dev/null |
    awk '
      /^-> By jobs:/ { exit }
      /^\t-> Unit / { unit = $0; sub(/^\t-> Unit /, "", unit); sub(/:$/, "", unit); next }
      /^\t\t-> Job / { job = 1; next }
      /^\t\t-> Exec[A-Za-z]*:/ { exec = $2; sub(/:$/, "", exec); next }
      /^\t\t\tCommand Line: / { line = $0; sub(/^\t\t\tCommand Line: /, "", line); print unit "\t" exec "\t" line; next }
      /^\t\t\tAction: / { print unit "\tJob\t" $4; next }
      /^\t\t[A-Z]/ {
        line = substr($0, 3)
        at = index(line, ": ")
        if (at) print unit "\t" substr(line, 1, at - 1) "\t" substr(line, at + 2)
        else { sub(/:$/, "", line); print unit "\t" line "\t" }
      }'
}

units() { once units lab read_units; }

# Every value of a property, a line each.
unit_values() { units | awk -F '\t' -v unit="$1" -v property="$2" '$1 == unit && $2 == property { print $3 }'; }

# The last value of a property.
unit_value() { unit_values "$1" "$2" | tail -n1; }

# Every file that a unit is made of: its own and its drop-ins.
unit_files() { units | awk -F '\t' -v unit="$1" '$1 == unit && ($2 == "Fragment Path" || $2 == "DropIn Path") { print $3 }'; }

# The text of a unit that the boot may not even load, with its drop-ins, from wherever systemd looks for them.
unit_text() {
  local unit=$1 folder
  for folder in /usr/lib /lib /usr/local/lib /run /etc; do
    [ -L "$folder" ] || cat "$folder/systemd/system/$unit" "$folder/systemd/system/$unit.d"/*.conf \
      "$folder/systemd/system/${unit%%@*}@.service.d"/*.conf 2>/dev/null
  done
  cat /etc/systemd/system.control/"$unit".d/*.conf 2>/dev/null || true
}

# Whether the boot starts a unit, under whichever of its names.
boots() {
  units | awk -F '\t' -v unit="$1" '
    $2 == "Alias" && $3 == unit { other = $1 }
    ($1 == unit || $1 == other) && $2 == "Job" && $3 == "start" { found = 1 }
    END { exit !found }'
}

# A unit runs: at the next boot of an image, and right now on a host. What nobody but the distribution's own file may
# say are conditions: with another one it would be skipped without a word.
runs() {
  local unit value key fragment
  for unit in "$@"; do
    boots "$unit" || fail "$unit: the boot does not start it; see systemctl status $unit, systemctl list-dependencies"
    fragment=$(unit_value "$unit" 'Fragment Path')
    while IFS=$'\t' read -r _ key value; do
      value=${value% *}
      value=${value#|}
      grep -qE "^$key=\\|?" "$fragment" && grep -qF -- "$value" "$fragment" ||
        fail "$unit: a drop-in makes it depend on $key=$value"
    done < <(units | awk -F '\t' -v unit="$unit" '$1 == unit && $2 ~ /^(Condition|Assert)[A-Z][A-Za-z]*$/ && $2 !~ /Timestamp|Result/')
    if is_host && [ "$(systemctl is-active "$unit")" != active ]; then
      fail "$unit: $(systemctl is-active "$unit")"
    fi
  done
}

# The command of a unit is exactly this one, and nothing else is run around it.
runs_only() {
  local unit=$1 expected=$2 found
  found=$(unit_values "$unit" ExecStart)
  [[ $found =~ ^$expected$ ]] || fail "$unit: it runs: $found"
}

# The agent of Systems Manager, as a snap or as a package: it is started, and it is that agent.
session_manager_runs() {
  local unit folder
  for unit in snap.amazon-ssm-agent.amazon-ssm-agent.service amazon-ssm-agent.service; do
    for folder in /etc /run /usr/lib /lib; do
      if [ -e "$folder/systemd/system/$unit" ]; then
        runs "$unit"
        runs_only "$unit" '(/usr/bin/snap run amazon-ssm-agent|/usr/bin/amazon-ssm-agent)'
        return
      fi
    done
  done
  [ ! -e /opt/valet/made-without-session-manager ] || not_here 'made where no amazon-ssm-agent can be had'
  fail 'there is no amazon-ssm-agent, so nobody can log in'
}

# None of these is started, by whatever unit wants it.
runs_not() {
  local unit
  for unit in "$@"; do
    ! boots "$unit" || fail "$unit: the boot starts it"
    ! is_host || ! systemctl is-active --quiet "$unit" || fail "$unit: it is active"
  done
}

# None of these can be started, by nobody.
is_masked() {
  local unit
  for unit in "$@"; do
    [ "$(systemctl is-enabled "$unit" 2>/dev/null)" = masked ] || fail "$unit: it is not masked"
  done
}

# A property of a unit has this value.
unit_is() {
  local unit=$1 property=$2 expected=$3 found
  found=$(unit_value "$unit" "$property")
  [ "$found" = "$expected" ] || fail "$unit: $property is ${found:-not set}, and not $expected"
}

# A unit runs as a user without power, with everything that it executes, and really does where it runs.
unit_runs_as() {
  local unit=$1 expected=$2 uid group file pid
  unit_is "$unit" User "$expected"
  uid=$(id -u "$expected") || fail "$unit: there is no user $expected"
  [ "$uid" != 0 ] || fail "$unit: $expected has the user id 0"
  group=$(unit_value "$unit" Group)
  [ "${group:-$expected}" = "$expected" ] || fail "$unit: Group is $group"
  [ -z "$(unit_values "$unit" SupplementaryGroups)" ] || fail "$unit: it has supplementary groups"
  unit_is "$unit" PermissionsStartOnly no
  while read -r file; do
    ! grep -nE '^[[:space:]]*Exec[A-Za-z]+[[:space:]]*=[[:space:]]*[@:|-]*[+!]' "$file" || fail "$unit: $file runs a command with more rights"
  done < <(unit_files "$unit")
  if is_host; then
    pid=$(systemctl show --property MainPID --value "$unit")
    if [ "${pid:-0}" != 0 ] && ! awk -v uid="$uid" '$1 == "Uid:" { exit !($2 == uid && $3 == uid && $4 == uid && $5 == uid) }' "/proc/$pid/status"; then
      fail "$unit: its process $pid does not run as $expected"
    fi
  fi
}

# The file of a unit of the fleet is the one that the image was made with.
unit_is_as_made() {
  local unit=$1 expected
  expected=$(expected_units | awk -v unit="$unit" '$2 == unit { print $1 }')
  [ "$(sha256sum 2>/dev/null <"/etc/systemd/system/$unit" | cut -d' ' -f1)" = "$expected" ] || fail "$unit: its file is not the one that the image was made with"
}

# How exposed units are, with all their files, in tenths at the most. systemd before 250, Ubuntu 22.04's, cannot tell it
# of a unit that is not loaded: there the properties that exposure is made of are looked at one by one.
exposure() {
  local tenths=$1 unit said
  shift
  for unit in "$@"; do
    [ -n "$(unit_value "$unit" 'Fragment Path')" ] || fail "$unit: there is no such unit"
    unit_is_as_made "$unit"
    [ "$(unit_value "$unit" NoNewPrivileges)" != no ] || fail "$unit: NoNewPrivileges is off"
    if systemd-analyze --help | grep -q -- --offline; then
      said=$(lab systemd-analyze security --no-pager --offline=true --threshold="$tenths" "$unit" 2>&1) ||
        fail "$unit: $(tail -n1 <<<"$said")"
    else
      unit_is "$unit" ProtectSystem strict
      unit_is "$unit" ProtectHome yes
      unit_is "$unit" PrivateDevices yes
      unit_is "$unit" PrivateTmp yes
      unit_is "$unit" ProtectKernelModules yes
      unit_is "$unit" ProtectKernelTunables yes
      unit_is "$unit" RestrictSUIDSGID yes
      unit_is "$unit" SystemCallArchitectures native
      [ -n "$(unit_value "$unit" SystemCallFilter)" ] || fail "$unit: it has no SystemCallFilter"
      [ -z "$(unit_value "$unit" CapabilityBoundingSet)" ] || fail "$unit: it has capabilities"
    fi
  done
}

# A setting of a file with sections and drop-ins, as systemd reads it: the last one of its section.
configured() {
  local file=$1 section=$2 key=$3
  systemd-analyze cat-config "$file" | awk -v section="[$section]" -v key="$key" '
    /^[[:space:]]*[#;]/ { next }
    /^[[:space:]]*\[/ { gsub(/[[:space:]]/, ""); current = $0; next }
    current == section {
      at = index($0, "=")
      name = substr($0, 1, at - 1)
      value = substr($0, at + 1)
      gsub(/^[[:space:]]+|[[:space:]]+$/, "", name)
      gsub(/^[[:space:]]+|[[:space:]]+$/, "", value)
      if (name == key) found = value
    }
    END { print found }'
}

# Such a setting has one of these values.
configured_is() {
  local file=$1 section=$2 key=$3 found
  shift 3
  found=$(configured "$file" "$section" "$key")
  is_one_of "$found" "$@" || fail "$file: $key is ${found:-not set}, and not $1"
}

# A unit may listen at these ports of IPv4 and at no other one, with any number of UDP.
binds_only() {
  local unit=$1 port found
  shift
  found=$(unit_values "$unit" SocketBindDeny | tr -s ' \n' ' ')
  [[ " $found" == *' any '* || " $found" == *any ]] || fail "$unit: it may listen anywhere: SocketBindDeny is ${found:-not set}"
  found=$(unit_values "$unit" SocketBindAllow | tr -s ' ' '\n' | grep -v '^$' | sort -u)
  for port in "$@"; do
    grep -qx "ipv4:tcp:$port" <<<"$found" || fail "$unit: it may not listen at $port"
    found=$(grep -vx "ipv4:tcp:$port" <<<"$found")
  done
  found=$(grep -vxE '(ipv[46]:)?udp(:.*)?' <<<"$found")
  [ -z "$found" ] || fail "$unit: it may listen at $found"
}

# On a host, whoever listens at this port does so for the host alone.
listens_locally() {
  is_host || return 0
  local found
  found=$(ss --listening --tcp --numeric --no-header "sport = :$1" | awk '{ print $4 }' | grep -vE '^(127\.[0-9.]+|\[::1\]):' | head -n1)
  [ -z "$found" ] || fail "port $1: $found listens"
}

# Every command of noVNC names the address of the host itself.
vnc_is_local() {
  local found
  found=$(unit_values valet-novnc.service ExecStart)
  [[ $found =~ \ 127\.0\.0\.1:$novnc_port$ ]] || fail "valet-novnc.service: it runs $found"
  binds_only valet-novnc.service "$novnc_port"
}

# systemd accepts every unit of the fleet, and what is not there yet is no fault of a unit.
units_are_valid() {
  local problems
  [ -e /etc/systemd/system/valet-worker.service ] || fail 'there is no valet-worker.service'
  problems=$(lab systemd-analyze verify --man=no /etc/systemd/system/valet-*.service 2>&1 | grep -E '(^|/)valet-' |
    grep -vE "Command (/.*|${runtime_command[0]}) is not executable: No such file" | head -n3)
  [ -z "$problems" ] || fail "$problems"
}

# Services that no worker needs: masked under every name, and nothing that the boot starts runs one of them. On a host
# nobody outside of it is listened to.
unused_is_off() {
  local service found
  for service in cups avahi-daemon bluetooth ModemManager rpcbind nfs-server snmpd smbd vsftpd rsync slapd dovecot named dnsmasq squid apache2 nginx xinetd; do
    is_masked "$service.service"
  done
  is_masked cups.socket avahi-daemon.socket rpcbind.socket
  found=$(units | awk -F '\t' '
    $2 == "Job" && $3 == "start" { boots[$1] = 1 }
    $2 == "ExecStart" { runs[$1] = $3 }
    END { for (unit in runs) if (unit in boots) print unit ": " runs[unit] }' |
    grep -E '/(cupsd|avahi-daemon|bluetoothd|ModemManager|rpcbind|rpc\.nfsd|snmpd|smbd|nmbd|vsftpd|rsync|slapd|dovecot|named|dnsmasq|squid|apache2|apachectl|nginx|xinetd|inetd|in\.[a-z]+d|telnetd)( |$)' | head -n1)
  [ -z "$found" ] || fail "the boot starts $found"
  is_host || return 0
  found=$(ss --listening --tcp --udp --numeric --no-header --processes |
    awk -v ssh="$has_instance_connect" '{ at = $5 } at ~ /^(127\.|\[::1\]|\[::ffff:127\.)/ || at ~ /%lo:/ { next } at ~ /:(68|546)$/ && $1 == "udp" { next } at ~ /:22$/ && ssh == "yes" { next } { print $1 " " at " " $7 }' | head -n1)
  [ -z "$found" ] || fail "something listens: $found"
}

# No console logs somebody in by itself.
nobody_is_logged_in_at_boot() {
  local found
  # Templates, single consoles and their drop-ins alike.
  found=$(for folder in /etc /run /usr/local/lib /usr/lib /lib; do
    [ -L "$folder" ] || find "$folder"/systemd/{system,system.control,system.attached} -maxdepth 2 ! -type d \
      \( -path '*getty*.service' -o -path '*getty*.service.d/*.conf' -o -name 'debug-shell.service' -o -path '*/service.d/*.conf' \) -exec cat {} + 2>/dev/null
  done | grep -E '^Exec.*(--autologin|agetty.* -a|--skip-login|-n .*-l)' | head -n1)
  [ -z "$found" ] || fail "a console logs in by itself: $found"
  runs_not debug-shell.service
}

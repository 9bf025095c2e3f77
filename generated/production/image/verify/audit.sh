#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies the audit subsystem.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# The rules of the audit subsystem: those that the kernel has, or all files put together as augenrules does it.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

try_audit_rules() {
  augenrules >/dev/null 2>&1
  cat /etc/audit/audit.rules
}

audit_rules() {
  if is_host; then
    once audit-rules auditctl -l
  else
    once audit-rules lab try_audit_rules
  fi
}

# Nothing switches a part of the record off, and no rule is taken back.
audit_is_whole() {
  local wrong
  wrong=$(audit_rules | grep -E '^[[:space:]]*-(a|A)[[:space:]]+([a-z]+,)?(never|exclude)|^[[:space:]]*-(a|A)[[:space:]]+(exclude|never),|^[[:space:]]*-[dW][[:space:]]|^No rules' | head -n1)
  [ -z "$wrong" ] || fail "audit: $wrong"
  if is_host; then
    auditctl -s | grep -qE '^enabled [12]$' || fail "audit: $(auditctl -s | head -n1)"
  else
    ! audit_rules | grep -E '^[[:space:]]*-D' | sed 1d | grep -q . || fail 'audit: rules are deleted'
    is_one_of "$(audit_rules | sed -nE 's/^[[:space:]]*-e[[:space:]]+//p' | tail -n1)" '' 1 2 || fail 'audit: it is switched off'
    runs auditd.service
    loads_audit_rules || fail 'audit: nothing loads the rules'
  fi
}

# Whether a unit that the boot starts loads what augenrules makes.
loads_audit_rules() {
  units | awk -F '\t' '$2 ~ /^ExecStart/ && $3 ~ /(^|\/)(augenrules --load|auditctl -R \/etc\/audit\/audit\.rules)$/ { print $1 }' |
    { while read -r unit; do ! boots "$unit" || exit 0; done; exit 1; }
}

# What is written and changed at a path is recorded, whichever way a rule says so.
audit_watches() {
  local path
  audit_is_whole
  for path in "$@"; do
    audit_rules | awk -v path="$path" '
      function covers(target) { sub(/\/$/, "", target); return target == path || index(path, target "/") == 1 }
      function enough(permissions) { return permissions == "" || (permissions ~ /w/ && permissions ~ /a/) }
      {
        target = ""; permissions = ""; other = 0
        for (at = 1; at <= NF; at++) {
          if ($at == "-w") target = $(++at)
          else if ($at == "-p") permissions = $(++at)
          else if ($at == "-k" || $at == "-a" || $at == "-A" || $at == "-S") at++
          else if ($at == "-F") {
            at++
            if ($at ~ /^(path|dir)=/) { target = $at; sub(/^[a-z]+=/, "", target) }
            else if ($at ~ /^perm=/) { permissions = substr($at, 6) }
            else if ($at !~ /^(key|arch)=/) other = 1
          } else other = 1
        }
        if (target != "" && !other && covers(target) && enough(permissions)) found = 1
      }
      END { exit !found }' || fail "audit: nothing records changes of $path"
  done
}

# System calls of whoever has logged in are recorded, of programs of 64 bits at least.
audit_records() {
  local call
  audit_is_whole
  for call in "$@"; do
    audit_rules | awk -v call="$call" '
      $1 == "-a" && ($2 == "always,exit" || $2 == "exit,always") {
        wide = 0; named = 0; other = 0
        for (at = 3; at <= NF; at++) {
          if ($at == "-S") { count = split($(++at), list, ","); for (one = 1; one <= count; one++) if (list[one] == call || list[one] == "all") named = 1 }
          else if ($at == "-k") at++
          else if ($at == "-F") {
            at++
            if ($at == "arch=b64" || $at == "arch=x86_64" || $at == "arch=aarch64") wide = 1
            else if ($at !~ /^(arch=b32|key=.*|auid>=(1000|500|0)|auid!=(unset|-1|4294967295))$/) other = 1
          } else other = 1
        }
        if (wide && named && !other) found = 1
      }
      END { exit !found }' || fail "audit: nothing records $call"
  done
}

# A setting of auditd: the last line about it, as auditd reads its file.
auditd_setting() {
  awk -F= -v key="$1" '
    /^[[:space:]]*#/ { next }
    { name = tolower($1); value = tolower($2); gsub(/[[:space:]]/, "", name); gsub(/^[[:space:]]+|[[:space:]]+$/, "", value) }
    name == key { found = value }
    END { print found }' /etc/audit/auditd.conf
}

auditd_is() {
  local key=$1 found
  shift
  found=$(auditd_setting "$key")
  is_one_of "$found" "$@" || fail "auditd.conf: $key is ${found:-not set}, and not $1"
}

# The kernel and auditd are not told to leave it off.
audit_is_not_switched_off() {
  local found
  found=$(grep -rhsE '^[^#]*audit=(0|off)' /etc/default/grub /etc/default/grub.d | head -n1)
  [ -z "$found" ] || fail "audit: the kernel is told to leave it off: $found"
  found=$(unit_values auditd.service ExecStart)
  [[ $found =~ ^(/usr)?/sbin/auditd(\ -n)?$ ]] || fail "auditd.service: it runs $found"
  if is_host; then
    auditctl -s | grep -qE '^pid [1-9]' || fail 'audit: nobody takes what the kernel records'
  fi
}

# Until the next boot nobody changes a rule.
audit_is_immutable() {
  if is_host; then
    auditctl -s | grep -qx 'enabled 2' || fail "audit: $(auditctl -s | head -n1)"
  else
    [ "$(audit_rules | sed -nE 's/^[[:space:]]*-e[[:space:]]+//p' | tail -n1)" = 2 ] || fail 'audit: the last word about -e is not 2'
  fi
}

# Whatever happens to the record, nothing is halted for it.
auditd_never_halts() {
  local key
  for key in disk_full_action disk_error_action space_left_action admin_space_left_action max_log_file_action; do
    is_one_of "$(auditd_setting "$key")" rotate syslog ignore keep_logs email '' || fail "auditd.conf: $key is $(auditd_setting "$key")"
  done
  auditd_is max_log_file_action rotate
  auditd_is disk_full_action rotate
  is_host || [ "$(audit_rules | grep -cE '^[[:space:]]*-f[[:space:]]+2')" = 0 ] || fail 'audit: a failure of the record ends the kernel'
  ! is_host || ! auditctl -s | grep -qx 'failure 2' || fail 'audit: a failure of the record ends the kernel'
}

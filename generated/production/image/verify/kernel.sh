#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies settings and modules of the kernel.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# What the kernel is told: settings and modules.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# What systemd-sysctl makes of all its files, with a tree of empty files in the kernel's place: `path value` lines.
try_sysctl() {
  unshare --mount --propagation private -- bash -c '
    tree=$(mktemp -d /mnt/sysctl.XXXXXX)
    cd /proc/sys || exit 1
    find . -type d ! -path "./fs/binfmt_misc/*" -printf "$tree/%P\0" 2>/dev/null | xargs -0 mkdir -p
    find . -type f ! -path "./fs/binfmt_misc/*" -printf "$tree/%P\0" 2>/dev/null | xargs -0 touch
    mkdir -p "$tree/kernel/yama"
    touch "$tree/kernel/yama/ptrace_scope" "$tree/kernel/apparmor_restrict_unprivileged_userns" \
      "$tree/kernel/unprivileged_userns_clone" "$tree/kernel/perf_event_paranoid" "$tree/kernel/kexec_load_disabled" \
      "$tree/kernel/unprivileged_bpf_disabled" "$tree/net/core/bpf_jit_harden" "$tree/kernel/sysrq"
    for family in ipv4 ipv6; do
      mkdir -p "$tree/net/$family/conf/all" "$tree/net/$family/conf/default"
      rm -rf "$tree/net/$family/conf/eth0"
      cp -r "$tree/net/$family/conf/default" "$tree/net/$family/conf/eth0"
    done
    mount --bind "$tree" /proc/sys || exit 1
    for program in /usr/lib/systemd/systemd-sysctl /lib/systemd/systemd-sysctl; do
      [ ! -x "$program" ] || { "$program"; break; }
    done
    cd /proc/sys || exit 1
    find . -type f -size +0 -printf "%P\n" | while read -r path; do
      printf "%s %s\n" "$path" "$(tr "\n\t" "  " <"$path")"
    done
  '
}

# Who else than systemd-sysctl sets settings at a boot: systemd-tmpfiles, udev, and systemd-networkd.
other_settings() {
  tmpfiles_lines | grep -E '[[:space:]]"?/proc/sys/'
  grep -rHsE '^[^#]*SYSCTL\{' /etc/udev/rules.d /run/udev/rules.d /usr/local/lib/udev/rules.d /usr/lib/udev/rules.d
  find {/etc,/usr/local/lib,/usr/lib}/systemd/{network,networkd.conf,networkd.conf.d} -type f 2>/dev/null | foreign | while read -r file; do
    grep -HE '^[[:space:]]*(IP(v4|v6)?Forward(ing)?[[:space:]]*=[[:space:]]*(yes|true|on|1|ipv[46]|kernel)|IPMasquerade|IPv4RouteLocalnet|IPv4ReversePathFilter)' "$file"
  done
}

# Programs that the kernel starts by itself are those of packages.
kernel_runs_nothing_else() {
  local key found
  for key in core_pattern modprobe hotplug poweroff_cmd; do
    if is_host; then found=$(cat "/proc/sys/kernel/$key" 2>/dev/null); else found=$(once sysctl try_sysctl | sed -n "s#^kernel/$key ##p"); fi
    found=${found#|}
    found=${found%%[ %]*}
    case $key-$found in
      core_pattern-/*) printf '%s\n' "$found" | foreign | grep -q . || found= ;;
      core_pattern-* | modprobe-/sbin/modprobe | modprobe-/usr/sbin/modprobe | poweroff_cmd-/sbin/poweroff) found= ;;
    esac
    [ -z "$found" ] || fail "kernel.$key: the kernel runs $found"
  done
}

# Settings have values: `key=value`, `key>=value` or `key<=value`. A `*` in a key is every interface.
sysctl_is() {
  local wanted key operator value path found paths
  is_host || runs systemd-sysctl.service
  is_host || runs_only systemd-sysctl.service '(/usr)?/lib/systemd/systemd-sysctl'
  # Whoever else sets them at a boot does so later.
  found=$(units | awk -F '\t' '$2 == "Job" && $3 == "start" { boots[$1] = 1 } $2 ~ /^Exec/ && ($3 ~ /(^|\/| )sysctl( |$)/ || $3 ~ /\/proc\/sys\//) { sets[$1] = $3 } END { for (unit in sets) if (unit in boots) print unit ": " sets[unit] }' | head -n1)
  [ -z "$found" ] || fail "settings of the kernel are changed by $found"
  found=$(other_settings | head -n1)
  [ -z "$found" ] || fail "settings of the kernel are changed by $found"
  kernel_is_not_told 'sysctl\..*'
  for wanted in "$@"; do
    [[ $wanted =~ ^([^<>=]+)([<>]?=)(.*)$ ]]
    key=${BASH_REMATCH[1]//.//} operator=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
    if is_host; then
      paths=$(cd /proc/sys && compgen -G "$key") || fail "the kernel has no $key"
    else
      paths=$key
      [[ $key != *'*'* ]] || paths="${key/\*/all} ${key/\*/default} ${key/\*/eth0}"
    fi
    for path in $paths; do
      if is_host; then
        found=$(tr '\n\t' '  ' <"/proc/sys/$path")
      else
        found=$(once sysctl try_sysctl | sed -n "s#^$path ##p")
      fi
      found=${found%"${found##*[! ]}"}
      case $operator in
        '=') [ "$found" = "$value" ] ;;
        '>=') [[ $found =~ ^[0-9]+$ ]] && [ "$found" -ge "$value" ] ;;
        '<=') [ -z "$found" ] || [ "$found" -le "$value" ] ;;
      esac || fail "${path//\//.} is ${found:-not set}, and not $value"
    done
  done
}

# A setting is not one of these values, whether or not somebody sets it.
sysctl_is_not() {
  local key=${1//.//} found
  shift
  if is_host; then
    [ -e "/proc/sys/$key" ] || return 0
    found=$(cat "/proc/sys/$key")
  else
    found=$(once sysctl try_sysctl | sed -n "s#^$key ##p")
  fi
  found=${found%"${found##*[! ]}"}
  ! is_one_of "$found" "$@" || fail "${key//\//.} is $found"
}

# modprobe loads none of these, and none is loaded. What a module depends on stands before it, and is loaded for others.
modules_off() {
  local module found last
  for module in "$@"; do
    found=$(modprobe --dry-run --verbose "$module" 2>&1)
    last=${found##*$'\n'}
    [ "${last%"${last##*[! ]}"}" = 'install /bin/false' ] || fail "modprobe $module: ${found:-it says nothing}"
    ! grep -qE "^insmod .*/${module//[-_]/[-_]}\.ko" <<<"$found" || fail "modprobe $module: $found"
    ! is_host || ! grep -q "^${module//-/_} " /proc/modules || fail "$module: it is loaded"
  done
}

# The same, where the kernel knows them at all: a host whose kernel does not cannot have the control.
sysctl_is_if_known() {
  local wanted
  for wanted in "$@"; do
    ! is_host || [ -e "/proc/sys/$(cut -d= -f1 <<<"$wanted" | tr . /)" ] || not_here "this kernel knows no ${wanted%=*}"
  done
  sysctl_is "$@"
}

# AppArmor is on, none of its profiles is made to complain only, and on a host the kernel has them.
apparmor_enforces() {
  local found
  runs apparmor.service
  found=$(find /etc/apparmor.d/force-complain -mindepth 1 2>/dev/null | head -n1)
  [ -z "$found" ] || fail "AppArmor: $found"
  found=$(find /etc/apparmor.d/disable -name 'valet-*' 2>/dev/null | head -n1)
  [ -z "$found" ] || fail "AppArmor: $found"
  ! grep -rqsE '^[^#]*(apparmor=0|security=(selinux|none))' /etc/default/grub /etc/default/grub.d || fail 'AppArmor: the kernel is told to leave it off'
  found=$(kernel_words | grep -E '^lsm=' | grep -vE '^lsm=(.*,)?apparmor(,.*)?$' | head -n1)
  [ -z "$found" ] || fail "AppArmor: the kernel is told $found"
  kernel_is_not_told 'apparmor=0' 'security=(selinux|none|smack|tomoyo)'
  is_host || return 0
  aa-enabled --quiet 2>/dev/null || grep -qx Y /sys/module/apparmor/parameters/enabled || fail 'AppArmor is off'
  # The kernel gives this file no size, so it has to be read.
  found=$(cat /sys/kernel/security/apparmor/profiles) || fail 'AppArmor: the kernel does not tell its profiles'
  grep -q '(enforce)$' <<<"$found" || fail 'AppArmor: no profile is enforced'
  ! grep -q '(complain)' /sys/kernel/security/apparmor/profiles || fail "AppArmor: $(grep -m1 '(complain)' /sys/kernel/security/apparmor/profiles)"
}

# The browsers' profiles let them make user namespaces, and no profile lets everybody.
only_browsers_make_namespaces() {
  local browser found
  found=$(grep -rlE '^[^#]*\buserns\b' /etc/apparmor.d --exclude-dir=disable --exclude-dir=abi 2>/dev/null | grep -vxE '/etc/apparmor\.d/valet-(adspower|chromium)' | foreign | head -n1)
  [ -z "$found" ] || fail "AppArmor: $found, which no package brought, gives namespaces"
  [ -e /etc/apparmor.d/abi/4.0 ] || return 0
  for browser in chromium adspower; do
    grep -qE '^[[:space:]]*userns,' "/etc/apparmor.d/valet-$browser" || fail "valet-$browser gives no namespaces"
    [ ! -e "/etc/apparmor.d/disable/valet-$browser" ] || fail "valet-$browser is disabled"
  done
  found=$(grep -rlE '^[[:space:]]*(allow[[:space:]]+)?userns([[:space:]]+create)?,' /etc/apparmor.d --include='*' --exclude-dir=disable 2>/dev/null | while read -r file; do
    grep -HE '^[[:space:]]*(profile[[:space:]]+[^[:space:]]+[[:space:]]+)?"?(/|@\{exec_path\}|/\{?)[^[:space:]]*\*\*?"?[[:space:]].*\{' "$file" | grep -E '[[:space:]"](/\*\*?|/\{,\*\*\}|/(usr/)?s?bin/\*\*?|/(tmp|home|var)/\*\*)"?[[:space:]]'
  done | head -n1)
  [ -z "$found" ] || fail "AppArmor: everybody may make namespaces: $found"
  if is_host; then
    ! setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user --map-root-user true 2>/dev/null || fail 'nobody makes a user namespace'
  fi
}

# No session of these accounts may write a core dump.
no_core_dumps() {
  local account found
  for account in "$@"; do
    found=$(core_limit "$account")
    [ "$found" = 0 ] || fail "$account: core dumps are limited to ${found:-nothing}"
  done
}

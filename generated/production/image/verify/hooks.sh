#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies what runs without being asked for.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# What runs without anybody asking for it: at boots, at logins, at updates, and in every program.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# Paths that packages brought, one spelling of each: /bin and /lib are links to where they are below /usr.
one_spelling() { sed -E 's#^/usr/(s?bin|lib[^/]*)/#/\1/#'; }
list_packaged() { cat /var/lib/dpkg/info/*.list | one_spelling | sort -u; }
packaged() { once packaged list_packaged; }

# Files that are run, or that name what is run, by their place alone.
hook_files() {
  local base
  for base in /etc /run /usr/local/lib /usr/lib; do
    find "$base"/systemd/{system,user,system-environment,user-environment}-generators "$base"/systemd/system-{shutdown,sleep} \
      -mindepth 1 ! -type d 2>/dev/null
    # A rule of udev may run a program as root for every device.
    find "$base/udev/rules.d" -name '*.rules' ! -type d -exec grep -lE '^[^#]*(RUN(\{program\})?[+:]?=|PROGRAM|IMPORT\{program\})' {} + 2>/dev/null
    find "$base"/polkit-1/rules.d -name '*.rules' ! -type d 2>/dev/null
  done
  find /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/crontab /etc/rc.local \
    /etc/ld.so.conf.d /etc/profile.d /etc/ssh/sshrc /etc/initramfs-tools/hooks /etc/initramfs-tools/scripts /etc/kernel/{install,preinst,postinst,prerm,postrm,header_postinst}.d \
    /etc/network/if-pre-up.d /etc/network/if-up.d /etc/networkd-dispatcher /etc/NetworkManager/dispatcher.d /etc/dhcp/dhclient-{enter,exit}-hooks.d \
    /etc/polkit-1/localauthority /var/lib/polkit-1/localauthority /usr/local/share/polkit-1/rules.d /usr/share/polkit-1/rules.d \
    /var/lib/cloud/scripts -type f,l ! -name .placeholder 2>/dev/null
  grep -rlsE '^[^#/]*(Pre-Invoke|Post-Invoke|Pre-Install-Pkgs|Post-Invoke-Success)' /etc/apt/apt.conf /etc/apt/apt.conf.d
  grep -rlsE '^[[:space:]]*(pre|post)-invoke' /etc/dpkg/dpkg.cfg /etc/dpkg/dpkg.cfg.d
  grep -rlsE '^[^#]*pam_(exec|script|python|perl)\.so' /etc/pam.d
}

# Those that neither a package, nor the image, nor fleet.toml itself brought.
strange_hooks() {
  local file
  hook_files | sort -u | while read -r file; do
    is_one_of "$file" /etc/polkit-1/rules.d/50-valet.rules /etc/profile.d/valet-idle.sh ${fleet_files[@]+"${fleet_files[@]}"} && continue
    case $file in
      # Packages link some of their scripts when they are configured.
      /etc/profile.d/*) [ ! -L "$file" ] || file=$(readlink -f "$file") ;;
      # snapd writes these for the devices of snaps.
      /etc/udev/rules.d/70-snap.*.rules)
        grep -E '^[^#]*(RUN|PROGRAM|IMPORT)' "$file" | grep -qvE 'RUN\+?="/usr/lib/snapd/snap-device-helper [^"]*"' || continue
        ;;
    esac
    printf '%s\n' "$file"
  done | awk -v known=/mnt/cache/packaged '
    BEGIN { while ((getline line <known) > 0) packaged[line] = 1 }
    { path = $0; if (path ~ /^\/usr\/(s?bin|lib[^\/]*)\//) sub(/^\/usr/, "", path); if (!(path in packaged)) print $0 }'
}

# Files of packages among them that are not as their package brought them.
changed_hooks() {
  local file expected
  hook_files | sort -u | while read -r file; do
    [ -f "$file" ] && [ ! -L "$file" ] || continue
    expected=$(awk -v file="$file" '$1 == file && length($2) == 32 { print $2; exit }' /var/lib/dpkg/status)
    [ -z "$expected" ] || [ "$(md5sum <"$file" | cut -d' ' -f1)" = "$expected" ] || printf '%s\n' "$file"
  done
}

# What the kernel is told at a boot, a word a line.
kernel_words() {
  {
    sed -nE 's/^[[:space:]]*(export[[:space:]]+)?GRUB_CMDLINE_LINUX[A-Z_]*[[:space:]]*\+?=//p' /etc/default/grub /etc/default/grub.d/*.cfg
    cat /etc/kernel/cmdline /etc/kernel/cmdline.d/* /etc/cmdline.d/*
    sed -nE 's/^[[:space:]]*(linux(efi|16)?|options)[[:space:]]+//p' /boot/grub/grub.cfg /boot/loader/entries/*.conf /efi/loader/entries/*.conf /boot/efi/loader/entries/*.conf
    ! is_host || cat /proc/cmdline
  } 2>/dev/null | tr -d "\"'" | tr -s '[:space:]' '\n'
}

# The kernel is told none of these, each a regular expression.
kernel_is_not_told() {
  local found word
  for word in "$@"; do
    found=$(kernel_words | grep -xE -- "$word" | head -n1)
    [ -z "$found" ] || fail "the kernel is told $found"
  done
}

# Lines of systemd-tmpfiles that change what is on the disk, as it reads them itself.
tmpfiles_lines() { systemd-tmpfiles --cat-config 2>/dev/null | grep -vE '^[[:space:]]*(#|$)'; }

# Somebody else's program in every program: the loader's own list, its variables, and images that are laid over /usr.
nothing_is_laid_over() {
  local found
  [ ! -s /etc/ld.so.preload ] || fail "/etc/ld.so.preload: every program loads $(head -n1 /etc/ld.so.preload)"
  found=$(grep -HsE '^[^#]*\bLD_(PRELOAD|LIBRARY_PATH|AUDIT)\b' /etc/environment /etc/environment.d/* /etc/security/pam_env.conf /etc/default/* | head -n1)
  [ -z "$found" ] || fail "$found"
  found=$(configured systemd/system.conf Manager DefaultEnvironment)$(configured systemd/system.conf Manager ManagerEnvironment)
  [[ $found != *LD_* ]] || fail "system.conf: $found"
  found=$(units | awk -F '\t' '$2 == "Environment" && $3 ~ /^LD_(PRELOAD|LIBRARY_PATH|AUDIT)=/ { print $1 ": " $3; exit }')
  [ -z "$found" ] || fail "$found"
  found=$(in_every_shell 'env | grep -E "^LD_(PRELOAD|LIBRARY_PATH|AUDIT)=" || true' | grep . | head -n1)
  [ -z "$found" ] || fail "a shell has $found"
  found=$(find /etc/extensions /run/extensions /var/lib/extensions /usr/lib/extensions /usr/local/lib/extensions \
    /run/confexts /var/lib/confexts /usr/lib/confexts /usr/local/lib/confexts -mindepth 1 -maxdepth 1 2>/dev/null | head -n1)
  [ -z "$found" ] || fail "$found: systemd would lay it over this system"
}

# No service of PAM lets in whoever asks.
nobody_is_waved_through() {
  local found
  found=$(grep -rHsE '^[[:space:]]*-?auth[[:space:]]+(sufficient|\[[^]]*(success|default)=(done|ok)[^]]*\])[[:space:]]+([^#]*/)?pam_(permit|succeed_if)\.so' /etc/pam.d |
    grep -vE '^/etc/pam\.d/(su|su-l|runuser|runuser-l):.*pam_succeed_if' | head -n1)
  [ -z "$found" ] || fail "$found"
}

hooks_are_listed() {
  local found
  packaged >/dev/null
  found=$(strange_hooks | head -n3)
  [ -z "$found" ] || fail "no package brought: $found"
  found=$(changed_hooks | head -n3)
  [ -z "$found" ] || fail "not as its package brought it: $found"
  nothing_is_laid_over
  nobody_is_waved_through
  kernel_is_not_told '(rd)?init=.*' 'rd\.break(=.*)?' 'systemd\.(run|run_success_action|debug[-_]shell|mask|wants|unit)(=.*)?'
}

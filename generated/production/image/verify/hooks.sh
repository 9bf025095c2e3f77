#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies what runs without being asked for.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# What runs without anybody asking for it: at boots, at logins, at updates, and in every program.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# Files that are run, or that name what is run, by their place alone.
hook_files() {
  local base file
  for base in /etc /run /usr/local/lib /usr/lib; do
    find "$base"/systemd/{system,user,system-environment,user-environment}-generators "$base"/systemd/system-{shutdown,sleep} \
      -mindepth 1 ! -type d 2>/dev/null
    # A rule of udev may run a program as root for every device.
    find "$base/udev/rules.d" -name '*.rules' ! -type d -exec grep -lE '^[^#]*(RUN(\{program\})?[+:]?=|PROGRAM|IMPORT\{program\})' {} + 2>/dev/null
    find "$base"/polkit-1/rules.d -name '*.rules' ! -type d 2>/dev/null
    # The kernel runs what these name for a module or a kind of program.
    grep -rlsE '^[[:space:]]*(install|remove)[[:space:]]+[^[:space:]]+[[:space:]]+' "$base/modprobe.d" | while read -r file; do
      grep -E '^[[:space:]]*(install|remove)[[:space:]]' "$file" | grep -qvE '[[:space:]](/usr)?/bin/(false|true)[[:space:]]*$' && printf '%s\n' "$file"
    done
    find "$base"/binfmt.d ! -type d 2>/dev/null
  done
  find /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/crontab /etc/rc.local \
    /etc/ld.so.conf.d /etc/profile.d /etc/ssh/sshrc /etc/initramfs-tools/hooks /etc/initramfs-tools/scripts /etc/kernel/{install,preinst,postinst,prerm,postrm,header_postinst}.d \
    /etc/network/if-pre-up.d /etc/network/if-up.d /etc/networkd-dispatcher /etc/NetworkManager/dispatcher.d /etc/dhcp/dhclient-{enter,exit}-hooks.d \
    /etc/polkit-1/localauthority /var/lib/polkit-1/localauthority /usr/local/share/polkit-1/rules.d /usr/share/polkit-1/rules.d \
    /var/lib/cloud/scripts /var/spool/cron /var/spool/at /etc/anacrontab /etc/skel /etc/grub.d /etc/audit/plugins.d /etc/audisp \
    /etc/needrestart/{hook,notify,restart}.d /etc/fail2ban /etc/dbus-1 /usr/share/dbus-1/system{.d,-services} /usr/local/share/dbus-1 \
    {/etc,/usr/share,/usr/local/share}/polkit-1/actions -type f,l ! -name .placeholder ! -name .SEQ 2>/dev/null
  find /usr/lib/python3* /usr/local/lib/python3* /etc/python3* \( -name '*.pth' -o -name sitecustomize.py -o -name usercustomize.py \) ! -type d 2>/dev/null
  find /usr/local/lib/site_perl /usr/local/share/perl /usr/local/lib/*/perl /etc/perl -name '*.p[ml]' ! -type d 2>/dev/null
  grep -rlsE '^[[:space:]]*(pre|post)rotate|^[[:space:]]*(first|last|pre)(action|remove)' /etc/logrotate.conf /etc/logrotate.d
  grep -rlsE '^[^#]*(omprog|[[:space:]]\^/)' /etc/rsyslog.conf /etc/rsyslog.d
  # cloud-init does these at a boot; whatever user data says, it does as well.
  grep -rlsE "^[^#]*(^|[{,[:space:]\"'])(bootcmd|runcmd|write_files|users?|ssh_authorized_keys|password|chpasswd|ca[-_]certs|merge_how)[\"']?[[:space:]]*:" /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d
  grep -rlsiE '^[^#/]*(Pre-Invoke|Post-Invoke|Pre-Install-Pkgs|Post-Invoke-Success|Dir::Bin::|Proxy-Auto-Detect)' /etc/apt/apt.conf /etc/apt/apt.conf.d
  grep -rlsE '^[[:space:]]*(pre|post)-invoke' /etc/dpkg/dpkg.cfg /etc/dpkg/dpkg.cfg.d
  grep -rlsE '^[^#]*pam_(exec|script|python|perl)\.so' /etc/pam.d
}

# Those that neither a package, nor the image, nor fleet.toml itself brought.
strange_hooks() {
  local file
  hook_files | sort -u | while read -r file; do
    is_one_of "$file" /etc/polkit-1/rules.d/50-valet.rules /etc/profile.d/valet-idle.sh /etc/fail2ban/jail.d/valet.local && continue
    case $file in
      # Packages link some of their scripts when they are configured.
      /etc/profile.d/*) [ ! -L "$file" ] || file=$(readlink -f "$file") ;;
      # snapd writes these for the devices of snaps.
      /etc/udev/rules.d/70-snap.*.rules)
        grep -E '^[^#]*(RUN|PROGRAM|IMPORT)' "$file" | grep -qvE 'RUN\+?="/usr/lib/snapd/snap-device-helper [^"]*"' || continue
        ;;
    esac
    printf '%s\n' "$file"
  done | foreign
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

# What shells read for root and for whoever logs in, without the lines that the image adds.
changed_shells() {
  local file original
  for file in /etc/profile /etc/bash.bashrc /root/.profile /root/.bashrc; do
    [ -e "$file" ] || continue
    case $file in
      /etc/bash.bashrc) original=$(awk '$1 == "/etc/bash.bashrc" { print $2; exit }' /var/lib/dpkg/status) ;;
      /etc/profile) original=$(md5sum </usr/share/base-files/profile | cut -d' ' -f1) ;;
      *) original=$(md5sum <"/usr/share/base-files/dot.${file##*.}" | cut -d' ' -f1) ;;
    esac
    [ "$(grep -vxF -e 'umask 027' -e '[ "${TMOUT-}" = 900 ] || . /etc/profile.d/valet-idle.sh' "$file" | md5sum | cut -d' ' -f1)" = "$original" ] || printf '%s\n' "$file"
  done
  find /root -maxdepth 2 \( -name .bash_profile -o -name .bash_login -o -name .bash_logout -o -name .bash_aliases -o -name .pam_environment -o -path '/root/.ssh/rc' -o -path '/root/.config/systemd' \)
}

# No service of PAM lets in whoever asks.
nobody_is_waved_through() {
  local found
  found=$(grep -rHsE '^[[:space:]]*-?auth[[:space:]]+(sufficient|\[[^]]*(success|default)=(done|ok)[^]]*\])' /etc/pam.d |
    grep -vE '[[:space:]]([^#]*/)?pam_(unix|faillock|sss|extrausers)\.so([[:space:]]|$)' |
    grep -vE '^/etc/pam\.d/(su|su-l|runuser|runuser-l|ch[fs][hn]|chage|passwd|user[a-z]*|group[a-z]*|newusers):.*pam_(rootok|succeed_if)\.so' | head -n1) # codespell:ignore chage
  [ -z "$found" ] || fail "$found"
}

hooks_are_listed() {
  local found
  packaged >/dev/null
  found=$(strange_hooks | head -n3)
  [ -z "$found" ] || fail "no package brought: $found"
  found=$(changed_hooks | head -n3)
  [ -z "$found" ] || fail "not as its package brought it: $found"
  found=$(changed_shells | head -n3)
  [ -z "$found" ] || fail "shells read what no package brought: $found"
  nothing_leads_programs_away
  nothing_is_laid_over
  nothing_is_foreign
  nobody_is_waved_through
  kernel_runs_nothing_else
  kernel_is_not_told '(rd)?init=.*' 'rd\.break(=.*)?' '(rd\.)?systemd\.(run|run_success_action|debug[-_]shell|mask|wants|unit|setenv)(=.*)?' \
    '(modprobe\.blacklist|module_blacklist)=.*'
}

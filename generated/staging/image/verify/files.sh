#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies modes and owners of files.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Files: who may read, write and run them, and who may do more with them.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# Every file system of the disk that is a part of this one.
disks() {
  findmnt --raw --noheadings --output TARGET,FSTYPE | awk '$1 == "/" || ($2 ~ /^(ext[234]|xfs|btrfs|f2fs)$/ && $1 ~ /^\/(boot|efi|home|opt|srv|usr|var)(\/|$)/) { print $1 }'
}

# find over all of them.
search() {
  local disk
  while read -r disk; do
    find "$disk" -xdev "$@" 2>/dev/null
  done < <(disks)
}

# A path has this mode, owner and group, and no list that lets in more.
mode_is() {
  local expected=$1 path found
  shift
  for path in "$@"; do
    found=$(stat --dereference --format '%a %U %G' "$path" 2>&1)
    [ "$found" = "$expected" ] || fail "$path: $found, and not $expected"
    # The eleventh letter is a plus where there is a list.
    found=$(ls -ld "$path")
    [ "${found:10:1}" != + ] || fail "$path: it has an access control list"
  done
}

# Nothing is found.
nothing() {
  local found
  found=$("$@" | head -n3)
  [ -z "$found" ] || fail "$found"
}

# Programs that run as somebody else: by their bits, or by capabilities.
powerful() {
  search -type f \( -perm -4000 -o -perm -2000 \) -printf '%04m %p\n'
  local disk
  while read -r disk; do
    getcap -r "$disk" 2>/dev/null
  done < <(disks) | awk '{ name = $1; $1 = ""; sub(/^ (= )?/, ""); print $0 " " name }' | sort -u
}

# Whether a program of a package is what its package brought.
is_original() {
  local path=$1 name=$1 package sum
  package=$(dpkg-query --search "$name" 2>/dev/null | grep -v '^diversion' | head -n1 | cut -d: -f1)
  if [ -z "$package" ]; then
    name=${path#/usr}
    package=$(dpkg-query --search "$name" 2>/dev/null | grep -v '^diversion' | head -n1 | cut -d: -f1)
  fi
  [ -n "$package" ] || return 1
  sum=$(cat /var/lib/dpkg/info/"$package"{,:*}.md5sums 2>/dev/null | awk -v file="${name#/}" '$2 == file { print $1; exit }')
  [ -z "$sum" ] || [ "$(md5sum <"$path" | cut -d' ' -f1)" = "$sum" ]
}

# What may run as somebody else is one of these, and is what its package brought.
powerful_is_listed() {
  local line path wrong
  wrong=$(powerful | grep -vxE '(4755|4750|4754|6755|2755) .*|cap_net_raw(=|\+)ep .*/(ping|mtr-packet|arping|clockdiff)' | head -n3)
  [ -z "$wrong" ] || fail "$wrong"
  wrong=$(powerful | sed -nE 's/^[46]75[045] //p' | grep -vxE '/usr/bin/(su|sudo|passwd|mount|umount|fusermount3?)|/usr/lib/(dbus-1\.0/dbus-daemon-launch-helper|polkit-1/polkit-agent-helper-1|snapd/snap-confine|chromium/chrome-sandbox)|(/opt/google/chrome|/opt/AdsPower( Global)?)/chrome-sandbox' | head -n3)
  [ -z "$wrong" ] || fail "these run as their owner: $wrong"
  wrong=$(powerful | sed -nE 's/^[26]755 //p' | grep -vxE '/usr/bin/(chage|expiry|crontab|ssh-agent|wall|write(\.ul)?|bsd-write|dotlockfile|at|mlocate|plocate)|/usr/sbin/(unix_chkpwd|pam_extrausers_chkpwd)|/usr/lib/.*/utempter/utempter|/usr/libexec/utempter/utempter' | head -n3) # codespell:ignore chage
  [ -z "$wrong" ] || fail "these run as their group: $wrong"
  while read -r line; do
    path=${line#* }
    case $path in
      /opt/*) continue ;;
    esac
    is_original "$path" || fail "$path is not the program of its package"
  done < <(powerful | grep -E '^[0-9]+ /')
  # systemd-tmpfiles makes and changes files at each boot.
  wrong=$(tmpfiles_lines | awk '$3 ~ /^[:~]*0?[4-7][0-7][0-7][0-7]$/ { print }' | head -n1)
  [ -z "$wrong" ] || fail "systemd-tmpfiles would make it run as its owner: $wrong"
}

# A mount point of /etc/fstab: mounted as it says, and tried. On a host, as it is mounted.
mounted() {
  local point=$1 options word
  shift
  if is_host; then
    options=$(findmnt --task 1 --noheadings --output OPTIONS "$point" | tail -n1)
  else
    ! is_one_of "$(systemctl is-enabled "$(systemd-escape --path --suffix=mount "$point")" 2>/dev/null)" masked masked-runtime ||
      fail "$point: its mount unit is masked"
    options=$(lab bash -c 'mount --target-prefix "" -T /etc/fstab "$1" 2>/dev/null || mount -T /etc/fstab "$1"; findmnt --noheadings --output OPTIONS "$1" | tail -n1' mounted "$point")
    while read -r word; do
      options=$word,$options
    done < <(sed -nE 's/^[[:space:]]*Options[[:space:]]*=[[:space:]]*//p' "/etc/systemd/system/$(systemd-escape --path --suffix=mount "$point").d"/*.conf 2>/dev/null)
  fi
  [ -n "$options" ] || fail "$point is no file system of its own"
  for word in "$@"; do
    [[ ,$options, == *,"$word",* ]] || fail "$point: it is mounted with $options, and not with $word"
    [[ ,$options, != *,"${word#no}",* ]] || fail "$point: it is mounted with $options"
  done
  [ "$(grep -cE "^[^#[:space:]]+[[:space:]]+${point}[[:space:]]" /etc/fstab)" -le 1 ] || fail "$point: /etc/fstab has two entries for it"
}

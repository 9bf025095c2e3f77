#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: where the checks run.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Where checks run: nothing that they do reaches the system that they look at.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# Makes every file system read-only, but for an empty one at /mnt. It is called in a mount namespace of its own.
seal_world() {
  local target kind options
  mount -t tmpfs -o mode=0711 tmpfs /mnt || return 1
  mkdir -m 0700 /mnt/cache && mkdir -m 1777 /mnt/tmp || return 1
  while read -r target kind options; do
    case $kind in
      ext2 | ext3 | ext4 | xfs | btrfs | overlay | tmpfs | vfat | f2fs | zfs) ;;
      *) continue ;;
    esac
    target=$(printf '%b' "$target")
    case $target in
      /mnt | /dev | /dev/pts) continue ;;
    esac
    mount -o "remount,bind,ro,$options" "$target" 2>/dev/null || [ "$target" != / ] || return 1
  done < <(findmnt --raw --noheadings --output TARGET,FSTYPE,VFS-OPTIONS | sed -E 's/(^|[ ,])rw(,|$)/\1\2/; s/ ,/ /')
}

# Runs a command where it may do anything: /etc is a copy, what a system writes to is empty, and no daemon is to be
# reached. The functions of this folder are known in it.
lab() {
  unshare --mount --propagation private -- bash -c '
    set -e
    copy=$(mktemp -d /mnt/lab.XXXXXX)
    chmod 0711 "$copy"
    cp -a /etc "$copy/etc"
    mount --bind "$copy/etc" /etc
    folders=$(find /var/log -mindepth 1 -type d -printf "%m %u %g %p\n")
    for folder in /run /tmp /var/log /var/tmp /var/lib/logrotate /var/lib/apt/lists /var/lib/apt/periodic /var/cache/apt /var/lib/unattended-upgrades /var/lib/pam /var/spool/cron /var/mail; do
      [ ! -d "$folder" ] || [ -L "$folder" ] || mount -t tmpfs -o "$(stat --format "mode=%a,uid=%u,gid=%g" "$folder")" tmpfs "$folder"
    done
    while read -r mode user group folder; do
      [ -z "$folder" ] || install -d -m "$mode" -o "$user" -g "$group" "$folder"
    done <<<"$folders"
    mkdir -p -m 0755 /run/sshd /run/lock /run/sudo
    set +e
    "$@"
  ' lab "$@"
}

# The same, with a network of its own.
lab_with_network() {
  unshare --net -- bash -c 'lab "$@"' lab "$@"
}

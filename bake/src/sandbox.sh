#!/bin/sh
# Puts a root file system together from layers, and runs a command in it. It is started in mount and
# process namespaces of its own and drops its way out of them, so that whatever happens to it, nothing
# has to be unmounted and no process stays.
#
#   sandbox.sh LAYERS SCRATCH STORE LIMIT IMAGE OUT CAPABILITIES COMMAND [ARGUMENT...]
#
# LAYERS        folders, the topmost first, as overlayfs takes them; none of them is changed
# SCRATCH       an empty folder for what changes and for the place of the root file system
# STORE         `memory` or `disk`: where changes are kept
# LIMIT         seconds until everything is ended
# IMAGE         the folder of the image, which is seen read-only at /run/valet-gen/image; or empty
# OUT           a folder that the command may write to at /run/valet-gen/out; or empty
# CAPABILITIES  what the command may not have, as setpriv takes it
set -eu
layers=$1 scratch=$2 store=$3 limit=$4 image=$5 out=$6 capabilities=$7
shift 7
umask 022
root=$scratch/root

if [ "$store" = memory ]; then
  mount -t tmpfs -o mode=0700 tmpfs "$scratch"
fi
mkdir -p "$scratch/upper" "$scratch/work" "$root"
mount -t overlay -o "lowerdir=$layers,upperdir=$scratch/upper,workdir=$scratch/work" overlay "$root"

# A kernel's switch is the host's as well: seen, and not turned.
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
for switch in sys sysrq-trigger; do
  [ -e "$root/proc/$switch" ] || continue
  mount --bind "$root/proc/$switch" "$root/proc/$switch"
  mount -o remount,bind,ro "$root/proc/$switch"
done
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t tmpfs -o mode=0755,nosuid tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for stream in 0:stdin 1:stdout 2:stderr; do
  ln -s "/proc/self/fd/${stream%%:*}" "$root/dev/${stream#*:}"
done
mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs "$root/run"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/tmp"
echo localhost >/proc/sys/kernel/hostname

mkdir -p "$root/run/lock" "$root/run/valet-gen/image"
if [ -n "$image" ]; then
  mount --bind "$image" "$root/run/valet-gen/image"
  mount -o remount,bind,ro "$root/run/valet-gen/image"
fi
if [ -n "$out" ]; then
  mkdir "$root/run/valet-gen/out"
  mount --bind "$out" "$root/run/valet-gen/out"
fi
# How apt reaches its archives is the host's affair, and nothing of it stays in the image.
if command -v apt-config >/dev/null; then
  apt-config dump Acquire::http Acquire::https Acquire::Check-Valid-Until Acquire::Check-Date \
    Acquire::Retries >"$root/run/valet-gen/apt.conf"
fi

# Names are looked up as on the host. A link leads into /run, whose content goes; a file goes by itself.
resolver=
if [ -L "$root/etc/resolv.conf" ]; then
  mkdir -p "$root/run/systemd/resolve"
  cp -L /etc/resolv.conf "$root/run/systemd/resolve/stub-resolv.conf"
  cp -L /etc/resolv.conf "$root/run/systemd/resolve/resolv.conf"
elif [ ! -e "$root/etc/resolv.conf" ] && [ -e /etc/resolv.conf ]; then
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  resolver=$root/etc/resolv.conf
fi
# Packages start no daemon here.
policy=
if [ "$store" = disk ] && [ ! -e "$root/usr/sbin/policy-rc.d" ]; then
  policy=$root/usr/sbin/policy-rc.d
  mkdir -p "$root/usr/sbin"
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 0755 "$policy"
fi

status=0
timeout --kill-after=5 "$limit" setpriv --bounding-set "$capabilities" \
  chroot "$root" env APT_CONFIG=/run/valet-gen/apt.conf "$@" || status=$?

if [ -n "$policy" ]; then rm -f "$policy"; fi
if [ -n "$resolver" ] && [ ! -L "$resolver" ]; then rm -f "$resolver"; fi
exit "$status"

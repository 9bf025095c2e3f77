#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: passwords, of whoever gets one.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

set -euo pipefail

# No account of the image has a password. What is said here holds for those that somebody makes.

# Sets a word of /etc/login.defs.
define() {
  local key=$1 value=$2
  if ! grep -qE "^${key}[[:space:]]+$value\$" /etc/login.defs; then
    sed -i -E "/^#?[[:space:]]*${key}[[:space:]]/d" /etc/login.defs
    echo "$key $value" >>/etc/login.defs
  fi
}

install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/security/pwquality.conf" /etc/security/pwquality.conf
install -D -m 0644 -o root -g root "$VALET_IMAGE/files/etc/security/faillock.conf" /etc/security/faillock.conf

# The modules of PAM, by the way in which Debian and Ubuntu put them together.
profiles=()
# Control: os.login-lockout
profiles+=(valet-lockout-before valet-lockout-after)
# Control: os.password-history
profiles+=(valet-history)
# Control: os.umask
# Not every system gives its sessions the umask of /etc/login.defs.
profiles+=(valet-umask)
# Control: os.no-null-passwords
# Diverted, so that an update of its package does not bring the word back.
unix=/usr/share/pam-configs/unix
if ! dpkg-divert --list "$unix" | grep -q .; then
  dpkg-divert --local --rename --divert /usr/share/valet-pam-unix.distrib --add "$unix"
fi
sed -E 's/ nullok(_secure)?\b//' /usr/share/valet-pam-unix.distrib >"$unix"
for profile in ${profiles[@]+"${profiles[@]}"}; do
  # Its reader knows no comments.
  sed '/^#/d; /^$/d' "$VALET_IMAGE/files/usr/share/pam-configs/$profile" >"/usr/share/pam-configs/$profile"
done
# Without its memory, and forced: what somebody has edited in a base would be kept.
find /var/lib/pam -type f ! -name seen -delete
pam-auth-update --package --force
rm -f /etc/pam.d/common-*.pam-old

# Control: os.password-hashing
define ENCRYPT_METHOD YESCRYPT

# Control: os.password-age
define PASS_MAX_DAYS 365
define PASS_MIN_DAYS 1
define PASS_WARN_AGE 7

# Control: os.inactive-accounts
useradd -D | grep -qx INACTIVE=30 || useradd -D --inactive 30

#!/usr/bin/env bash
# Puts into a root file system what a machine that images are made on may have in it, so that each
# control that only takes something away has something to take. Run as root, inside the root file
# system, before provisioning. With the id of a control: what provisioning refuses instead of
# removing, which makes it fail while the control is there.
set -euo pipefail

case "${1:-}" in
  image.no-secrets)
    printf 'AKIA%s\n' ABCDEFGHIJKLMNOP >/root/credentials
    exit 0
    ;;
  unit.valid)
    printf '[Service]\nExecStart=relative/path\n' >/etc/systemd/system/valet-broken.service
    exit 0
    ;;
  "") ;;
  *)
    echo "plant.sh: nothing is planted for $1 alone" >&2
    exit 2
    ;;
esac

# Accounts.
echo 'toor:x:0:0::/root:/bin/sh' >>/etc/passwd
echo 'toor:*:20000:0:99999:7:::' >>/etc/shadow
useradd --system --no-create-home --shell /bin/sh opener
usermod --password '' opener
usermod --password "\$6\$salt\$hash" root
# In a group that gives power before it exists; its name is the default of worker.runtime.user.
sed -i -E 's/^(adm:.*:)$/\1valet/' /etc/group

# Files.
chmod 0644 /etc/shadow
mkdir -p /etc/sysctl.d /opt/left
echo 'user.max_user_namespaces = 0' >/etc/sysctl.d/99-other.conf
echo left >/opt/left/open
chmod 0666 /opt/left/open
echo left >/opt/left/nobodys
chown 61234:61234 /opt/left/nobodys

# What its maker left.
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
mkdir -p /root/.ssh /var/lib/cloud/instances/i-1
echo 'ssh-ed25519 AAAA somebody' >/root/.ssh/authorized_keys
echo 'apt-get update' >/root/.bash_history
ln -sfn instances/i-1 /var/lib/cloud/instance

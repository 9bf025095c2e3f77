#!/bin/bash
# Run by root in the machine that is tried out. Every line is a question and its answer.
set -u

said() { printf '%s: %s\n' "$1" "$2"; }

# Whether somebody gets a connection to an address and a port.
connects() {
  if setpriv --reuid "$1" --regid "$1" --clear-groups --inh-caps=-all -- \
    timeout 8 bash -c "exec 3<>/dev/tcp/$2/$3" 2>/dev/null; then
    said "$1 to $2 port $3$4" connects
  else
    said "$1 to $2 port $3$4" refused
  fi
}

metadata=169.254.169.254
elsewhere=203.0.113.1

connects valet-agent $metadata 80 ''
connects cwagent $metadata 80 ''
connects root $metadata 80 ''
for user in adspower valet valet-display nobody; do
  connects $user $metadata 80 ''
done
for user in valet-agent valet adspower; do
  connects $user $elsewhere 443 ''
  connects $user $elsewhere 8080 ''
done
connects root $elsewhere 8080 ''

# The same service, asked as the agent asks it.
setpriv --reuid valet-agent --regid valet-agent --clear-groups -- python3 -c '
import urllib.error, urllib.request
base = "http://169.254.169.254/latest/"
ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
ask = urllib.request.Request(base + "api/token", headers=ttl, method="PUT")
token = urllib.request.urlopen(ask, timeout=20).read().decode()
own = {"X-aws-ec2-metadata-token": token}
ask = urllib.request.Request(base + "meta-data/instance-id", headers=own)
print("the agent with a token:", urllib.request.urlopen(ask, timeout=20).read().decode())
try:
    urllib.request.urlopen(base + "meta-data/instance-id", timeout=20)
    print("the agent without a token: told")
except urllib.error.HTTPError as error:
    print("the agent without a token:", error.code)
'

# Without the firewall all of it can be reached: what was refused was refused by it.
nft delete table inet valet
connects adspower $metadata 80 ' without the firewall'
connects adspower $elsewhere 8080 ' without the firewall'
nft -f /etc/nftables.conf
connects adspower $metadata 80 ' with it again'

# The agent writes it once it has the secrets, and no agent runs here.
install -D -m 0600 /dev/null /run/valet/adspower.env

# What a unit is in which Chromium runs in place of its program, once, with this added.
drop_in() {
  local folder=/run/systemd/system/$1.d
  mkdir -p "$folder"
  {
    printf '[Unit]\nConditionPathExists=\nConditionFileIsExecutable=\n'
    printf '[Service]\nType=oneshot\nRestart=no\nTimeoutStartSec=900\n'
    printf 'ExecStart=\nExecStart=/usr/bin/chromium --headless --dump-dom "%s"\n' \
      'data:text/html,<p>of the page</p><script>document.write(6 * 7)</script>'
    printf '%s\n' "$2"
  } >"$folder/90-probe.conf"
  systemctl daemon-reload
}

# Chromium in a unit; of the process that shows the page, what keeps it apart.
browse() {
  local unit=$1 about=$2 began pid main own seen=no
  drop_in "$unit" "$3"
  began=$SECONDS
  systemctl stop "$unit"
  systemctl start --no-block "$unit"
  sleep 1
  while [ "$(systemctl show --property ActiveState --value "$unit")" = activating ]; do
    main=$(systemctl show --property MainPID --value "$unit")
    for pid in $(pgrep --full -- '--type=renderer'); do
      own=$(readlink "/proc/$pid/ns/user") || continue
      grep -q '^Seccomp:[[:space:]]2' "/proc/$pid/status" || continue
      [ "$own" != "$(readlink "/proc/$main/ns/user")" ] || continue
      [ "$(readlink "/proc/$pid/ns/pid")" != "$(readlink "/proc/$main/ns/pid")" ] || continue
      [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink "/proc/$main/ns/net")" ] || continue
      seen=yes
    done
    sleep 0.5
  done
  said "$about result" "$(systemctl show --property Result --value "$unit")"
  said "$about renderer apart" "$seen"
  said "$about seconds" $((SECONDS - began))
  journalctl --boot --output cat --no-pager \
    "_SYSTEMD_INVOCATION_ID=$(systemctl show --property InvocationID --value "$unit")" |
    tr -d '\r' | sed "s/^/$about says: /"
}

said 'browser' "$(chromium --version 2>/dev/null | tr -s ' ')"
browse valet-runtime.service runtime ''
browse valet-adspower.service adspower ''
browse valet-runtime.service without-namespaces RestrictNamespaces=yes

# A host on which much is wrong: the host phase has to say so, each point by its own control.
nft flush ruleset
sysctl --quiet --write net.ipv4.ip_forward=1
umount --lazy /tmp
systemctl stop chrony.service apt-daily.timer apt-daily-upgrade.timer systemd-tmpfiles-clean.timer logrotate.timer
auditd=$(systemctl show --property MainPID --value auditd.service)
mount --bind /bin/false /usr/sbin/auditd
kill -KILL "$auditd"
sleep 5
said 'broken auditd' "$(systemctl is-active auditd.service)"
# verify.sh lies where this is run.
bash verify.sh --phase host --format tap --timeout 900 >broken.tap
sed -nE 's/^not ok [0-9]+ - ([a-z.-]+): .*/broken control: \1/p' broken.tap
said 'broken total' "$(tail -n1 broken.tap)"
sed 's/^/broken report: /' broken.tap | grep -v 'report: ok'

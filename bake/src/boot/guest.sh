#!/bin/sh
# What cloud-init runs in a machine that is tried out: looks at the machine once it is up, tells the
# metadata service what it sees, and switches it off.
set -u
if [ "${1-}" != look ]; then
  # cloud-init waits for this, and the machine for cloud-init: so the rest goes on beside them.
  cp "$0" /run/valet-trial.sh
  exec systemd-run --quiet --no-block --unit valet-trial --property StandardOutput=journal+console \
    /bin/sh /run/valet-trial.sh look
fi

# talk GET NAME, talk PUT NAME <FILE
talk() {
  python3 -c '
import sys, urllib.request
method, url = sys.argv[1:]
data = sys.stdin.buffer.read() if method == "PUT" else None
request = urllib.request.Request(url, data=data, method=method)
sys.stdout.buffer.write(urllib.request.urlopen(request, timeout=120).read())
' "$1" "http://169.254.169.254/valet/$2"
}

of_state() {
  systemctl list-units --plain --no-legend --state="$1" | sed 's/ .*//'
}

units() {
  echo "state $1"
  of_state active | sed 's/^/active /'
  of_state failed,auto-restart | sed 's/^/failed /'
  for unit in $(of_state active,activating,failed | grep '\.service$'); do
    echo "restarted $(systemctl show --property NRestarts --value "$unit") $unit"
  done | grep -v '^restarted 0 '
}

trap 'systemctl --no-block poweroff' EXIT
work=$(mktemp -d /run/valet-trial.XXXXXX)
cd "$work" || exit 1
echo 'valet-trial: waits until everything has started'
state=$(systemctl is-system-running --wait)
# A program that dies as soon as it has been started has done so by then.
sleep 10
units "$state" >units.txt
talk PUT units <units.txt
talk PUT cloud-init </run/cloud-init/result.json
sed -n 's/^failed //p' units.txt | while read -r unit; do
  journalctl --boot --no-pager --lines 40 --unit "$unit"
done

echo 'valet-trial: runs the checks'
talk GET checks >checks.sh && bash checks.sh && bash verify.sh --format json --phase host --timeout 900 >checks.json
talk PUT checks <checks.json
# For the log: what they say of it.
grep '"result": "failed"' checks.json

if talk GET run >run.sh 2>/dev/null; then
  echo 'valet-trial: runs the script that was given'
  { bash run.sh 2>&1 </dev/null; echo "$?" >status.txt; } | tee output.txt
  talk PUT output <output.txt
  talk PUT status <status.txt
fi
echo whole | talk PUT end

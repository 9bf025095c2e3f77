#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: verifies the firewall with packets.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# The firewall, tried with packets: its rules are loaded into a network that nothing else is in, and what gets through
# them is counted behind them.
# shellcheck shell=bash disable=SC2015,SC2016,SC2046,SC2086,SC2154,SC2317

# Addresses of nobody: TEST-NET-3, a private network, and the documentation's of IPv6.
elsewhere=203.0.113.7
private=10.77.0.9
elsewhere6=2001:db8:77::9

# Ports that fleet.toml does not list for everywhere, at most six of them.
unlisted_ports() {
  local protocol=$1 port entry listed
  for port in 22 25 23 6667 8080 31337 5432 9 60001 2; do
    listed=no
    for entry in ${egress[@]+"${egress[@]}"}; do
      read -r _ with from to <<<"$entry"
      if [ "$with" = "$protocol" ] && [ "$port" -ge "$from" ] && [ "$port" -le "$to" ]; then listed=yes; fi
    done
    [ "$listed" = yes ] || printf '%s\n' "$port"
  done | head -n6
}

# Whether a port is let out to some IPv6 address, or wherever the security group lets it.
is_listed_for_ipv6() {
  local entry cidr with from to
  for entry in ${egress[@]+"${egress[@]}"}; do
    read -r cidr with from to <<<"$entry"
    case $cidr in '*' | *:*) ;; *) continue ;; esac
    if [ "$with" = "$1" ] && [ "$2" -ge "$from" ] && [ "$2" -le "$to" ]; then return 0; fi
  done
  return 1
}

# What is sent from the host: `user protocol address port` lines.
probes() {
  local user address port
  for user in "$runtime_user" "$adspower_user" valet-display valet-agent nobody root daemon; do
    for port in 80 443 8080; do printf '%s tcp 169.254.169.254 %s\n' "$user" "$port"; done
    printf '%s udp 169.254.169.254 80\n%s tcp fd00:ec2::254 80\n' "$user" "$user"
    for address in $elsewhere $private $elsewhere6; do
      for port in $(unlisted_ports tcp); do printf '%s tcp %s %s\n' "$user" "$address" "$port"; done
      for port in $(unlisted_ports udp); do printf '%s udp %s %s\n' "$user" "$address" "$port"; done
    done
    if is_one_of "$user" "$runtime_user" "$adspower_user" nobody && ! is_listed_for_ipv6 tcp 443; then
      printf '%s tcp %s 443\n' "$user" $elsewhere6
    fi
    [ ${#egress[@]} = 0 ] || printf '%s tcp %s\n' "$user" "$(first_listed)"
    printf '%s tcp 127.0.0.1 %s\n' "$user" "$novnc_port"
  done
  if getent passwd ec2-instance-connect >/dev/null; then printf 'ec2-instance-connect tcp 169.254.169.254 80\n'; fi
}

# An address and a port that fleet.toml lets out by TCP.
first_listed() {
  local entry cidr protocol from
  for entry in ${egress[@]+"${egress[@]}"}; do
    read -r cidr protocol from _ <<<"$entry"
    [ "$protocol" = tcp ] || continue
    case $cidr in
      0.0.0.0/0 | '*') printf '%s %s' $elsewhere "$from" ;;
      ::/0) printf '%s %s' $elsewhere6 "$from" ;;
      *) printf '%s %s' "${cidr%/*}" "$from" ;;
    esac
    return
  done
  printf '%s 443' $elsewhere
}

# Sends each probe without waiting for an answer. A socket belongs to whoever the process is when it is made.
send_probes() {
  perl -e '
    use Socket; use Fcntl; my @open;
    while (<STDIN>) {
      my ($user, $protocol, $address, $port) = split;
      my $uid = getpwnam($user); next unless defined $uid;
      my $family = $address =~ /:/ ? AF_INET6 : AF_INET;
      my $to = $family == AF_INET ? pack_sockaddr_in($port, inet_aton($address)) : pack_sockaddr_in6($port, Socket::inet_pton(AF_INET6, $address));
      $> = $uid;
      socket(my $socket, $family, $protocol eq "tcp" ? SOCK_STREAM : SOCK_DGRAM, 0) or next;
      fcntl($socket, F_SETFL, O_NONBLOCK);
      $protocol eq "tcp" ? connect($socket, $to) : send($socket, "?", 0, $to);
      $> = 0; push @open, $socket;
    }
    select(undef, undef, undef, 0.2);'
}

# Loads the rules as the boot does, with the commands of its unit, or as the running kernel has them.
load_rules() {
  local line status=0
  if [ -e /mnt/tmp/ruleset ]; then
    nft -f /mnt/tmp/ruleset
    return
  fi
  while read -r line; do
    case $line in
      */nft\ *) $line || status=1 ;;
      *) printf 'unit %s\n' "$line" ;;
    esac
  done < <(units | awk -F '\t' '$1 == "nftables.service" && $2 ~ /^Exec(Condition|StartPre|Start|StartPost)$/ { print $3 }')
  return "$status"
}

# A network with somebody outside of it, and the rules.
build_network() {
  local entry
  mkdir -p /run/netns
  mount -t tmpfs tmpfs /run/netns
  ip netns add outside
  ip link set lo up
  ip link add eth0 type veth peer name outer netns outside
  ip link add dummy0 type dummy
  ip address add 10.200.0.10/24 dev eth0
  ip address add 2001:db8:1::10/64 dev eth0 nodad
  ip address add 10.201.0.1/24 dev dummy0
  ip link set eth0 up
  ip link set dummy0 up
  ip -n outside address add 10.200.0.1/24 dev outer
  ip -n outside address add 2001:db8:1::1/64 dev outer nodad
  ip -n outside link set outer up
  ip route add default via 10.200.0.1
  ip -6 route add default via 2001:db8:1::1
  ip -n outside route add default via 10.200.0.10
  for entry in 10.200.0.1 2001:db8:1::1; do
    ip neighbour replace "$entry" lladdr "$(ip netns exec outside cat /sys/class/net/outer/address 2>/dev/null || ip -n outside -o link show outer | sed -E 's/.*ether ([^ ]+).*/\1/')" dev eth0
  done
  for entry in 10.200.0.10 2001:db8:1::10; do
    ip -n outside neighbour replace "$entry" lladdr "$(ip -o link show eth0 | sed -E 's/.*ether ([^ ]+).*/\1/')" dev outer
  done
  for entry in 5 6; do ip neighbour replace "10.201.0.$entry" lladdr 02:00:00:00:00:01 dev dummy0; done
  mkdir -p /mnt/tmp/proc
  mount -t proc proc /mnt/tmp/proc && echo 1 >/mnt/tmp/proc/sys/net/ipv4/ip_forward
  umount /mnt/tmp/proc
  load_rules || printf 'rules fail\n'
}

# Waits until the trace has so many lines of a kind, and sends the probes of a file meanwhile. On a busy machine the
# watcher takes its time to begin, and what it has seen to be written.
until_traced() {
  local count=$1 pattern=$2
  for _ in $(seq 100); do
    [ "$(grep -cE "$pattern" /mnt/tmp/trace)" -lt "$count" ] || return 0
    [ -z "${3-}" ] || send_probes <"$3"
    sleep 0.1
  done
  return 1
}

# What AdsPower is denied: an identity for each packet, and for each that a rule logged.
try_denials() {
  local port watcher
  build_network
  nft add table inet before
  nft add chain inet before output '{ type filter hook output priority -1000; }'
  nft add rule inet before output meta skuid "$(id -u "$adspower_user")" meta nftrace set 1
  nft monitor trace >/mnt/tmp/trace 2>/dev/null &
  watcher=$!
  # To itself: what is denied is logged so often a minute, and no more.
  printf '%s udp 127.0.0.1 9\n' "$adspower_user" >/mnt/tmp/first
  until_traced 1 'output packet: .*127\.0\.0\.1' /mnt/tmp/first
  for port in tcp udp; do
    printf '%s %s %s %s\n' "$adspower_user" "$port" $elsewhere "$(unlisted_ports "$port" | tail -n1)"
  done >/mnt/tmp/denied
  printf '%s tcp %s %s\n' "$adspower_user" $elsewhere6 "$(unlisted_ports tcp | tail -n1)" >>/mnt/tmp/denied
  send_probes </mnt/tmp/denied
  until_traced 3 'output packet: .*(203\.0\.113\.7|2001:db8:77::9)'
  sleep 0.5
  kill "$watcher" 2>/dev/null
  wait "$watcher" 2>/dev/null
  sed -nE 's/^trace id ([0-9a-f]+) inet [a-z]+ output packet: .*(203\.0\.113\.7|2001:db8:77::9).*/packet \1/p' /mnt/tmp/trace | sort -u
  sed -nE 's/^trace id ([0-9a-f]+) .* log prefix "([^"]*)".*/logged \1 \2/p' /mnt/tmp/trace | sort -u
}

try_packets() {
  local protocol port
  build_network
  nft -f - <<'RULES' || printf 'counting fails\n'
table inet behind {
  set out4 { type uid . ipv4_addr . inet_proto . inet_service; flags dynamic; }
  set out6 { type uid . ipv6_addr . inet_proto . inet_service; flags dynamic; }
  set in4 { type ipv4_addr . inet_proto . inet_service; flags dynamic; }
  set in6 { type ipv6_addr . inet_proto . inet_service; flags dynamic; }
  set through { type ipv4_addr . inet_proto . inet_service; flags dynamic; }
  chain output {
    type filter hook output priority 10000;
    meta nfproto ipv4 add @out4 { meta skuid . ip daddr . meta l4proto . th dport }
    meta nfproto ipv6 add @out6 { meta skuid . ip6 daddr . meta l4proto . th dport }
    drop
  }
  chain input {
    type filter hook input priority 10000;
    iifname "lo" accept
    meta nfproto ipv4 add @in4 { ip saddr . meta l4proto . th dport }
    meta nfproto ipv6 add @in6 { ip6 saddr . meta l4proto . th dport }
    drop
  }
  chain forward {
    type filter hook forward priority 10000;
    add @through { ip daddr . meta l4proto . th dport }
    drop
  }
}
RULES
  probes | send_probes
  for port in 22 80 "$novnc_port" "$adspower_port" 9222 31337; do
    for protocol in tcp udp; do
      printf 'root %s 10.200.0.10 %s\nroot %s 2001:db8:1::10 %s\nroot %s 10.201.0.5 %s\n' $protocol "$port" $protocol "$port" $protocol "$port"
    done
  done >/mnt/tmp/inbound
  nsenter --net=/run/netns/outside bash -c send_probes </mnt/tmp/inbound
  nft --numeric list table inet behind | perl -ne '
    $set = $1 if /^\s*set (\w+)/;
    if (/elements = \{/ .. /\}/) { while (/([0-9a-f.:]+) \. ([0-9a-f.:]+) \. (\d+)(?: \. (\d+))?/g) { print "$set $1 $2 $3", defined $4 ? " $4" : "", "\n" } }'
}

# What gets through: `out4 uid address protocol port`, `in4 address protocol port`, `through address protocol port`.
packets() {
  if is_host && [ ! -e /mnt/tmp/ruleset ]; then
    nft list ruleset >/mnt/tmp/ruleset || fail 'nft: the rules of the kernel cannot be read'
  fi
  once packets lab_with_network try_packets
}

# The trial itself came to something, and the rules that were tried are those that are in force.
packets_were_tried() {
  local problem
  if ! is_host; then
    runs nftables.service
    problem=$(units | awk -F '\t' '$2 ~ /^Exec/ && $1 != "nftables.service" && $3 ~ /(^|\/| )(nft|iptables|ip6tables|iptables-restore|ufw|firewall-cmd) / { print $1 ": " $3 }' | head -n1)
    [ -z "$problem" ] || fail "another unit changes the firewall: $problem"
  fi
  problem=$(packets | grep -E '^(rules fail|counting fails|unit )' | head -n1)
  [ -z "$problem" ] || fail "the rules cannot be tried: $problem $(head -n3 "$CACHE/packets.errors")"
  gets_out root tcp 169.254.169.254 80 || fail 'nothing that is sent as root gets through: the firewall or its trial is broken'
}

protocol_number() { case $1 in tcp) echo 6 ;; udp) echo 17 ;; esac; }

# Whether such a packet gets through.
gets_out() {
  local user=$1 protocol=$2 address=$3 port=$4 set=out4
  case $address in *:*) set=out6 ;; esac
  packets | grep -qx "$set $(id -u "$user") $address $(protocol_number "$protocol") $port"
}

# A chain of the fleet's table among rules that it reads.
chain_of() {
  awk -v chain="chain $1 " '
    /^table / { own = /^table inet valet / }
    own && index($0, chain) { inside = 1 }
    inside { print }
    /^\t}/ { inside = 0 }'
}

load_expected() { expected_rules | sed '/^include /d' | nft -f - && nft list ruleset; }
load_and_list() { load_rules >/dev/null 2>&1; nft list ruleset; }

# Every rule of these chains is one that the firewall is made of, and all of those are there. What packets show is true of
# the packets that are sent: a rule may be about an address, a port, a moment or a mark that none of them has.
chains_are_as_made() {
  local chain wanted found
  for chain in "$@"; do
    wanted=$(once expected-rules lab_with_network load_expected | chain_of "$chain")
    [ -n "$wanted" ] || fail "nft: the rules of this fleet cannot be loaded: $(head -n1 "$CACHE/expected-rules.errors")"
    if [ -e /mnt/tmp/ruleset ]; then
      found=$(chain_of "$chain" </mnt/tmp/ruleset)
    else
      found=$(once loaded-rules lab_with_network load_and_list | chain_of "$chain")
    fi
    [ "$found" = "$wanted" ] ||
      fail "nft: the chain $chain is another one: $({ grep -vxF -- "$wanted" <<<"$found"; grep -vxF -- "$found" <<<"$wanted"; } | head -n1)"
  done
}

# No packet of any user gets to what fleet.toml does not list; what it lists is reached by the runtime.
egress_is_listed() {
  local user protocol address port wrong
  packets_were_tried
  while read -r user protocol address port; do
    ! gets_out "$user" "$protocol" "$address" "$port" || fail "$user reaches $address, $protocol port $port"
  done < <(probes 2>/dev/null | awk -v a="$elsewhere" -v b="$private" -v c="$elsewhere6" '$3 == a || $3 == b || $3 == c' |
    grep -vE "^[^ ]+ tcp $(first_listed)\$")
  if [ ${#egress[@]} != 0 ]; then
    read -r address port < <(first_listed; echo)
    gets_out "$runtime_user" tcp "$address" "$port" || fail "$runtime_user does not reach $address, tcp port $port, which fleet.toml lists"
  fi
  wrong=$(changed_destinations)
  [ -z "$wrong" ] || fail "nft: $wrong"
  chains_are_as_made output
}

# Rules that send a packet somewhere else than it was addressed to, or out of the firewall's sight.
changed_destinations() {
  { cat /mnt/tmp/ruleset 2>/dev/null || lab_with_network bash -c 'load_rules >/dev/null 2>&1; nft list ruleset'; } |
    grep -E '(^|[[:space:]])([sd](addr|port) set|dnat|redirect|tproxy|queue|fwd|dup|notrack)([[:space:]]|$)|type (nat|route) hook' | head -n1
}

# Only these users reach the instance metadata.
metadata_is_for() {
  local user protocol address port
  packets_were_tried
  while read -r user protocol address port; do
    if is_one_of "$user" "$@" && [ "$protocol $address $port" = 'tcp 169.254.169.254 80' ]; then
      gets_out "$user" "$protocol" "$address" "$port" || fail "$user does not reach the instance metadata"
    else
      ! gets_out "$user" "$protocol" "$address" "$port" || fail "$user reaches the instance metadata at $address, $protocol port $port"
    fi
  done < <(probes 2>/dev/null | awk '$3 == "169.254.169.254" || $3 == "fd00:ec2::254"')
  chains_are_as_made output
}

# Nothing that comes in or passes through gets past the rules.
nothing_gets_in() {
  local found
  packets_were_tried
  found=$(packets | grep -E '^(in4|in6|through) ' | if [ "$has_instance_connect" = yes ]; then grep -vE '^in[46] .* 6 22$'; else cat; fi | head -n3)
  [ -z "$found" ] || fail "from outside arrives: $found"
  chains_are_as_made input forward
}

# The screen is out of reach of those that open pages.
screen_is_private() {
  local user
  packets_were_tried
  for user in "$runtime_user" "$adspower_user"; do
    ! gets_out "$user" tcp 127.0.0.1 "$novnc_port" || fail "$user reaches the screen at port $novnc_port"
  done
}

# What AdsPower is denied is logged, each kind of it.
denied_is_logged() {
  local found
  packets_were_tried
  found=$(once denials lab_with_network try_denials)
  [ "$(grep -c '^packet ' <<<"$found")" -ge 3 ] || fail 'nft: packets cannot be followed'
  found=$(awk -v prefix="$1" '$1 == "packet" { sent[$2] = 1 } $1 == "logged" && index($3, prefix) == 1 { logged[$2] = 1 } END { for (id in sent) if (!(id in logged)) count++; print count + 0 }' <<<"$found")
  [ "$found" = 0 ] || fail "$found kinds of packets that $adspower_user is denied are not logged as $1"
}

#!/usr/bin/env bash
# Rendered by valet-gen from fleet.toml, the image: what the image is made of.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

expected_rules() {
  cat <<'RULES'
# Rendered by valet-gen from fleet.toml, the image: the firewall of the host.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# One table, replaced whole, so that those of others (fail2ban's) stay.
table inet valet
delete table inet valet

table inet valet {
  # The resolver is here, and at the second address of the VPC, which the instance's user data says.
  set resolvers {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 169.254.169.253 }
  }

  chain input {
    # Control: os.firewall-drops
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ct state invalid drop
    # Leases are renewed by broadcast when the server does not answer.
    udp sport 67 udp dport 68 accept
  }

  chain forward {
    # Control: os.firewall-drops
    type filter hook forward priority filter; policy drop;
  }

  chain output {
    # Control: os.firewall-egress
    type filter hook output priority filter; policy drop;
    ct state established,related accept
    # Any page can open a connection to 127.0.0.1; none may look at the screen or type on it.
    oifname "lo" tcp dport 6080 meta skuid { "valet", "adspower" } reject with tcp reset
    oifname "lo" accept
    # Control: os.firewall-metadata
    ip daddr 169.254.169.254 meta skuid { 0, "valet-agent", "cwagent" } tcp dport 80 accept
    ip daddr 169.254.169.254 limit rate 10/minute log prefix "valet-metadata-denied "
    ip daddr 169.254.169.254 drop
    # The clock and the resolver of the VPC, and its DHCP server.
    ip daddr 169.254.169.123 udp dport 123 accept
    ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept
    udp sport 68 udp dport 67 accept
    # plain HTTP pages and package mirrors
    ip daddr 0.0.0.0/0 tcp dport 80 accept
    # SSM, Hatchet gRPC, API calls, HTTPS pages
    ip daddr 0.0.0.0/0 tcp dport 443 accept
    # AWS: interface endpoints have addresses of the VPC, gateway endpoints public ones. The security group names them.
    meta skuid { 0, "valet-agent", "cwagent" } tcp dport 443 accept
    # Control: adspower.connections-watched
    meta skuid "adspower" limit rate 60/minute log prefix "valet-adspower-denied "
  }
}

# What the user data says, once valet-configure.service has written it. A pattern may match nothing.
include "/etc/valet/*.nft"
RULES
}

expected_units() {
  cat <<'UNITS'
ce1507d49395b854f89cf09bc4e8f89f3baf2cef02f7ce26e855e30019e96993  valet-adspower.service
0d67a0819492616c95857edf8a27c4672c5f6a0289b46d25ad3d4dfe92a97dff  valet-boot-log.service
cdebc13e0b3c1c9b115f4e0304114e19357c0ca15f66318468882b2ad213d7d7  valet-browsers.slice
1a92a1676026808fc6d3f4711e4272a2cac43349087b10b9ef51998e66e5db05  valet-configure.service
a159df8dfed4ad4bfe8ec6c696199167dba684739925a260e562b4e8e3220833  valet-novnc.service
f59caef47ec1322babcfc8f8a4b664adaa4b6deb73f39f0b04df4a35c99aae26  valet-runtime.service
6f6addb2b4f0a27facefd6bcb89893d46777b3f3e468962176e11157d77cb687  valet-vnc.service
d578f1aa276fb95c1f6324e5ae3d7c78e070ed6444f18331bedd6f0d9be1a53c  valet-worker.service
852d321b7669cabea256feb2c38a3a30c0c35bf2fabee7ac262220ac4c57c808  valet-xvfb.service
UNITS
}

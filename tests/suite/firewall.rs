//! The host's firewall for every rule that fleet.toml can say: nft takes it, and packets go where it says.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use tempfile::tempdir;
use test_support::pipeline::{fixture_text, rendered};
use test_support::skip;
use valet_gen::render::FileSet;

/// A fleet in an existing VPC, which may have IPv6, with these rules.
fn with_rules(rules: &str) -> String {
    format!(
        "[fleet]\nname = \"valet\"\nregion = \"us-east-1\"\n[instances]\non_demand_percentage_above_base_capacity = 100\n\
         types = [{{ instance_type = \"m7i.large\" }}]\n[network]\negress = [{rules}]\n[network.existing]\n\
         vpc_id = \"vpc-0123abcd\"\nprivate_subnet_ids = [\"subnet-0123abcd\"]\n"
    )
}

/// Destinations by each of the ways to say one.
const DESTINATIONS: [&str; 9] = [
    "",
    "cidr_block = \"0.0.0.0/0\"",
    "cidr_block = \"192.0.2.0/24\"",
    "cidr_block = \"192.0.2.7/32\"",
    "ipv6_cidr_block = \"::/0\"",
    "ipv6_cidr_block = \"2001:db8::/32\"",
    "ipv6_cidr_block = \"2001:db8::7/128\"",
    "ipv6_cidr_block = \"64:ff9b::/96\"",
    "prefix_list = \"pl-0123456789abcdef0\"",
];

const PORTS: [&str; 4] = [
    "port = 443",
    "port = 7070, to_port = 7077",
    "port = 443, to_port = 443",
    "port = 1, to_port = 1024",
];

/// Every destination with every port and protocol, each in a fleet of its own, and all of them that can stand together.
fn fleets() -> Vec<String> {
    let mut fleets = Vec::new();
    let mut together = Vec::new();
    for destination in DESTINATIONS {
        for ports in PORTS {
            for protocol in ["tcp", "udp"] {
                let comma = if destination.is_empty() { "" } else { ", " };
                let rule = format!(
                    "{{ {ports}, protocol = \"{protocol}\"{comma}{destination}, \
                     description = \"a-z ._-:/()#,@[]+=&;{{}}!$*\" }}"
                );
                // Without port 443 a warning follows, which nothing here minds.
                fleets.push(with_rules(&rule));
                if !ports.starts_with("port = 443, ")
                    && !ports.ends_with("1024")
                    && !destination.is_empty()
                {
                    together.push(rule);
                }
            }
        }
    }
    fleets.push(with_rules(&together.join(", ")));
    fleets.push(format!(
        "{}[access]\nssh = \"instance_connect\"\n",
        with_rules(&together[0])
    ));
    for control in [
        "os.firewall-drops",
        "os.firewall-egress",
        "os.firewall-metadata",
        "adspower.connections-watched",
    ] {
        fleets.push(format!(
            "{}[image.hardening]\nwaivers = [{{ control = \"{control}\", reason = \"tried without it, in a test\", expires = 2026-09-01 }}]\n",
            with_rules(&together[0])
        ));
    }
    fleets.extend(["golden-full", "kinds/existing-vpc", "kinds/endpoints-only"].map(fixture_text));
    fleets
}

fn firewalls(files: &FileSet) -> impl Iterator<Item = &String> {
    let of_firewall = |path: &&String| path.ends_with("/etc/nftables.conf");
    let paths = files.keys().filter(of_firewall);
    paths.map(|path| &files[path])
}

/// An account for every user that the firewall names, and root.
pub fn users_of(firewall: &str) -> String {
    let names: BTreeSet<&str> = firewall
        .lines()
        .filter(|line| line.contains("skuid"))
        .map(|line| line.split("log prefix").next().unwrap_or(line))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(|name| *name != "lo")
        .collect();
    let mut passwd = "root:x:0:0::/root:/bin/sh\n".to_owned();
    for (id, name) in (2000..).zip(names) {
        passwd.push_str(&format!("{name}:x:{id}:{id}::/:/bin/false\n"));
    }
    passwd
}

/// Whether rules can be loaded here: as root, and with nft.
fn can_load_rules() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    if id.stdout != b"0\n" {
        skip("nft -c needs root");
        return false;
    }
    if Command::new("nft").arg("--version").output().is_err() {
        skip("nft is not installed");
        return false;
    }
    true
}

/// Runs a script in a network and with accounts of its own.
fn in_namespace(script: &str, files: &[(&str, &str)]) -> Output {
    let folder = tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    let mut unshare = Command::new("unshare");
    unshare
        .current_dir(folder.path())
        .args(["--mount", "--net", "sh", "-euc"])
        .arg(format!("mount --bind passwd /etc/passwd\n{script}"));
    unshare.output().expect("unshare runs")
}

#[test]
fn nft_accepts_every_rule_that_the_language_can_say() {
    if !can_load_rules() {
        return;
    }
    let mut texts = BTreeSet::new();
    for fleet in fleets() {
        texts.extend(firewalls(&rendered(&fleet)).cloned());
    }
    assert!(texts.len() > 50, "{}", texts.len());
    let texts: Vec<String> = texts.into_iter().collect();
    let users: String = texts
        .iter()
        .map(|text| users_of(text))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let names: Vec<String> = (0..texts.len())
        .map(|number| format!("{number}.nft"))
        .collect();
    let mut files: Vec<(&str, &str)> = vec![("passwd", users.as_str())];
    files.extend(
        names
            .iter()
            .map(String::as_str)
            .zip(texts.iter().map(String::as_str)),
    );
    let output = in_namespace(
        "for file in *.nft; do nft -c -f \"$file\" || { cat \"$file\"; exit 1; }; done",
        &files,
    );
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
    );
}

/// Sends a packet for each `user protocol address port` of the standard input, as that user.
const SEND: &str = r#"
import os, pwd, socket, sys, time
open_sockets = []
for line in sys.stdin:
    user, protocol, address, port = line.split()
    os.seteuid(0)
    os.seteuid(pwd.getpwnam(user).pw_uid)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    s = socket.socket(family, kind)
    s.setblocking(False)
    try:
        s.connect((address, int(port)))
        if protocol == "udp":
            s.send(b"?")
    except (BlockingIOError, PermissionError, OSError):
        pass
    open_sockets.append(s)
time.sleep(0.3)
"#;

/// A network with somebody who has every address, the rules, and behind them a list of what got through.
const TRY: &str = r"
ip link set lo up
ip link add eth0 type veth peer name outer
ip link set outer up
ip address add 10.200.0.10/24 dev eth0
ip address add 2001:db8:1::10/64 dev eth0 nodad
ip link set eth0 up
ip route add default via 10.200.0.1
ip -6 route add default via 2001:db8:1::1
ip neighbour replace 10.200.0.1 lladdr 02:00:00:00:00:01 dev eth0
ip neighbour replace 2001:db8:1::1 lladdr 02:00:00:00:00:01 dev eth0
nft -f rules.nft
nft -f - <<'RULES'
table inet behind {
  set out4 { type ipv4_addr . inet_proto . inet_service; flags dynamic; }
  set out6 { type ipv6_addr . inet_proto . inet_service; flags dynamic; }
  chain output {
    type filter hook output priority 10000;
    meta nfproto ipv4 add @out4 { ip daddr . meta l4proto . th dport }
    meta nfproto ipv6 add @out6 { ip6 daddr . meta l4proto . th dport }
    drop
  }
}
RULES
python3 send.py <probes
nft --numeric list table inet behind
";

/// What gets through the rules of what is sent, as nft lists it.
fn let_out(rules: &str, sent: &[String]) -> String {
    let sent: String = sent.iter().map(|probe| format!("{probe}\n")).collect();
    let output = in_namespace(
        TRY,
        &[
            ("passwd", users_of(rules).as_str()),
            ("rules.nft", rules),
            ("send.py", SEND),
            ("probes", sent.as_str()),
        ],
    );
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    said
}

/// EC2 Instance Connect asks the metadata service for the key of whoever logs in, as a user of its own.
#[test]
fn instance_connect_reaches_the_metadata_service_and_no_browser_does() {
    if !can_load_rules() {
        return;
    }
    let fleet = with_rules("") + "[access]\nssh = \"instance_connect\"\n";
    let files = rendered(&fleet);
    let rules = firewalls(&files).next().expect("a firewall").clone();
    let probe = |user: &str, port: u32| vec![format!("{user} tcp 169.254.169.254 {port}")];
    for (user, port, gets_out) in [
        ("ec2-instance-connect", 80, true),
        ("valet-agent", 80, true),
        ("ec2-instance-connect", 8080, false),
        ("adspower", 80, false),
        ("valet", 80, false),
    ] {
        let said = let_out(&rules, &probe(user, port));
        let element = format!("169.254.169.254 . 6 . {port}");
        assert_eq!(said.contains(&element), gets_out, "{user} {port}\n{said}");
    }
    // Whoever comes to SSH gets in with it, and nobody without.
    assert!(rules.contains("tcp dport 22 accept"), "{rules}");
    let without = rendered(&with_rules(""));
    let without = firewalls(&without).next().expect("a firewall");
    assert!(!without.contains("instance-connect") && !without.contains("dport 22"));
}

#[test]
fn packets_go_where_the_rules_say_by_both_protocols() {
    if !can_load_rules() {
        return;
    }
    let fleet = with_rules(
        "{ port = 443, cidr_block = \"203.0.113.0/24\", description = \"HTTPS\" }, \
         { port = 443, ipv6_cidr_block = \"2001:db8:77::/48\", description = \"HTTPS\" }, \
         { port = 3478, to_port = 3481, protocol = \"udp\", ipv6_cidr_block = \"::/0\", description = \"TURN\" }",
    );
    let files = rendered(&fleet);
    let rules = firewalls(&files).next().expect("a firewall").clone();
    // What is sent, and whether it gets out. 6 is TCP, 17 is UDP.
    let probes = [
        ("tcp 203.0.113.7 443", Some("203.0.113.7 . 6 . 443")),
        ("tcp 203.0.113.7 80", None),
        ("tcp 198.51.100.7 443", None),
        ("udp 203.0.113.7 443", None),
        ("tcp 2001:db8:77::9 443", Some("2001:db8:77::9 . 6 . 443")),
        ("tcp 2001:db8:78::9 443", None),
        ("tcp 2001:db8:77::9 22", None),
        (
            "udp 2001:db8:99::9 3478",
            Some("2001:db8:99::9 . 17 . 3478"),
        ),
        (
            "udp 2001:db8:99::9 3481",
            Some("2001:db8:99::9 . 17 . 3481"),
        ),
        ("udp 2001:db8:99::9 3482", None),
        ("udp 203.0.113.7 3478", None),
        ("tcp 169.254.169.254 80", None),
        ("tcp fd00:ec2::254 80", None),
    ];
    let sent = probes.map(|(probe, _)| format!("valet {probe}"));
    let said = let_out(&rules, &sent);
    for (probe, out) in probes {
        let address = probe.split(' ').nth(1).expect("an address");
        let port = probe.split(' ').nth(2).expect("a port");
        let protocol = if probe.starts_with("tcp") { 6 } else { 17 };
        let element = format!("{address} . {protocol} . {port}");
        assert_eq!(
            said.contains(&element),
            out.is_some(),
            "{probe}\n{said}\n{rules}"
        );
        assert!(out.is_none_or(|out| out == element), "{probe}");
    }
}

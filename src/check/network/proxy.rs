//! Rules about the HTTP proxy of the hosts.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use url::{Host, Url};

use super::super::finding::{Finding, Findings};
use super::super::identifiers::duplicates;
use super::super::rule::{Context, Rule};
use crate::derive::egress::{ipv4_range, ports};
use crate::derive::network::extra_security_groups;
use crate::derive::proxy::host_and_port;
use crate::diagnostic::Severity;
use crate::fleet::{Egress, Protocol};
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "network.proxy-url",
        severity: Severity::Error,
        title: "The proxy is an address of `http://`, a host and a port",
        reason: "Hosts get the address by their user data, which whoever may describe an instance can read: so it holds no \
                 credentials. The agent opens tunnels by HTTP CONNECT, and no other kind of proxy.",
        run: proxy_url,
    },
    Rule {
        code: "network.proxy-port",
        severity: Severity::Error,
        title: "An egress rule lets the hosts reach their proxy",
        reason: "The workers' security group and firewall drop what no rule of `network.egress` allows, and without its \
                 proxy a host reaches nothing.",
        run: proxy_port,
    },
    Rule {
        code: "network.no-proxy-form",
        severity: Severity::Error,
        title: "Exceptions of the proxy are hosts, addresses and ranges of addresses",
        reason: "The programs of a host read the list each in its own way. What all of them understand is a name, a name \
                 with a dot first, an address and a range.",
        run: no_proxy_form,
    },
    Rule {
        code: "network.no-proxy-twice",
        severity: Severity::Error,
        title: "Every exception of the proxy is listed once",
        reason: "A second entry has no effect, and is easily taken for another host.",
        run: no_proxy_twice,
    },
];

fn path(key: &str) -> Path {
    Path::of("network.proxy").key(key)
}

/// What is wrong with the address of a proxy, and what to do about it.
fn invalid_url(text: &str) -> Option<(String, &'static str)> {
    const HELP: &str = "write an address such as \"http://proxy.example.com:3128\"";
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-._:/[]@%".contains(letter);
    if let Some(letter) = text.chars().find(|letter| !plain(*letter)) {
        return Some((format!("it contains {letter:?}"), HELP));
    }
    if text.starts_with("https://") {
        return Some((
            "TLS to the proxy itself is not supported".to_owned(),
            "write `http://`: connections with TLS go through the proxy unopened all the same",
        ));
    }
    if !text.starts_with("http://") {
        let label = match text.split_once("://") {
            Some((scheme, _)) => format!("`{scheme}` is not a kind of proxy that the agent knows"),
            None => "it does not begin with http://".to_owned(),
        };
        return Some((label, HELP));
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return Some((error.to_string(), HELP)),
    };
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Some((
            "it contains credentials".to_owned(),
            "remove them: a proxy inside the network can know hosts by their addresses",
        ));
    }
    if !matches!(url.path(), "" | "/") {
        return Some(("a path".to_owned(), HELP));
    }
    if url.port() == Some(0) {
        return Some(("port 0 cannot be connected to".to_owned(), HELP));
    }
    // What URL repairs, another reader may not: an address with a leading zero, a name in upper case with a dot.
    let host = text.trim_start_matches("http://").trim_end_matches('/');
    let host = match url.port() {
        Some(port) => host.strip_suffix(&format!(":{port}")),
        None => Some(host.strip_suffix(":80").unwrap_or(host)),
    };
    let is_same = host.is_some_and(|host| {
        let is_read_alike = url
            .host_str()
            .is_some_and(|read| host.eq_ignore_ascii_case(read));
        is_read_alike && is_host(host)
    });
    (!is_same).then(|| ("the host is ambiguous".to_owned(), HELP))
}

/// Whether a text is a name of letters, digits and hyphens, or an address.
fn is_host(text: &str) -> bool {
    let inner = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
        || text.parse::<std::net::Ipv4Addr>().is_ok()
        || is_name(text)
}

/// RFC 1123: labels of letters, digits and hyphens, of which the last is not a number.
fn is_name(text: &str) -> bool {
    const MAX_BYTES: usize = 253;
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= MAX_BYTES
        && text.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// What the agent itself says to an address.
fn refused_by_agent(url: &str) -> Option<(String, &'static str)> {
    let read = valet_protocol::config::Proxy {
        url: url.to_owned(),
        no_proxy: Vec::new(),
    };
    let refused = read.check().err()?;
    Some((
        format!("the agent refuses it: {refused}"),
        "write an address such as \"http://proxy.example.com:3128\"",
    ))
}

fn proxy_url(context: &Context<'_>, findings: &mut Findings) {
    let Some(proxy) = &context.fleet.network.proxy else {
        return;
    };
    let problem = invalid_url(&proxy.url).or_else(|| refused_by_agent(&proxy.url));
    if let Some((problem, help)) = problem {
        findings.push(
            Finding::new(
                path("url"),
                "`network.proxy.url` is not the address of an HTTP proxy",
            )
            .label(problem)
            .help(help),
        );
    }
}

fn proxy_port(context: &Context<'_>, findings: &mut Findings) {
    let network = &context.fleet.network;
    let Some(proxy) = &network.proxy else {
        return;
    };
    if invalid_url(&proxy.url).is_some() || !extra_security_groups(network).is_empty() {
        return;
    }
    let Some((host, port)) = host_and_port(proxy) else {
        return;
    };
    if network
        .egress
        .iter()
        .any(|rule| lets_out(rule, port, &host))
    {
        return;
    }
    let to = match host {
        Host::Ipv4(address) => format!(", cidr_block = \"{address}/32\""),
        _ => String::new(),
    };
    findings.push(
        Finding::new(
            path("url"),
            format!("no egress rule lets the hosts out to the proxy, {host} port {port}"),
        )
        .label("the security group drops what goes there")
        .related(
            Path::of("network.egress"),
            "what the workers may connect to",
        )
        .help(format!(
            "add {{ port = {port}{to}, description = \"proxy\" }} to `network.egress`"
        )),
    );
}

/// Whether a rule may allow connections to a port of a host. What a name or a prefix list stands for is not known here.
fn lets_out(rule: &Egress, port: u32, host: &Host<String>) -> bool {
    let reaches = match (host, ipv4_range(rule)) {
        (Host::Ipv4(address), Some(range)) => range
            .parse::<Ipv4Net>()
            .is_ok_and(|range| range.contains(address)),
        (Host::Ipv6(_), Some(_)) => false,
        _ => true,
    };
    rule.protocol == Protocol::Tcp && ports(rule).contains(&port) && reaches
}

/// What is wrong with an exception, and what to do about it.
fn invalid_exception(text: &str) -> Option<(&'static str, String)> {
    let bare = text.trim_start_matches("*.").trim_start_matches('.');
    let is_range = text
        .parse::<IpNet>()
        .is_ok_and(|range| range == range.trunc());
    if is_name(text) || text.strip_prefix('.').is_some_and(is_name) {
        return None;
    }
    if is_range || text.parse::<IpAddr>().is_ok() {
        return None;
    }
    if text == "*" {
        return Some((
            "everything",
            "remove `[network.proxy]`: nothing would go through it".to_owned(),
        ));
    }
    if text.starts_with("*.") && is_name(bare) {
        return Some(("a wildcard", format!("write \".{bare}\"")));
    }
    if let Ok(range) = text.parse::<IpNet>() {
        return Some(("host bits are set", format!("write \"{}\"", range.trunc())));
    }
    let host = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    if host != text && is_name(host) {
        return Some((
            "more than a host",
            format!("write \"{host}\", without scheme, port and path"),
        ));
    }
    if text.contains(',') {
        return Some((
            "several entries in one text",
            "write a list of texts, such as [\"example.com\", \"10.0.0.0/8\"]".to_owned(),
        ));
    }
    Some((
        "neither a host, an address nor a range",
        "write a host such as \"example.com\", an address, or a range such as \"10.0.0.0/8\""
            .to_owned(),
    ))
}

fn no_proxy_form(context: &Context<'_>, findings: &mut Findings) {
    let Some(proxy) = &context.fleet.network.proxy else {
        return;
    };
    for (index, text) in proxy.no_proxy.iter().enumerate() {
        if let Some((label, help)) = invalid_exception(text) {
            findings.push(
                Finding::new(
                    path("no_proxy").index(index),
                    format!("`{text}` is not an exception that every program understands"),
                )
                .label(label)
                .help(help),
            );
        }
    }
}

fn no_proxy_twice(context: &Context<'_>, findings: &mut Findings) {
    let Some(proxy) = &context.fleet.network.proxy else {
        return;
    };
    for (index, first) in duplicates(&proxy.no_proxy) {
        findings.push(
            Finding::new(
                path("no_proxy").index(index),
                format!("`{}` is listed twice", proxy.no_proxy[index]),
            )
            .label("listed again")
            .related(path("no_proxy").index(first), "listed here first")
            .help("remove one of them"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_proxy_says_what_to_write() {
        for good in [
            "http://proxy.example.com:3128",
            "http://proxy.example.com:3128/",
            "http://10.1.2.3:8080",
            "http://[2001:db8::1]:3128",
            "http://proxy",
            "http://proxy:80",
        ] {
            assert_eq!(invalid_url(good), None, "{good}");
        }
        for (bad, said) in [
            ("proxy.example.com:3128", "http://"),
            ("https://proxy.example.com:3128", "TLS"),
            ("socks5://proxy.example.com:1080", "socks5"),
            ("http://user:secret@proxy.example.com:3128", "credentials"),
            ("http://proxy.example.com:3128/pac", "path"),
            ("http://proxy.example.com:0", "port 0"),
            ("http://10.01.2.3:8080", "ambiguous"),
            ("http://", ""),
            ("http://proxy.example.com:99999", ""),
            ("http://proxy example.com", "' '"),
            ("http://proxy.example.com:3128\nX", "\\n"),
            ("", "http://"),
        ] {
            let (label, _) = invalid_url(bad).unwrap_or_else(|| panic!("{bad} is accepted"));
            assert!(label.contains(said), "{bad}: {label}");
        }
    }

    #[test]
    fn exceptions_are_what_every_program_reads() {
        for good in [
            "example.com",
            ".example.com",
            "localhost",
            "10.1.2.3",
            "10.0.0.0/8",
            "::1",
            "2001:db8::/32",
        ] {
            assert_eq!(invalid_exception(good), None, "{good}");
        }
        for (bad, said) in [
            ("*", "remove"),
            ("*.example.com", "\".example.com\""),
            ("10.1.0.0/8", "10.0.0.0/8"),
            ("example.com:443", "\"example.com\""),
            ("https://example.com/x", "\"example.com\""),
            ("a.example.com,b.example.com", "list"),
            ("", "host"),
            ("exa mple.com", "host"),
            ("10.1.2.300", "host"),
        ] {
            let (_, help) = invalid_exception(bad).unwrap_or_else(|| panic!("{bad} is accepted"));
            assert!(help.contains(said), "{bad}: {help}");
        }
    }
}

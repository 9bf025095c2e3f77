//! What an address is that a program of the fleet, or a person's browser, is given as it was typed.

use http::Uri;
use url::{Host, Url};

/// The longest address, in bytes.
const MAX_BYTES: usize = 2048;

/// What is wrong with an address that should be `https://host/path`, if anything is. The text itself has to be what
/// every reader takes: the agent's (RFC 3986) and the WHATWG's, which repairs much that the agent refuses.
pub fn invalid_https_url(text: &str) -> Option<String> {
    if text.len() > MAX_BYTES {
        return Some(format!("longer than {MAX_BYTES} bytes"));
    }
    if let Some(problem) = text.chars().find_map(unusable) {
        return Some(problem);
    }
    if has_broken_escape(text) {
        return Some("`%` is not followed by two hexadecimal digits".to_owned());
    }
    let Some(after) = text.strip_prefix("https://") else {
        return Some("does not begin with https://".to_owned());
    };
    if after.is_empty() || after.starts_with('/') {
        return Some("no host".to_owned());
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return Some(error.to_string()),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Some("it contains credentials".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Some("a query or a fragment".to_owned());
    }
    let Ok(uri) = text.parse::<Uri>() else {
        return Some("the agent cannot parse it".to_owned());
    };
    let same_host = uri.host().is_some_and(|host| is_host(host, &url));
    let port = url.port_or_known_default();
    let same_port = match uri.port_u16() {
        Some(own) => port == Some(own),
        None => port == Some(443),
    };
    let has_empty_port = uri
        .authority()
        .is_some_and(|authority| authority.as_str().ends_with(':'));
    if !same_host {
        Some("the host is ambiguous".to_owned())
    } else if !same_port || has_empty_port || url.port_or_known_default() == Some(0) {
        Some("port 0 cannot be connected to".to_owned())
    } else {
        None
    }
}

/// Why a character cannot stand in an address.
fn unusable(letter: char) -> Option<String> {
    let is_usable = letter.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(letter);
    match letter {
        _ if is_usable => None,
        _ if letter.is_whitespace() && !letter.is_control() => {
            Some("it contains a space".to_owned())
        }
        _ if letter.is_control() => Some("it contains a control character".to_owned()),
        _ => Some(format!("it contains `{letter}`; percent-encode it")),
    }
}

fn has_broken_escape(text: &str) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_hexdigit();
    text.split('%').skip(1).any(|after| {
        let digits = after.as_bytes().get(..2);
        !digits.is_some_and(|digits| digits.iter().all(is_digit))
    })
}

/// Whether the host as the agent reads it is the one that the other reader makes of it.
fn is_host(host: &str, url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(domain)) => domain.eq_ignore_ascii_case(host),
        Some(Host::Ipv4(address)) => address.to_string() == host,
        Some(Host::Ipv6(address)) => {
            let inner = host
                .strip_prefix('[')
                .and_then(|host| host.strip_suffix(']'));
            inner.is_some_and(|inner| inner.parse() == Ok(address))
        }
        None => false,
    }
}

//! The proxy of `worker.toml`.

use std::net::{IpAddr, Ipv6Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most entries of [`Proxy::no_proxy`], each of up to [`MAX_ENTRY_CHARS`] characters.
const MAX_ENTRIES: usize = 256;

/// The longest name that DNS has.
const MAX_ENTRY_CHARS: usize = 253;

/// An HTTP proxy, through which everything goes that leaves the host. Loopback, link-local addresses and the
/// metadata service are never asked through it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// Where it is, such as `http://proxy.example.org:3128`: `http`, a host and perhaps a port, or else 80. Credentials
    /// are refused, because whoever may describe the instance can read them.
    pub url: String,
    /// What is reached without it: `example.org` and all names below it, `.example.org` for the names below it alone, an
    /// address, or a range such as `10.0.0.0/8`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_proxy: Vec<String>,
}

/// Why a proxy cannot be used, and what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    #[error("proxy.no_proxy has {0} entries, and {MAX_ENTRIES} at the most")]
    TooManyEntries(usize),
    #[error(
        "proxy.no_proxy: {0:?} is not a name, an address or a range of addresses, such as `example.org` or `10.0.0.0/8`"
    )]
    Entry(String),
    /// They are never repeated: they may be a password.
    #[error(
        "proxy.url has credentials, which everybody can read who may describe the instance: let the proxy allow the \
         addresses of the fleet's subnets instead"
    )]
    Credentials,
    #[error(
        "proxy.url = {0:?} does not begin with `http://`: the agent speaks HTTP to a proxy, and TLS through it"
    )]
    Scheme(String),
    #[error("proxy.url = {0:?} is not a host and a port, such as `http://proxy.example.org:3128`")]
    Place(String),
}

impl Proxy {
    /// Whether every value is one that the agent can use.
    ///
    /// # Errors
    ///
    /// Which is not, and what to write.
    pub fn check(&self) -> Result<(), ProxyError> {
        self.check_url()?;
        if self.no_proxy.len() > MAX_ENTRIES {
            return Err(ProxyError::TooManyEntries(self.no_proxy.len()));
        }
        match self.no_proxy.iter().find(|entry| !is_destination(entry)) {
            None => Ok(()),
            Some(entry) => Err(ProxyError::Entry(entry.clone())),
        }
    }

    fn check_url(&self) -> Result<(), ProxyError> {
        let url = &self.url;
        if url.contains('@') {
            return Err(ProxyError::Credentials);
        }
        let Some(place) = url.strip_prefix("http://") else {
            return Err(ProxyError::Scheme(url.clone()));
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        let with_port = place.rsplit_once(':');
        let with_port = with_port.is_some_and(|(host, port)| is_host(host) && is_port(port));
        if with_port || is_host(place) {
            Ok(())
        } else {
            Err(ProxyError::Place(url.clone()))
        }
    }
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port != 0)
}

fn is_host(text: &str) -> bool {
    let address = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    match address {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_name(text),
    }
}

fn is_name(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let has_content = text.contains(|letter: char| letter.is_ascii_alphanumeric());
    has_content && text.len() <= MAX_ENTRY_CHARS && text.chars().all(is_letter)
}

fn is_destination(text: &str) -> bool {
    if let Some((address, length)) = text.split_once('/') {
        let bits = match address.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        return length.parse::<u8>().is_ok_and(|length| length <= bits);
    }
    text.parse::<IpAddr>().is_ok() || is_name(text)
}

#[cfg(test)]
mod tests {
    use super::Proxy;

    fn check(url: &str, no_proxy: &[&str]) -> Result<(), String> {
        let no_proxy = no_proxy.iter().map(|entry| (*entry).to_owned()).collect();
        let url = url.to_owned();
        let checked = Proxy { url, no_proxy }.check();
        checked.map_err(|error| error.to_string())
    }

    #[test]
    fn a_host_and_a_port_are_a_proxy() {
        for url in [
            "http://proxy.example.org:3128",
            "http://10.0.0.7:8080/",
            "http://[fd00::7]:3128",
            "http://proxy",
        ] {
            assert_eq!(check(url, &[]), Ok(()), "{url}");
        }
        let entries = [
            "10.0.0.0/8",
            "fd00::/8",
            "10.1.2.3",
            "::1",
            ".example.org",
            "vpce",
        ];
        assert_eq!(check("http://p:1", &entries), Ok(()));
    }

    #[test]
    fn credentials_are_refused_and_not_repeated() {
        let error =
            check("http://me:hunter2@proxy.example.org:3128", &[]).expect_err("it has some");
        assert_eq!(
            error,
            "proxy.url has credentials, which everybody can read who may describe the instance: let the proxy \
             allow the addresses of the fleet's subnets instead"
        );
    }

    #[test]
    fn what_is_no_proxy_is_refused_with_what_to_write() {
        assert_eq!(
            check("https://proxy.example.org:3128", &[]).expect_err("https"),
            "proxy.url = \"https://proxy.example.org:3128\" does not begin with `http://`: the agent speaks HTTP to a \
             proxy, and TLS through it"
        );
        for url in [
            "http://",
            "http://:3128",
            "http://proxy:0",
            "http://proxy:65536",
            "http://proxy:3128/path",
            "http://pro xy:3128",
            "http://fd00::7:3128\n",
        ] {
            let error = check(url, &[]).expect_err(url);
            assert!(
                error.ends_with("such as `http://proxy.example.org:3128`"),
                "{error}"
            );
        }
        for entry in [
            "",
            "*",
            "a b",
            "a,b",
            "10.0.0.0/33",
            "fd00::/129",
            "http://x",
            "-",
        ] {
            let error = check("http://proxy:3128", &[entry]).expect_err(entry);
            assert!(
                error.starts_with(&format!("proxy.no_proxy: {entry:?} is not")),
                "{error}"
            );
        }
        let many = vec!["a"; 257];
        let error = check("http://proxy:3128", &many).expect_err("too many");
        assert_eq!(error, "proxy.no_proxy has 257 entries, and 256 at the most");
    }
}

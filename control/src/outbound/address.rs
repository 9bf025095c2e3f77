//! Where a server is.

use url::{Host, Url};

/// The address of a server that is asked over HTTP or HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub is_tls: bool,
    /// A name, or an IP address without brackets.
    pub host: String,
    pub port: u16,
    /// For the `Host` header.
    pub authority: String,
    /// What stands before every path: empty, or with a slash at its beginning and none at its end.
    pub prefix: String,
}

/// Why an address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{address}` is not the address of a server: {reason}")]
pub struct AddressError {
    pub address: String,
    pub reason: String,
}

impl Address {
    /// Reads an address such as `https://autoscaling.eu-central-1.amazonaws.com`.
    ///
    /// # Errors
    ///
    /// When it is no URL, has no host, or is neither http nor https.
    pub fn parse(address: &str) -> Result<Self, AddressError> {
        let refuse = |reason: String| AddressError {
            address: address.to_owned(),
            reason,
        };
        let url = Url::parse(address).map_err(|error| refuse(error.to_string()))?;
        let is_tls = match url.scheme() {
            "https" => true,
            "http" => false,
            scheme => return Err(refuse(format!("{scheme} is neither https nor http"))),
        };
        let (host, shown) = match url.host() {
            Some(Host::Domain(name)) => (name.to_owned(), name.to_owned()),
            Some(Host::Ipv4(ip)) => (ip.to_string(), ip.to_string()),
            Some(Host::Ipv6(ip)) => (ip.to_string(), format!("[{ip}]")),
            None => return Err(refuse("it has no host".to_owned())),
        };
        let authority = match url.port() {
            Some(port) => format!("{shown}:{port}"),
            None => shown,
        };
        Ok(Self {
            is_tls,
            host,
            port: url
                .port_or_known_default()
                .unwrap_or(if is_tls { 443 } else { 80 }),
            authority,
            prefix: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// Whether only this machine is meant.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self
                .host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let address = Address::parse("https://sts.eu-central-1.amazonaws.com/").expect("valid");
        assert!(address.is_tls && !address.is_loopback());
        assert_eq!(
            (address.port, address.authority.as_str()),
            (443, "sts.eu-central-1.amazonaws.com")
        );
        assert_eq!(address.prefix, "");
        let local = Address::parse("http://[::1]:8080/base/").expect("valid");
        assert!(!local.is_tls && local.is_loopback());
        assert_eq!(
            (local.host.as_str(), local.authority.as_str()),
            ("::1", "[::1]:8080")
        );
        assert_eq!((local.port, local.prefix.as_str()), (8080, "/base"));
        let error = Address::parse("ftp://example.com").expect_err("not HTTP");
        assert_eq!(
            error.to_string(),
            "`ftp://example.com` is not the address of a server: ftp is neither https nor http"
        );
    }
}

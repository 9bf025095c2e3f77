//! Whether what has no password listens on loopback only.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use valet_protocol::Config;

use super::finding::{Finding, Unmet};

/// The state of a listening socket in the kernel's lists.
const LISTENING: &str = "0A";

/// Looks at the kernel's lists of sockets.
pub fn check(config: &Config) -> Vec<Finding> {
    let services = &config.services;
    [
        ("AdsPower", services.adspower.port),
        ("noVNC", services.novnc.port),
    ]
    .into_iter()
    .map(|(name, port)| {
        let check = format!("{name}'s port {port} is open on loopback only");
        Finding::new("ports", check, on_loopback_only(port))
    })
    .collect()
}

fn on_loopback_only(port: u16) -> Result<String, Unmet> {
    let addresses = listeners(port)?;
    if addresses.is_empty() {
        return Err(Unmet("nothing listens on it".to_owned()));
    }
    let words = addresses
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    if addresses.iter().all(IpAddr::is_loopback) {
        Ok(words)
    } else {
        Err(Unmet(format!("it listens on {words}")))
    }
}

fn listeners(port: u16) -> Result<Vec<IpAddr>, Unmet> {
    let mut addresses = Vec::new();
    for list in ["/proc/net/tcp", "/proc/net/tcp6"] {
        match std::fs::read_to_string(list) {
            Ok(text) => addresses.extend(listening(&text, port)),
            // A kernel without IPv6 has no such list.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Unmet(format!("{list} cannot be read: {error}"))),
        }
    }
    Ok(addresses)
}

/// The addresses at which somebody listens on this port, by one of the kernel's lists: its second
/// column is `address:port` in hexadecimal digits, its fourth the state.
fn listening(list: &str, port: u16) -> Vec<IpAddr> {
    let local = |line: &str| {
        let mut columns = line.split_whitespace();
        let local = columns.nth(1)?;
        if columns.nth(1)? != LISTENING {
            return None;
        }
        let (address, own_port) = local.split_once(':')?;
        (u16::from_str_radix(own_port, 16).ok()? == port).then(|| parse(address))?
    };
    list.lines().skip(1).filter_map(local).collect()
}

/// Words of four bytes each, in the byte order of the machine.
fn parse(digits: &str) -> Option<IpAddr> {
    let mut bytes = Vec::new();
    for start in (0..digits.len()).step_by(8) {
        let word = u32::from_str_radix(digits.get(start..start + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes.as_slice()) {
        return Some(Ipv4Addr::from(bytes).into());
    }
    <[u8; 16]>::try_from(bytes)
        .ok()
        .map(|bytes| Ipv6Addr::from(bytes).to_canonical())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

    use super::{listeners, on_loopback_only};

    #[test]
    fn the_kernel_is_understood() {
        let loopback = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = loopback.local_addr().unwrap().port();
        assert_eq!(listeners(port), Ok(vec![Ipv4Addr::LOCALHOST.into()]));
        assert!(on_loopback_only(port).is_ok());
        // Nobody can listen there; a port that was given back is another test's at once.
        assert!(on_loopback_only(0).is_err());
    }

    #[test]
    fn everywhere_is_not_loopback() {
        let everywhere = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = everywhere.local_addr().unwrap().port();
        assert!(on_loopback_only(port).unwrap_err().0.contains("0.0.0.0"));
    }

    #[test]
    fn the_other_protocol_is_seen_too() {
        let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
            // This machine has no IPv6, and then there is nothing to see.
            return;
        };
        let port = listener.local_addr().unwrap().port();
        assert_eq!(listeners(port), Ok(vec![Ipv6Addr::LOCALHOST.into()]));
    }
}

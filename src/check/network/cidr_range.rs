//! Ranges of addresses in CIDR notation.

use ipnet::{Ipv4Net, Ipv6Net};

/// How a range is written.
pub const RANGE_HELP: &str = "write an address and a prefix length, such as \"10.40.0.0/16\"";

/// Reads a range as CIDR notation, in the one form that Go's `net` package, and with it Terraform,
/// accepts as well as AWS: no leading zeros, no signs, no blanks.
pub fn parse_range(text: &str) -> Option<Ipv4Net> {
    text.parse()
        .ok()
        .filter(|range: &Ipv4Net| range.to_string() == text)
}

/// Reads a range of IPv6 addresses, in the one form that EC2 answers with: lower case, the longest run of zeros left
/// out, and the address the first of the range.
pub fn parse_exact_ipv6_range(text: &str) -> Option<Ipv6Net> {
    text.parse()
        .ok()
        .filter(|range: &Ipv6Net| range.trunc().to_string() == text)
}

/// How a range of IPv6 addresses is written that [`parse_exact_ipv6_range`] does not read.
pub fn ipv6_range_help(text: &str) -> String {
    match text.trim().parse::<Ipv6Net>() {
        Ok(range) => format!("write \"{}\"", range.trunc()),
        Err(_) => {
            "write an address and a prefix length, such as \"2001:db8::/32\" or \"::/0\"".to_owned()
        }
    }
}

/// How a range is written that [`parse_range`] does not read: the same numbers in their one form,
/// where that much is clear.
pub fn range_help(text: &str) -> String {
    let number = |text: &str| text.trim().parse::<u8>().ok();
    let numbers = || {
        let (address, length) = text.split_once('/')?;
        let octets: Vec<u8> = address.split('.').map(number).collect::<Option<_>>()?;
        let octets: [u8; 4] = octets.try_into().ok()?;
        Ipv4Net::new(octets.into(), number(length)?).ok()
    };
    let is_signed = text.contains('+');
    match numbers().filter(|_| !is_signed) {
        Some(range) => format!("write \"{}\"", range.trunc()),
        None => RANGE_HELP.to_owned(),
    }
}

/// Reads a range whose address is the first of it.
pub fn parse_exact_range(text: &str) -> Option<Ipv4Net> {
    parse_range(text).filter(|range| range.trunc() == *range)
}

//! Ranges of addresses in CIDR notation.

use ipnet::Ipv4Net;

/// How a range is written.
pub const RANGE_HELP: &str = "write an address and a prefix length, such as \"10.40.0.0/16\"";

/// Reads a range as CIDR notation, in the one form that Go's `net` package, and with it Terraform,
/// accepts as well as AWS: no leading zeros, no signs, no blanks.
pub fn parse_range(text: &str) -> Option<Ipv4Net> {
    text.parse()
        .ok()
        .filter(|range: &Ipv4Net| range.to_string() == text)
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

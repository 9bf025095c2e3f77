//! Ranges of addresses, and which of them are the internet.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

/// A public range of so many addresses is more than one organisation has, and stands for the internet.
const WORLD_V4: u8 = 12;
const WORLD_V6: u8 = 16;

/// So many public addresses in several ranges are the internet as well: as many as one of [`WORLD_V4`] has.
const WORLD_ADDRESSES: u64 = 1 << (32 - WORLD_V4);

/// Ranges that nobody on the internet has: private ones, those of carriers, of this machine and of links, of tests, and
/// what is not assigned.
const NOT_PUBLIC: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
];

/// Whether a range has so many public addresses that it stands for the internet.
#[must_use]
pub fn is_world(range: &str) -> bool {
    parsed(range).is_some_and(|range| is_wide(&range))
}

/// The ranges of a list that are the internet, each by itself, or several together as one text.
#[must_use]
pub fn public_ranges<'r>(ranges: impl Iterator<Item = &'r str>) -> Vec<String> {
    let mut found = Vec::new();
    let mut others: Vec<(&str, IpNet)> = Vec::new();
    for text in ranges {
        match parsed(text) {
            Some(range) if is_wide(&range) => found.push(text.to_owned()),
            Some(range) => others.push((text, range)),
            None => {}
        }
    }
    let nets: Vec<IpNet> = others.iter().map(|(_, range)| *range).collect();
    let together = IpNet::aggregate(&nets);
    let addresses: u64 = together.iter().map(public_addresses).sum();
    if addresses >= WORLD_ADDRESSES || together.iter().any(is_wide) {
        found.push(format!(
            "{} and {} more ranges, which are the internet together,",
            others[0].0,
            others.len() - 1
        ));
    }
    found
}

fn parsed(range: &str) -> Option<IpNet> {
    let (address, length) = range.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    IpNet::new(address, length.parse().ok()?).ok()
}

fn is_wide(range: &IpNet) -> bool {
    match range {
        IpNet::V4(_) => public_addresses(range) >= WORLD_ADDRESSES,
        // Unique local addresses and those of a link are nobody else's.
        IpNet::V6(range) => {
            let first = range.addr().segments()[0];
            range.prefix_len() <= WORLD_V6 && first & 0xfe00 != 0xfc00 && first & 0xffc0 != 0xfe80
        }
    }
}

/// How many addresses of a range are public; none of version 6 are counted.
fn public_addresses(range: &IpNet) -> u64 {
    let IpNet::V4(range) = range else {
        return 0;
    };
    let size = |range: &Ipv4Net| 1u64 << (32 - range.prefix_len());
    let private = NOT_PUBLIC
        .iter()
        .filter_map(|text| text.parse::<Ipv4Net>().ok());
    let mut public = size(range);
    for private in private {
        if private.contains(range) {
            return 0;
        }
        if range.contains(&private) {
            public = public.saturating_sub(size(&private));
        }
    }
    public
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internet_is_recognised_in_every_spelling() {
        for range in [
            "0.0.0.0/0",
            "::/0",
            "0.0.0.0/1",
            "128.0.0.0/1",
            "10.0.0.0/7",
            "44.0.0.0/9",
            "0:0:0:0:0:0:0:0/0",
            "2000::/3",
        ] {
            assert!(is_world(range), "{range}");
        }
        for range in [
            "10.0.0.0/8",
            "10.128.0.0/9",
            "100.64.0.0/10",
            "172.16.0.0/12",
            "203.0.113.0/24",
            "fd00::/8",
            "fe80::/10",
            "",
            "pl-1",
            "0.0.0.0",
        ] {
            assert!(!is_world(range), "{range}");
        }
    }

    #[test]
    fn ranges_are_the_internet_together() {
        let quarters: Vec<String> = (0..64)
            .map(|part| format!("3.{}.0.0/16", part * 4))
            .collect();
        let found = public_ranges(quarters.iter().map(String::as_str));
        assert_eq!(
            found,
            ["3.0.0.0/16 and 63 more ranges, which are the internet together,"]
        );
        let few = ["192.0.2.0/24", "198.51.100.0/24", "10.0.0.0/8"];
        assert_eq!(public_ranges(few.into_iter()), Vec::<String>::new());
        assert_eq!(public_ranges(["10.0.0.0/8", "::/0"].into_iter()), ["::/0"]);
    }
}

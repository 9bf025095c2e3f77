//! What EC2's instance types offer and what they cost on demand.
//!
//! Facts as AWS's `DescribeInstanceTypes` answers them; prices from AWS's price list for Linux on
//! shared tenancy in us-east-1. fleet.toml declares a type that is newer than the
//! list in `[instance_types]`; the head of `data/instance_types.txt` explains the columns.

use std::sync::LazyLock;

use super::most_similar;
use crate::fleet::{Architecture, Capacity, DeclaredInstanceType};

/// The day on which the prices were those of AWS's price list.
pub const PRICES_AS_OF: &str = "2026-07-20";

/// The region whose prices the list has. Other regions cost up to half as much again.
pub const PRICES_REGION: &str = "us-east-1";

const LIST: &str = include_str!("data/instance_types.txt");

/// The list's lines in the order of their names.
static LINES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| LIST.lines().filter(|line| !line.starts_with('#')).collect());

/// One instance type.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is an independent fact that AWS publishes of the type"
)]
pub struct InstanceType {
    pub name: String,
    pub vcpus: u32,
    pub memory_mib: u32,
    /// Processor architectures as EC2 names them, separated by commas.
    architectures: &'static str,
    /// Whether it earns and spends CPU credits.
    pub burstable: bool,
    pub bare_metal: bool,
    /// Whether it is offered as spot.
    pub spot: bool,
    /// Whether it can use encrypted EBS volumes.
    pub ebs_encryption: bool,
    /// US dollars per hour, on demand, in [`PRICES_REGION`]; `None` of a type that fleet.toml declares.
    pub usd_per_hour: Option<f64>,
}

impl InstanceType {
    /// A type that is newer than the list, by what fleet.toml says of it. Every type since 2017 encrypts its volumes, and
    /// EC2 calls bare metal `metal`.
    #[must_use]
    pub fn declared(name: &str, declared: &DeclaredInstanceType) -> Self {
        Self {
            name: name.to_owned(),
            vcpus: declared.vcpus.get(),
            memory_mib: declared.memory_mib.get(),
            architectures: declared.architecture.as_str(),
            burstable: declared.burstable,
            bare_metal: name.contains(".metal"),
            spot: declared.spot,
            ebs_encryption: true,
            usd_per_hour: None,
        }
    }

    #[must_use]
    pub fn runs(&self, architecture: Architecture) -> bool {
        self.architectures
            .split(',')
            .any(|name| name == architecture.as_str())
    }

    /// Browsers that fit on it by the capacity model: 0 when it is too small for one.
    #[must_use]
    pub fn browsers(&self, capacity: &Capacity) -> u32 {
        let reserved = capacity.reserved_memory_mib.get();
        let memory = self.memory_mib.saturating_sub(reserved);
        let by_memory = f64::from(memory / capacity.browser_memory_mib.get());
        let by_processor = f64::from(self.vcpus) * capacity.browsers_per_vcpu.get();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "neither factor is negative, and the smaller is at most a quotient of two u32"
        )]
        let browsers = by_memory.min(by_processor).floor() as u32;
        browsers
    }

    /// The architectures in words.
    #[must_use]
    pub fn architectures(&self) -> String {
        self.architectures.replace(',', " and ")
    }
}

/// The type of this name, if the catalogue has it.
#[must_use]
pub fn find(name: &str) -> Option<InstanceType> {
    let index = LINES
        .binary_search_by(|line| name_of(line).cmp(name))
        .ok()?;
    parse(LINES[index])
}

/// Types of this architecture that the user may have meant, nearest first: similar spelling, then the same family. Bare
/// metal is none: the fleet refuses it.
#[must_use]
pub fn similar(name: &str, architecture: Architecture) -> Vec<&'static str> {
    let is_usable = |line: &&&'static str| {
        parse(line).is_some_and(|facts| facts.runs(architecture) && !facts.bare_metal)
    };
    let usable: Vec<&str> = LINES
        .iter()
        .filter(is_usable)
        .map(|line| name_of(line))
        .collect();
    let mut found: Vec<&str> = most_similar(name, usable.iter().copied())
        .into_iter()
        .collect();
    let family = name.split('.').next().unwrap_or(name);
    let siblings = usable
        .into_iter()
        .filter(|known| known.split('.').next() == Some(family));
    for sibling in siblings {
        if found.len() < 4 && !found.contains(&sibling) {
            found.push(sibling);
        }
    }
    found
}

/// Every type, in the order of their names.
pub fn all() -> impl Iterator<Item = InstanceType> {
    LINES.iter().filter_map(|line| parse(line))
}

fn name_of(line: &'static str) -> &'static str {
    line.split(' ').next().unwrap_or(line)
}

fn parse(line: &'static str) -> Option<InstanceType> {
    let mut columns = line.split(' ');
    let name = columns.next()?;
    let vcpus = columns.next()?.parse().ok()?;
    let memory_mib = columns.next()?.parse().ok()?;
    let architectures = columns.next()?;
    let flags = columns.next()?;
    let usd_per_hour = Some(columns.next()?.parse().ok()?);
    Some(InstanceType {
        name: name.to_owned(),
        vcpus,
        memory_mib,
        architectures,
        burstable: flags.contains('b'),
        bare_metal: flags.contains('m'),
        spot: flags.contains('s'),
        ebs_encryption: flags.contains('e'),
        usd_per_hour,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_by_its_name() {
        assert_eq!(LINES.len(), 1340);
        for line in LINES.iter() {
            let found = find(name_of(line));
            assert_eq!(
                found.as_ref().map(|found| found.name.as_str()),
                Some(name_of(line)),
                "{line}"
            );
        }
    }

    #[test]
    fn browsers_are_those_of_the_scarcer_resource() {
        let capacity = Capacity::default();
        let browsers = |name| find(name).map(|facts| facts.browsers(&capacity));
        assert_eq!(browsers("t3.large"), Some(4));
        assert_eq!(browsers("t3.medium"), Some(4));
        assert_eq!(browsers("t3.nano"), Some(0));
    }

    #[test]
    fn facts_are_those_of_aws() {
        let large = find("t3.large").expect("it is in the list");
        assert_eq!((large.vcpus, large.memory_mib), (2, 8192));
        assert!(large.burstable && large.spot && large.ebs_encryption && !large.bare_metal);
        assert_eq!(large.usd_per_hour, Some(0.0832));
        assert!(large.runs(Architecture::X86_64) && !large.runs(Architecture::Arm64));
        assert!(find("m7i.metal-24xl").is_some_and(|found| found.bare_metal));
    }
}

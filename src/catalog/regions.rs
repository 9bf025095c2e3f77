//! AWS's regions and the zones each has.

/// The most zones that a fleet spans; no region has more.
pub const MAX_ZONES: usize = 6;

/// A region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    pub name: &'static str,
    /// The letters of its availability zones. An account may see fewer of them: in us-west-1 two
    /// of three.
    zone_letters: &'static str,
    /// Whether an account has it without asking for it.
    pub enabled_by_default: bool,
    /// Whether every account sees all of its zones.
    pub same_zones_for_all: bool,
}

impl Region {
    /// The partition, the second part of every ARN.
    #[must_use]
    pub fn partition(self) -> &'static str {
        if self.name.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }

    /// The names of its zones.
    pub fn zones(self) -> impl Iterator<Item = String> {
        self.zone_letters
            .chars()
            .map(move |letter| format!("{}{letter}", self.name))
    }

    #[must_use]
    pub fn has_zone(self, zone: &str) -> bool {
        self.zones().any(|name| name == zone)
    }
}

const fn region(name: &'static str, zone_letters: &'static str) -> Region {
    Region {
        name,
        zone_letters,
        enabled_by_default: true,
        same_zones_for_all: true,
    }
}

/// A region of which accounts see different zones (EC2 user guide, Availability Zones).
const fn differing(name: &'static str, zone_letters: &'static str) -> Region {
    Region {
        name,
        zone_letters,
        enabled_by_default: true,
        same_zones_for_all: false,
    }
}

const fn opt_in(name: &'static str, zone_letters: &'static str) -> Region {
    Region {
        name,
        zone_letters,
        enabled_by_default: false,
        same_zones_for_all: true,
    }
}

/// Every commercial and GovCloud region that runs EC2 Auto Scaling, in the order of their names.
pub const REGIONS: &[Region] = &[
    opt_in("af-south-1", "abc"),
    opt_in("ap-east-1", "abc"),
    opt_in("ap-east-2", "abc"),
    region("ap-northeast-1", "acd"),
    region("ap-northeast-2", "abcd"),
    region("ap-northeast-3", "abc"),
    region("ap-south-1", "abc"),
    opt_in("ap-south-2", "abc"),
    region("ap-southeast-1", "abc"),
    region("ap-southeast-2", "abc"),
    opt_in("ap-southeast-3", "abc"),
    opt_in("ap-southeast-4", "abc"),
    opt_in("ap-southeast-5", "abc"),
    opt_in("ap-southeast-7", "abc"),
    region("ca-central-1", "abd"),
    opt_in("ca-west-1", "abc"),
    region("eu-central-1", "abc"),
    opt_in("eu-central-2", "abc"),
    region("eu-north-1", "abc"),
    opt_in("eu-south-1", "abc"),
    opt_in("eu-south-2", "abc"),
    region("eu-west-1", "abc"),
    region("eu-west-2", "abc"),
    region("eu-west-3", "abc"),
    opt_in("il-central-1", "abc"),
    opt_in("me-central-1", "abc"),
    opt_in("me-south-1", "abc"),
    opt_in("mx-central-1", "abc"),
    region("sa-east-1", "abc"),
    region("us-east-1", "abcdef"),
    region("us-east-2", "abc"),
    region("us-gov-east-1", "abc"),
    region("us-gov-west-1", "abc"),
    differing("us-west-1", "abc"),
    region("us-west-2", "abcd"),
];

/// The region of this name.
#[must_use]
pub fn find(name: &str) -> Option<Region> {
    REGIONS.iter().copied().find(|region| region.name == name)
}

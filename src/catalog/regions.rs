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

/// Source: the zones that moto 5.2.5 has from EC2's `DescribeAvailabilityZones`, November 2026. It lacks ap-east-2, and the
/// third zone of us-west-1, which only some accounts see: both are from AWS's page of regions and zones.
///
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

/// What AWS's console and pages call the regions, and the cities and countries that people say, in lower case.
const MEANT: &[(&str, &str)] = &[
    ("bahrain", "me-south-1"),
    ("bangkok", "ap-southeast-7"),
    ("brazil", "sa-east-1"),
    ("calgary", "ca-west-1"),
    ("california", "us-west-1"),
    ("canada", "ca-central-1"),
    ("cape town", "af-south-1"),
    ("columbus", "us-east-2"),
    ("dublin", "eu-west-1"),
    ("frankfurt", "eu-central-1"),
    ("germany", "eu-central-1"),
    ("hong kong", "ap-east-1"),
    ("hyderabad", "ap-south-2"),
    ("ireland", "eu-west-1"),
    ("israel", "il-central-1"),
    ("jakarta", "ap-southeast-3"),
    ("london", "eu-west-2"),
    ("malaysia", "ap-southeast-5"),
    ("melbourne", "ap-southeast-4"),
    ("mexico", "mx-central-1"),
    ("milan", "eu-south-1"),
    ("montreal", "ca-central-1"),
    ("mumbai", "ap-south-1"),
    ("ohio", "us-east-2"),
    ("oregon", "us-west-2"),
    ("osaka", "ap-northeast-3"),
    ("paris", "eu-west-3"),
    ("sao paulo", "sa-east-1"),
    ("seoul", "ap-northeast-2"),
    ("singapore", "ap-southeast-1"),
    ("spain", "eu-south-2"),
    ("stockholm", "eu-north-1"),
    ("sydney", "ap-southeast-2"),
    ("taipei", "ap-east-2"),
    ("tel aviv", "il-central-1"),
    ("thailand", "ap-southeast-7"),
    ("tokyo", "ap-northeast-1"),
    ("uae", "me-central-1"),
    ("virginia", "us-east-1"),
    ("zurich", "eu-central-2"),
];

/// The region that is meant by what is no region's name: by a place in it, else by its spelling.
#[must_use]
pub fn guess(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let place = MEANT.iter().find(|(place, _)| lower.contains(place));
    place
        .map(|(_, region)| *region)
        .or_else(|| super::most_similar(text, REGIONS.iter().map(|region| region.name)))
}

/// The region of this name.
#[must_use]
pub fn find(name: &str) -> Option<Region> {
    REGIONS.iter().copied().find(|region| region.name == name)
}

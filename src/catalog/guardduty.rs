//! GuardDuty's protection plans, and where each is not available.

use super::regions;

/// A protection plan, as the API calls it.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub name: &'static str,
    /// Partitions that do not have it.
    partitions_without: &'static [&'static str],
    /// Regions that do not have it.
    regions_without: &'static [&'static str],
}

/// The plan that reads copies of volumes.
pub const MALWARE_PROTECTION: &str = "EBS_MALWARE_PROTECTION";

/// The plans that an account gets, in the order of their names.
///
/// Source, read in November 2026: GuardDuty user guide, "Regions and endpoints" (RDS Protection), and the regions of AWS
/// Config's managed rules guardduty-malware-protection-enabled and guardduty-lambda-protection-enabled, which name those
/// that lack the plan.
const PLANS: &[Plan] = &[
    Plan {
        name: MALWARE_PROTECTION,
        partitions_without: &["aws-us-gov"],
        regions_without: &["ap-east-2"],
    },
    everywhere("EKS_AUDIT_LOGS"),
    Plan {
        name: "LAMBDA_NETWORK_LOGS",
        partitions_without: &[],
        regions_without: &["ap-east-2", "ap-southeast-7", "mx-central-1"],
    },
    Plan {
        name: "RDS_LOGIN_EVENTS",
        partitions_without: &[],
        regions_without: &["ap-east-2"],
    },
    everywhere("S3_DATA_EVENTS"),
];

const fn everywhere(name: &'static str) -> Plan {
    Plan {
        name,
        partitions_without: &[],
        regions_without: &[],
    }
}

/// The names of the plans that a region has.
#[must_use]
pub fn plans(region: &str) -> Vec<&'static str> {
    let partition = regions::find(region).map_or("aws", regions::Region::partition);
    let has = |plan: &&Plan| {
        !plan.partitions_without.contains(&partition) && !plan.regions_without.contains(&region)
    };
    PLANS.iter().filter(has).map(|plan| plan.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_gets_the_plans_that_it_has() {
        assert_eq!(plans("us-east-1").len(), PLANS.len());
        assert!(!plans("us-gov-west-1").contains(&MALWARE_PROTECTION));
        assert_eq!(plans("ap-east-2"), ["EKS_AUDIT_LOGS", "S3_DATA_EVENTS"]);
        assert!(PLANS.is_sorted_by(|a, b| a.name < b.name));
        for plan in PLANS {
            for region in plan.regions_without {
                assert!(regions::find(region).is_some(), "{region}");
            }
        }
    }
}

//! Controls that no rendered file enforces because fleet.toml delegates them to somebody.

use crate::catalog::controls::{Control, Verify};
use crate::resolve::{Environment, Plan};

/// Who is responsible for a control that the fleet does not enforce by itself, if anybody is.
pub fn responsible_party(
    control: &Control,
    plan: &Plan,
    environment: &Environment,
) -> Option<&'static str> {
    if let Verify::People(who) = control.verify {
        return Some(who);
    }
    DELEGATIONS
        .iter()
        .find(|delegation| delegation.control == control.id && (delegation.when)(plan, environment))
        .map(|delegation| delegation.to)
}

/// A control that is somebody else's under a condition.
struct Delegation {
    control: &'static str,
    to: &'static str,
    when: fn(&Plan, &Environment) -> bool,
}

const VPC_OWNER: &str = "the owners of the existing VPC";

const PROFILE_OWNER: &str = "the owners of the existing instance profile";

fn has_existing_profile(_: &Plan, environment: &Environment) -> bool {
    environment.iam.instance_profile.is_some()
}

fn is_in_existing_network(_: &Plan, environment: &Environment) -> bool {
    environment.network.existing.is_some()
}

const DELEGATIONS: &[Delegation] = &[
    Delegation {
        control: "net.flow-logs",
        to: VPC_OWNER,
        when: is_in_existing_network,
    },
    Delegation {
        control: "net.default-group-locked",
        to: VPC_OWNER,
        when: is_in_existing_network,
    },
    Delegation {
        control: "net.egress-listed",
        to: "the owners of the security groups that network.existing.security_group_ids adds",
        when: |_, environment| !environment.network.extra_security_groups.is_empty(),
    },
    Delegation {
        control: "aws.minimal-role",
        to: PROFILE_OWNER,
        when: has_existing_profile,
    },
    Delegation {
        control: "app.short-lived-tokens",
        to: PROFILE_OWNER,
        when: has_existing_profile,
    },
    Delegation {
        control: "aws.key-rotation",
        to: "the owners of the existing key",
        when: |_, environment| {
            environment.existing_key.is_some()
                || environment
                    .image
                    .keys
                    .iter()
                    .any(|key| key.existing.is_some())
        },
    },
    Delegation {
        control: "aws.cloudtrail",
        to: "the account's owners, because audit.cloudtrail is off",
        when: |plan, _| !plan.account.audit.cloudtrail,
    },
    Delegation {
        control: "aws.guardduty",
        to: "the account's owners, because audit.guardduty is off",
        when: |plan, _| !plan.account.audit.guardduty,
    },
    Delegation {
        control: "aws.inspector",
        to: "the account's owners, because audit.inspector is off",
        when: |plan, _| !plan.account.audit.inspector,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::controls;

    #[test]
    fn what_is_left_to_somebody_is_a_control() {
        for delegation in DELEGATIONS {
            assert!(
                controls::find(delegation.control).is_some(),
                "{}",
                delegation.control
            );
        }
    }
}

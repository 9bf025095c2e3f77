//! Controls that no rendered file enforces because fleet.toml leaves them to somebody.

use crate::catalog::controls::{Control, Verify};
use crate::resolve::{Environment, Plan};

/// Who sees to a control that the fleet does not enforce by itself, if anybody does.
pub fn left_to(control: &Control, plan: &Plan, environment: &Environment) -> Option<&'static str> {
    if let Verify::People(who) = control.verify {
        return Some(who);
    }
    LEFT.iter()
        .find(|left| left.control == control.id && (left.when)(plan, environment))
        .map(|left| left.to)
}

/// A control that is somebody else's under a condition.
struct Left {
    control: &'static str,
    to: &'static str,
    when: fn(&Plan, &Environment) -> bool,
}

const VPC_OWNER: &str = "whoever owns the VPC of network.existing";

fn is_in_existing_network(_: &Plan, environment: &Environment) -> bool {
    environment.network.existing.is_some()
}

const LEFT: &[Left] = &[
    Left {
        control: "net.flow-logs",
        to: VPC_OWNER,
        when: is_in_existing_network,
    },
    Left {
        control: "net.default-group-locked",
        to: VPC_OWNER,
        when: is_in_existing_network,
    },
    Left {
        control: "aws.cloudtrail",
        to: "whoever switched audit.cloudtrail off",
        when: |plan, _| !plan.account.audit.cloudtrail,
    },
    Left {
        control: "aws.guardduty",
        to: "whoever switched audit.guardduty off",
        when: |plan, _| !plan.account.audit.guardduty,
    },
    Left {
        control: "aws.inspector",
        to: "whoever switched audit.inspector off",
        when: |plan, _| !plan.account.audit.inspector,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::controls;

    #[test]
    fn what_is_left_to_somebody_is_a_control() {
        for left in LEFT {
            assert!(controls::find(left.control).is_some(), "{}", left.control);
        }
    }
}

//! `[control]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The control plane that looks after the fleet: `valet-control`, or a program that does the same.
///
/// It runs outside of the fleet, where and how is yours to decide. What is made here is what it may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Control {
    /// Whether there is one. It gets a policy of its own, and publishes `QueueDepth` and `QueueOldestAge` beside the
    /// agents: so a waiting task starts the first worker of a group that has none.
    ///
    /// The agents go on publishing. Alarms take the larger value, so a control plane that is down blinds no scaling.
    pub enabled: bool,

    /// Where it runs, which says who may assume the role that is made for it. Left out, and without
    /// `trusted_role_arns`: the policy is made and no role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs_on: Option<ControlHost>,

    /// Roles that may assume the control plane's role, by ARN, such as that of a pod.
    #[schemars(length(max = 10))]
    pub trusted_role_arns: Vec<String>,

    /// The one secret of `[secrets]` that its role may read, such as `"HATCHET_CLIENT_TOKEN"`. Left out: it reads none, and
    /// gets its token for Hatchet from whoever starts it, as a task of Amazon ECS does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Where a control plane runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ControlHost {
    /// As a task of Amazon ECS in the fleet's account and region.
    Ecs,
    /// On an EC2 instance, which gets its role by an instance profile.
    Ec2,
}

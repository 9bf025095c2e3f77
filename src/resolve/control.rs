//! `[control]`

use serde::Serialize;

use crate::fleet::{ControlHost, SecretStore};
use crate::{derive, fleet};

/// What a control plane may do, and who may act as it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says of one part whether it is there, and templates ask them one by one"
)]
pub struct Control {
    /// Whether it gets a role; without one its policy is attached by whoever runs it.
    pub has_role: bool,
    /// Whether a service of AWS may assume the role, and which.
    pub runs_on_service: bool,
    pub runs_on_ecs: bool,
    pub runs_on_ec2: bool,
    /// Roles that may assume its role, in their order.
    pub trusted_role_arns: Vec<String>,
    /// The secret that it reads.
    pub secret: Option<ControlSecret>,
    /// The tasks whose queues it publishes.
    pub tasks: Vec<String>,
}

/// The secret that a control plane reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ControlSecret {
    /// Its name in its store.
    pub key: String,
    /// Whether Parameter Store keeps it, and not Secrets Manager.
    pub is_parameter: bool,
}

/// `None` for a fleet without a control plane.
pub fn resolve(fleet: &fleet::Fleet, path: &str) -> Option<Control> {
    let fleet::Control {
        enabled,
        runs_on,
        trusted_role_arns,
        // With its store, below.
        secret: _,
    } = &fleet.control;
    let mut trusted_role_arns = trusted_role_arns.clone();
    trusted_role_arns.sort();
    enabled.then(|| Control {
        has_role: derive::control::has_role(&fleet.control),
        runs_on_service: runs_on.is_some(),
        runs_on_ecs: *runs_on == Some(ControlHost::Ecs),
        runs_on_ec2: derive::control::has_instance_profile(&fleet.control),
        trusted_role_arns,
        secret: derive::control::secret(fleet).map(|(name, store)| ControlSecret {
            key: derive::secrets::key(path, name),
            is_parameter: store == SecretStore::Ssm,
        }),
        tasks: fleet.worker.hatchet.tasks.clone(),
    })
}

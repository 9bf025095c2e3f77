//! What is made for a control plane.

use crate::fleet::{Control, ControlHost, Fleet, SecretStore};

/// Whether it gets a role, besides the policy that says what it may do: somebody has to be there who may assume it.
#[must_use]
pub fn has_role(control: &Control) -> bool {
    control.enabled && (control.runs_on.is_some() || !control.trusted_role_arns.is_empty())
}

/// Whether its role has an instance profile, without which EC2 gives no instance a role.
#[must_use]
pub fn has_instance_profile(control: &Control) -> bool {
    control.enabled && control.runs_on == Some(ControlHost::Ec2)
}

/// The secret that it reads, and the service that keeps it; `None` where it reads none, or none that `[secrets]` has.
#[must_use]
pub fn secret(fleet: &Fleet) -> Option<(&str, SecretStore)> {
    let name = fleet.control.secret.as_deref()?;
    fleet.secrets.get(name).map(|secret| (name, secret.store))
}

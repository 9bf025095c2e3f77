//! What is known of the Auto Scaling group.

/// What the Auto Scaling group has been told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
pub struct Group {
    /// That this instance is to be replaced.
    pub marked_unhealthy: bool,
    /// That the terminate lifecycle hook is completed.
    pub completed: bool,
    /// That the launch lifecycle hook is completed, or that there is none.
    pub launched: bool,
    /// Whether the group's target state of this instance is `InService`.
    pub in_service: bool,
}

//! The parts of the agent that write facts. Nothing but names: what each may write, the table in
//! [`StateMut`](crate::StateMut)'s file says.

macro_rules! parts {
    ($($(#[$documentation:meta])* $part:ident,)+) => { $(
        $(#[$documentation])*
        #[derive(Clone, Copy, Debug)]
        pub struct $part;
    )+ };
}

parts! {
    /// The local API.
    Api,
    /// The drain.
    Drain,
    /// What the Auto Scaling group is told.
    Group,
    /// The worker as Hatchet sees it.
    Hatchet,
    /// The metrics that are sent to CloudWatch.
    Metrics,
    /// The metadata service's notices.
    Notices,
    /// The runtime's unit.
    Runtime,
    /// The secrets.
    Secrets,
    /// The services, the memory and the disk.
    Services,
    /// The start.
    Start,
}

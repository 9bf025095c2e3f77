//! The agent's memory holds secrets, so nothing may write it to a disk.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Keeps the kernel from dumping this process and from letting others of its user read its memory.
/// To be called before the first secret is fetched; the unit says `LimitCORE=0` besides.
///
/// # Errors
///
/// When the kernel refuses, which it does to nobody.
pub fn forbid() -> std::io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

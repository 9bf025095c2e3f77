//! What keeps values of secrets in this process.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Sees to it that a crash writes no memory to a disk, and that no other process of the user reads it. Called before a
/// value is read; it holds until the process ends.
pub fn keep_out_of_core_dumps() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // A limit can always be lowered. Where the kernel refuses all the same, there is nothing better to do.
    let _ = setrlimit(Resource::Core, none);
    // A pipe of `core_pattern` ignores the limit: it does not get what is not dumpable.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    use super::*;

    #[test]
    fn nothing_is_dumped() {
        keep_out_of_core_dumps();
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        assert_eq!(
            dumpable_behavior().ok(),
            Some(DumpableBehavior::NotDumpable)
        );
    }
}

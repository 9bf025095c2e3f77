//! Processes of this host.

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// Whether there is a process of this number.
#[must_use]
pub fn alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // A process of somebody else's is there and may not be signalled.
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::alive;

    #[test]
    fn the_living_are_told_from_the_others() {
        assert!(alive(std::process::id()));
        assert!(alive(1));
        assert!(!alive(0));
        // Above the kernel's largest number of a process, 2^22.
        assert!(!alive(1 << 23));
        assert!(!alive(u32::MAX));
    }
}

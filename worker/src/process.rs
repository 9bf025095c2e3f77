//! Processes of this host.

use std::os::fd::OwnedFd;

use futures_util::FutureExt as _;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open, test_kill_process};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Whether there is a process of this number.
#[must_use]
pub fn alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // A process of somebody else's is there and may not be signalled.
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

/// A process whose end the kernel tells of. Another that gets its number later is not meant.
#[derive(Debug)]
pub struct ProcessHandle(AsyncFd<OwnedFd>);

impl ProcessHandle {
    /// The process of this number; nothing where there is none, or where the kernel refuses.
    #[must_use]
    #[expect(
        deprecated,
        reason = "what replaces it is unsafe, for descriptors that somebody else may close; nobody else has this one"
    )]
    pub fn open(pid: u32) -> Option<Self> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
        let descriptor = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let watched = AsyncFd::with_interest(descriptor, Interest::READABLE).ok()?;
        Some(Self(watched))
    }

    /// Resolves when it has ended, at once if it has already.
    pub async fn exited(&self) {
        let _ = self.0.readable().await;
    }

    /// Whether it is known that it has ended: [`ProcessHandle::exited`] has resolved.
    #[must_use]
    pub fn has_exited(&self) -> bool {
        self.exited().now_or_never().is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{ProcessHandle, alive};

    #[tokio::test]
    async fn the_kernel_tells_of_the_end_of_a_process() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let process = ProcessHandle::open(child.id()).unwrap();
        assert!(!process.has_exited());
        child.kill().unwrap();
        // Nobody has waited for it yet.
        process.exited().await;
        assert!(process.has_exited());
        child.wait().unwrap();
        process.exited().await;
        assert!(ProcessHandle::open(child.id()).is_none());
        assert!(ProcessHandle::open(0).is_none() && ProcessHandle::open(u32::MAX).is_none());
    }

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

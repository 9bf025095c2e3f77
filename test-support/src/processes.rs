//! What is left of a process that has ended.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the kernel may take for what takes it no time, on a machine that is busy with much else.
/// What writes to a reader that has gone ends by itself later, and is not what is meant.
pub const CLEANUP_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a program may take to get to work, on a machine that is busy with much else.
pub const START_TIMEOUT: Duration = Duration::from_mins(10);

/// Waits for what somebody else does. There is nothing to wait on: the processes are not ours.
#[expect(
    clippy::disallowed_methods,
    reason = "it looks again, up to a limit, and guesses nothing"
)]
pub fn until(what: &str, timeout: Duration, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < timeout, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Processes, in whatever namespace, that name the folder, or that have mounted something there.
pub fn remaining_processes(of: &Path) -> Vec<String> {
    let name = of.to_str().expect("UTF-8");
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("a folder").flatten() {
        let path = entry.path();
        let read = |file: &str| {
            let bytes = fs::read(path.join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ")
        };
        let own = std::process::id().to_string();
        if path.file_name().is_some_and(|pid| *pid == *own) {
            continue;
        }
        if read("cmdline").contains(name) {
            found.push(format!("runs: {}", read("cmdline")));
        }
        if read("mountinfo").contains(name) {
            found.push(format!("has a mount: {}", read("cmdline")));
        }
    }
    found
}

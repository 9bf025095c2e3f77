//! Lynis, of this machine, run in the root file system.

use std::fs;
use std::path::{Path, PathBuf};

use super::runner::ScanRunner;
use crate::error::BakeError;
use crate::sandbox::{Sandbox, Store};

/// Seconds until it is ended.
const TIMEOUT_SECONDS: u32 = 300;

/// What of this machine it is made of.
const PARTS: [&str; 3] = ["usr/sbin/lynis", "usr/share/lynis", "etc/lynis"];

/// It says what it does for people; what it found is in a file.
const INSIDE: &str = "lynis audit system --quick --no-colors --quiet --no-log \
    --report-file /run/valet-gen/lynis >/dev/null 2>&1; cat /run/valet-gen/lynis";

/// The hardening index, from 0 to 100.
///
/// # Errors
/// When it cannot be run, or finds none.
pub fn index(
    scanner: &ScanRunner<'_>,
    layers: &[PathBuf],
    scratch: &Path,
) -> Result<u32, BakeError> {
    let (own, work) = (scratch.join("lynis"), scratch.join("work"));
    for part in PARTS {
        let to = own.join(part);
        let parent = to.parent().unwrap_or(&own);
        fs::create_dir_all(parent).map_err(BakeError::file(parent))?;
        scanner.copy(&Path::new("/").join(part), &to)?;
    }
    fs::create_dir(&work).map_err(BakeError::file(&work))?;
    let sandbox = Sandbox {
        layers: [&[own], layers].concat(),
        scratch: work,
        store: Store::Memory,
        has_network: false,
        timeout_seconds: TIMEOUT_SECONDS,
        image: None,
        out: None,
    };
    let (printed, status) = scanner.read(&mut sandbox.command(["sh", "-c", INSIDE]))?;
    read(&printed).ok_or_else(|| scanner.failed("lynis", status))
}

fn read(report: &str) -> Option<u32> {
    let mut indices = report
        .lines()
        .filter_map(|line| line.strip_prefix("hardening_index="));
    indices.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_read_from_the_report() {
        assert_eq!(read("a=1\nhardening_index=66\nb[]=2\n"), Some(66));
        assert_eq!(read("hardening_index=\n"), None);
        assert_eq!(read(""), None);
    }
}

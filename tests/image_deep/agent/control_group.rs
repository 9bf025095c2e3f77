//! Control groups of a container's own, one for each tree in which systemd keeps its units. A
//! container that is ended with its namespaces leaves its groups behind, empty.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::Builder;

use test_support::processes::{CLEANUP_TIMEOUT, until};

/// Where the trees are mounted.
const MOUNTED: &str = "/sys/fs/cgroup";

/// What their names begin with.
const NAME: &str = "valet-container-";

/// To be taken away by whoever has them; what is left of a test that was killed, the next one takes.
#[derive(Debug)]
pub struct ControlGroups(Vec<PathBuf>);

impl ControlGroups {
    /// New ones below those that this process is in. Those of tests that were killed are taken away.
    pub fn new() -> Self {
        Self::left().iter().for_each(|group| {
            // One that is in use stays.
            let _ = remove(group);
        });
        let parents = parents();
        let first = Builder::new().prefix(NAME).tempdir_in(&parents[0]);
        let first = first.expect("a control group").keep();
        let name = first.file_name().expect("a name");
        // systemd-nspawn makes the groups of one tree in the other as well.
        let groups: Vec<PathBuf> = parents.iter().map(|parent| parent.join(name)).collect();
        for group in &groups[1..] {
            fs::create_dir(group).expect("a control group");
        }
        Self(groups)
    }

    /// All that there are, whoever has made them.
    pub fn left() -> Vec<PathBuf> {
        let parents = parents().into_iter();
        let entries = parents.flat_map(|parent| fs::read_dir(parent).expect("a folder").flatten());
        let paths = entries.map(|entry| entry.path());
        paths
            .filter(|path| path.to_string_lossy().contains(NAME))
            .collect()
    }

    /// The folders to which a process writes itself.
    pub fn folders(&self) -> &[PathBuf] {
        &self.0
    }

    /// Takes them away. The kernel counts a process that has ended for a moment longer.
    pub fn remove(&self) {
        until("its control groups are gone", CLEANUP_TIMEOUT, || {
            self.0.iter().all(|group| remove(group))
        });
    }
}

/// The groups that this process is in.
fn parents() -> Vec<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").expect("readable");
    own.lines().filter_map(folder).collect()
}

/// The folder of a line such as `0::/user.slice`, for systemd's own tree and the unified one.
fn folder(line: &str) -> Option<PathBuf> {
    let (_, line) = line.split_once(':')?;
    let (tree, path) = line.split_once(':')?;
    let mounted = Path::new(MOUNTED);
    let beside = mounted.join("unified");
    let tree = match tree {
        "name=systemd" => mounted.join("systemd"),
        "" if beside.exists() => beside,
        "" => mounted.to_owned(),
        _ => return None,
    };
    Some(tree.join(path.trim_start_matches('/')))
}

/// From the innermost on, and says whether all of it is gone: a group with processes stays.
fn remove(group: &Path) -> bool {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            remove(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
    !group.exists()
}

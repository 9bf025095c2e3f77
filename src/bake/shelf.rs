//! A folder that one run at a time works in, and in which whatever is there is whole: it is made
//! under another name and moved into its place.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::failure::{Failure, Kind};

/// What a name begins with as long as its content is not whole.
const PART: &str = ".part-";

/// Letters of a digest that a name ends with.
const DIGEST: usize = 16;

/// A folder that is ours until the end of the process, however it ends.
#[derive(Debug)]
pub struct Shelf {
    folder: PathBuf,
    _lock: File,
}

impl Shelf {
    /// Takes a folder, and clears away what a killed run has left in it.
    ///
    /// # Errors
    /// When it cannot be written, or another run has it.
    pub fn take(folder: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(Failure::file(folder))?;
        let folder = folder.canonicalize().map_err(Failure::file(folder))?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(Failure::file(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(
                    Kind::File,
                    folder.display(),
                    "another run works in it",
                    "wait for it, or choose another folder with --out and --cache",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(Failure::file(&path)(error)),
        }
        let shelf = Self {
            folder,
            _lock: lock,
        };
        shelf.sweep()?;
        Ok(shelf)
    }

    fn sweep(&self) -> Result<(), Failure> {
        let failure = || Failure::file(&self.folder);
        for entry in fs::read_dir(&self.folder).map_err(failure())? {
            let entry = entry.map_err(failure())?;
            if entry.file_name().to_string_lossy().starts_with(PART) {
                fs::remove_dir_all(entry.path()).map_err(failure())?;
            }
        }
        Ok(())
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is there under a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        let path = self.folder.join(name);
        path.is_dir().then_some(path)
    }

    /// A folder for something that is not whole yet. It goes with its value.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn part(&self) -> Result<TempDir, Failure> {
        tempfile::Builder::new()
            .prefix(PART)
            .tempdir_in(&self.folder)
            .map_err(Failure::file(&self.folder))
    }

    /// Gives what became whole its name; what had it before goes.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn place(&self, whole: &Path, name: &str) -> Result<PathBuf, Failure> {
        let path = self.folder.join(name);
        let old = self.part()?;
        if path.exists() {
            fs::rename(&path, old.path().join("old")).map_err(Failure::file(&path))?;
        }
        fs::rename(whole, &path).map_err(Failure::file(&path))?;
        Ok(path)
    }

    /// Removes what has become old: everything of this kind but the one of this name. So a cache
    /// holds one of each kind, however often its parts change.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn prune(&self, kind: &str, name: &str) -> Result<(), Failure> {
        let failure = || Failure::file(&self.folder);
        for entry in fs::read_dir(&self.folder).map_err(failure())? {
            let entry = entry.map_err(failure())?;
            let other = entry.file_name().to_string_lossy().into_owned();
            let digest = other.strip_prefix(kind).and_then(|it| it.strip_prefix('-'));
            if other != name && digest.is_some_and(|digest| digest.len() == DIGEST) {
                fs::remove_dir_all(entry.path()).map_err(failure())?;
            }
        }
        Ok(())
    }
}

/// A name for what is made of these parts alone: any other part gives another name.
#[must_use]
pub fn name<'p>(kind: &str, parts: impl IntoIterator<Item = &'p str>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let digest = digest.finalize();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{kind}-{}", &hex[..DIGEST])
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn a_name_tells_every_part_and_where_it_ends() {
        let base = name("base", ["bookworm", "a", "b"]);
        assert_eq!(base, name("base", ["bookworm", "a", "b"]));
        for other in [
            name("base", ["bookworm", "a"]),
            name("base", ["bookworm", "ab", ""]),
            name("base", ["bookworm", "b", "a"]),
            name("packages", ["bookworm", "a", "b"]),
        ] {
            assert_ne!(base, other);
        }
        // Two programs of different ages name the same content alike.
        assert_eq!(name("x", ["a"]), "x-ae6121c88ba555f6");
    }

    #[test]
    fn what_a_killed_run_left_is_cleared_away_and_what_is_whole_stays() {
        let whole = tempdir().expect("a folder");
        fs::create_dir_all(whole.path().join(".part-x/upper")).expect("made");
        fs::create_dir(whole.path().join("base-1")).expect("made");
        let shelf = Shelf::take(whole.path()).expect("ours");
        assert!(!whole.path().join(".part-x").exists());
        assert!(shelf.find("base-1").is_some());
    }

    #[test]
    fn what_is_old_goes_and_what_is_of_another_kind_stays() {
        let whole = tempdir().expect("a folder");
        let shelf = Shelf::take(whole.path()).expect("ours");
        let old = [name("base-a", ["1"]), name("base-a", ["2"])];
        let kept = [
            name("base-a", ["3"]),
            name("base-b", ["1"]),
            "base-a".to_owned(),
            "base-a-of-somebody".to_owned(),
        ];
        for folder in old.iter().chain(&kept) {
            fs::create_dir(whole.path().join(folder)).expect("made");
        }
        shelf.prune("base-a", &kept[0]).expect("removed");
        assert!(old.iter().all(|name| shelf.find(name).is_none()));
        assert!(kept.iter().all(|name| shelf.find(name).is_some()));
    }

    #[test]
    fn a_second_run_is_refused_as_long_as_the_first_goes_on() {
        let whole = tempdir().expect("a folder");
        let shelf = Shelf::take(whole.path()).expect("ours");
        let refused = Shelf::take(whole.path()).expect_err("it is taken");
        assert_eq!(refused.problem, "another run works in it");
        drop(shelf);
        Shelf::take(whole.path()).expect("free again");
    }

    #[test]
    fn what_becomes_whole_takes_the_place_of_what_was_there() {
        let whole = tempdir().expect("a folder");
        let shelf = Shelf::take(whole.path()).expect("ours");
        for word in ["first", "second"] {
            let part = shelf.part().expect("a folder");
            fs::create_dir(part.path().join("root")).expect("made");
            fs::write(part.path().join("root/word"), word).expect("written");
            shelf
                .place(&part.path().join("root"), "root")
                .expect("moved");
        }
        let text = fs::read_to_string(whole.path().join("root/word"));
        assert_eq!(text.expect("readable"), "second");
        assert_eq!(fs::read_dir(whole.path()).expect("a folder").count(), 2);
    }
}

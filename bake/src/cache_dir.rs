//! A folder that one run at a time works in, and in which whatever is there is whole: it is made
//! under another name and moved into its place.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::error::{BakeError, ErrorKind};

/// What a name begins with as long as its content is not whole.
const STAGING: &str = ".part-";

/// Letters of a digest that a name ends with.
const DIGITS: usize = 16;

/// A folder that is ours until the end of the process, however it ends.
#[derive(Debug)]
pub struct CacheDir {
    folder: PathBuf,
    _lock: File,
}

impl CacheDir {
    /// Locks a folder for this process, and clears away what a killed run has left in it.
    ///
    /// # Errors
    /// When it cannot be written, or another run has it.
    pub fn open(folder: &Path) -> Result<Self, BakeError> {
        fs::create_dir_all(folder).map_err(BakeError::file(folder))?;
        let folder = folder.canonicalize().map_err(BakeError::file(folder))?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(BakeError::file(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(BakeError::new(
                    ErrorKind::File,
                    folder.display(),
                    "another run works in it",
                    "wait for it, or choose another folder with --out and --cache",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(BakeError::file(&path)(error)),
        }
        let cache = Self {
            folder,
            _lock: lock,
        };
        cache.remove_stale_staging()?;
        Ok(cache)
    }

    fn remove_stale_staging(&self) -> Result<(), BakeError> {
        let failure = || BakeError::file(&self.folder);
        for entry in fs::read_dir(&self.folder).map_err(failure())? {
            let entry = entry.map_err(failure())?;
            if entry.file_name().to_string_lossy().starts_with(STAGING) {
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
    pub fn staging(&self) -> Result<TempDir, BakeError> {
        tempfile::Builder::new()
            .prefix(STAGING)
            .tempdir_in(&self.folder)
            .map_err(BakeError::file(&self.folder))
    }

    /// Gives what became whole its name; what had it before goes.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn publish(&self, whole: &Path, name: &str) -> Result<PathBuf, BakeError> {
        let path = self.folder.join(name);
        let old = self.staging()?;
        if path.exists() {
            fs::rename(&path, old.path().join("old")).map_err(BakeError::file(&path))?;
        }
        fs::rename(whole, &path).map_err(BakeError::file(&path))?;
        Ok(path)
    }

    /// Removes what has become old: everything of this kind but the one of this name. So a cache
    /// holds one of each kind, however often its parts change.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn prune(&self, kind: &str, name: &str) -> Result<(), BakeError> {
        let failure = || BakeError::file(&self.folder);
        for entry in fs::read_dir(&self.folder).map_err(failure())? {
            let entry = entry.map_err(failure())?;
            let other = entry.file_name().to_string_lossy().into_owned();
            let digest = other.strip_prefix(kind).and_then(|it| it.strip_prefix('-'));
            if other != name && digest.is_some_and(is_digest) {
                fs::remove_dir_all(entry.path()).map_err(failure())?;
            }
        }
        Ok(())
    }
}

/// A name for what is made of these parts alone: any other part gives another name.
#[must_use]
pub fn key<'p>(kind: &str, parts: impl IntoIterator<Item = &'p str>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let digits = hex::encode(digest.finalize());
    format!("{kind}-{}", &digits[..DIGITS])
}

fn is_digest(word: &str) -> bool {
    word.len() == DIGITS && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn a_name_tells_every_part_and_where_it_ends() {
        let base = key("base", ["bookworm", "a", "b"]);
        assert_eq!(base, key("base", ["bookworm", "a", "b"]));
        for other in [
            key("base", ["bookworm", "a"]),
            key("base", ["bookworm", "ab", ""]),
            key("base", ["bookworm", "b", "a"]),
            key("packages", ["bookworm", "a", "b"]),
        ] {
            assert_ne!(base, other);
        }
        // Two programs of different ages name the same content alike.
        assert_eq!(key("x", ["a"]), "x-ae6121c88ba555f6");
    }

    #[test]
    fn what_a_killed_run_left_is_cleared_away_and_what_is_whole_stays() {
        let whole = tempdir().expect("a folder");
        fs::create_dir_all(whole.path().join(".part-x/upper")).expect("made");
        fs::create_dir(whole.path().join("base-1")).expect("made");
        let cache = CacheDir::open(whole.path()).expect("ours");
        assert!(!whole.path().join(".part-x").exists());
        assert!(cache.find("base-1").is_some());
    }

    #[test]
    fn what_is_old_goes_and_what_is_of_another_kind_stays() {
        let whole = tempdir().expect("a folder");
        let cache = CacheDir::open(whole.path()).expect("ours");
        let old = [key("base-a", ["1"]), key("base-a", ["2"])];
        let kept = [
            key("base-a", ["3"]),
            key("base-b", ["1"]),
            "base-a".to_owned(),
            "base-a-of-somebody".to_owned(),
        ];
        for folder in old.iter().chain(&kept) {
            fs::create_dir(whole.path().join(folder)).expect("made");
        }
        cache.prune("base-a", &kept[0]).expect("removed");
        assert!(old.iter().all(|name| cache.find(name).is_none()));
        assert!(kept.iter().all(|name| cache.find(name).is_some()));
    }

    #[test]
    fn a_second_run_is_refused_as_long_as_the_first_goes_on() {
        let whole = tempdir().expect("a folder");
        let cache = CacheDir::open(whole.path()).expect("ours");
        let refused = CacheDir::open(whole.path()).expect_err("it is taken");
        assert_eq!(refused.problem, "another run works in it");
        drop(cache);
        CacheDir::open(whole.path()).expect("free again");
    }

    #[test]
    fn what_becomes_whole_takes_the_place_of_what_was_there() {
        let whole = tempdir().expect("a folder");
        let cache = CacheDir::open(whole.path()).expect("ours");
        for word in ["first", "second"] {
            let part = cache.staging().expect("a folder");
            fs::create_dir(part.path().join("root")).expect("made");
            fs::write(part.path().join("root/word"), word).expect("written");
            cache
                .publish(&part.path().join("root"), "root")
                .expect("moved");
        }
        let text = fs::read_to_string(whole.path().join("root/word"));
        assert_eq!(text.expect("readable"), "second");
        assert_eq!(fs::read_dir(whole.path()).expect("a folder").count(), 2);
    }
}

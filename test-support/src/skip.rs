//! A test that cannot run on this machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::folders;

/// Why tests of this process were skipped, in the order in which they were.
static SKIPPED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The file in which the programs of one `cargo test` count together; `None` where this program was started by
/// something else.
static SHARED: LazyLock<Option<PathBuf>> = LazyLock::new(shared_file);

/// Where the files of [`SHARED`] are, below the target folder.
const FOLDER: &str = "skipped-tests";

/// Whether this is continuous integration, where no test may be skipped: `CI` is set, and neither
/// empty nor `0` nor `false`.
pub fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// Whether tests go through every fixture where one would do: `VALET_TEST_DEEP` is set to `1`.
pub fn is_deep() -> bool {
    std::env::var("VALET_TEST_DEEP").is_ok_and(|value| value == "1")
}

/// Says that a test proves nothing on this machine, and counts it: over all programs of one `cargo test`, so that the
/// last number that is printed is that of the whole command.
///
/// The line goes to the standard error of the process: libtest hides what `eprintln!` prints when
/// the test succeeds, and a skipped test does.
///
/// # Panics
///
/// In continuous integration, where no test may be skipped.
pub fn skip(why: &str) {
    assert!(!is_ci(), "skipped in CI: {why}");
    let of_program = {
        let mut skipped = SKIPPED.lock().unwrap_or_else(PoisonError::into_inner);
        skipped.push(why.to_owned());
        skipped.len()
    };
    let of_command = SHARED.as_deref().and_then(|file| count(file, why).ok());
    let number = match of_command {
        Some(number) => format!("skip {number} of this command"),
        None => format!("skip {of_program} of this program"),
    };
    let line = format!("skipped: {why} ({number})\n");
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Why tests of this process were skipped so far.
pub fn skipped() -> Vec<String> {
    SKIPPED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// Adds a line to the file, and counts its lines.
fn count(file: &Path, why: &str) -> io::Result<usize> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        .open(file)?;
    file.lock()?;
    writeln!(file, "{}", why.replace('\n', " "))?;
    file.rewind()?;
    let mut text = String::new();
    File::read_to_string(&mut file, &mut text)?;
    Ok(text.lines().count())
}

/// A file for the cargo that started this program, by its process id and the time of its start, which together no
/// other process has. Those of commands that have ended are removed.
fn shared_file() -> Option<PathBuf> {
    let parent = parent_process()?;
    let folder = folders::kept(FOLDER).ok()?;
    for entry in fs::read_dir(&folder).ok()?.flatten() {
        let is_running = entry
            .file_name()
            .to_str()
            .and_then(|name| name.split_once('-'))
            .is_some_and(|(id, _)| Path::new("/proc").join(id).exists());
        if !is_running {
            let _ = fs::remove_file(entry.path());
        }
    }
    Some(folder.join(parent))
}

/// The id and the start of the parent, where it is cargo.
#[cfg(target_os = "linux")]
fn parent_process() -> Option<String> {
    let id = std::os::unix::process::parent_id();
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name is in brackets and may have any character in it.
    let (name, rest) = stat.rsplit_once(") ")?;
    if !name.ends_with("(cargo") {
        return None;
    }
    // The 22nd field is the start, in ticks since the system's; `rest` begins with the third.
    let start = rest.split(' ').nth(19)?;
    Some(format!("{id}-{start}"))
}

#[cfg(not(target_os = "linux"))]
fn parent_process() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_one_command_count_together() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("1-2");
        assert_eq!(count(&file, "one\nline").expect("written"), 1);
        assert_eq!(count(&file, "another").expect("written"), 2);
        let other = folder.path().join("1-3");
        assert_eq!(count(&other, "a second command").expect("written"), 1);
    }
}

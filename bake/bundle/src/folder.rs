//! A folder as an archive: the same folder is the same bytes, on every machine.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tar::{EntryType, Header};

/// The time of every entry, as in a bundle: 2024-01-01.
const EPOCH: u64 = 1_704_067_200;

/// Folders that a checkout has beside what is run, and that differ from clone to clone.
const LEFT_OUT: &[&str] = &[".git"];

/// Writes a folder as a tar, its entries in the order of their names. Owners and times are left out, and of modes only
/// whether a file can be run is kept; links stay links.
///
/// # Errors
/// When a file cannot be read, is neither file, folder nor link, or the archive cannot be written.
pub fn archive_folder(folder: &Path, out: impl Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(out);
    append_below(&mut archive, folder, Path::new(""))?;
    archive.into_inner()?.flush()
}

fn append_below<W: Write>(
    archive: &mut tar::Builder<W>,
    folder: &Path,
    below: &Path,
) -> io::Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.join(below)).map_err(|error| at(folder, below, &error))? {
        names.push(entry?.file_name());
    }
    names.sort_unstable();
    for name in names {
        if LEFT_OUT.iter().any(|it| name == *it) {
            continue;
        }
        let inside = below.join(&name);
        let path = folder.join(&inside);
        let metadata = fs::symlink_metadata(&path).map_err(|error| at(folder, &inside, &error))?;
        if metadata.is_dir() {
            let mut header = header(EntryType::Directory, 0, true);
            archive.append_data(&mut header, &inside, io::empty())?;
            append_below(archive, folder, &inside)?;
        } else if metadata.is_symlink() {
            let target = fs::read_link(&path).map_err(|error| at(folder, &inside, &error))?;
            archive.append_link(&mut header(EntryType::Symlink, 0, true), &inside, target)?;
        } else if metadata.is_file() {
            let file = File::open(&path).map_err(|error| at(folder, &inside, &error))?;
            let is_program = is_executable(&metadata);
            let mut header = header(EntryType::Regular, metadata.len(), is_program);
            archive.append_data(&mut header, &inside, file)?;
        } else {
            let error = io::Error::other("it is neither a file, a folder nor a link");
            return Err(at(folder, &inside, &error));
        }
    }
    Ok(())
}

fn at(folder: &Path, inside: &Path, error: &io::Error) -> io::Error {
    let path = folder.join(inside);
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn header(kind: EntryType, bytes: u64, is_program: bool) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(bytes);
    header.set_mode(if is_program { 0o755 } else { 0o644 });
    header.set_mtime(EPOCH);
    header.set_uid(0);
    header.set_gid(0);
    header
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn archived(order: &[&str]) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        for name in order {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(&file, name).expect("written");
        }
        let program = folder.path().join("b/run");
        fs::write(&program, "#!/bin/sh\n").expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o775)).expect("changed");
        symlink("../a.js", folder.path().join("b/link")).expect("linked");
        fs::create_dir(folder.path().join(".git")).expect("made");
        fs::write(folder.path().join(".git/HEAD"), "x").expect("written");
        let mut bytes = Vec::new();
        archive_folder(folder.path(), &mut bytes).expect("archived");
        bytes
    }

    #[test]
    fn the_same_folder_is_the_same_archive() {
        let one = archived(&["a.js", "b/c.js", "d/e/f.js"]);
        assert_eq!(one, archived(&["d/e/f.js", "b/c.js", "a.js"]));
        assert_ne!(one, archived(&["a.js", "b/c.js", "d/e/g.js"]));
        let mut archive = tar::Archive::new(one.as_slice());
        let entries = archive.entries().expect("entries");
        let listed: Vec<(String, u32)> = entries
            .map(|entry| {
                let entry = entry.expect("an entry");
                let path = entry.path().expect("a path").display().to_string();
                (path, entry.header().mode().expect("a mode"))
            })
            .collect();
        let named: Vec<&str> = listed.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(
            named,
            [
                "a.js", "b", "b/c.js", "b/link", "b/run", "d", "d/e", "d/e/f.js"
            ]
        );
        assert_eq!(listed[0].1, 0o644);
        assert_eq!(listed[4].1, 0o755);
    }
}

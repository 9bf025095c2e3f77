//! The archive.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::Serialize;
use tar::{EntryType, Header};
use zstd::{Decoder, Encoder};

use crate::digest::HashingStream;
use crate::error::BundleError;
use crate::payload::PayloadFile;

/// The time of every file: 2024-01-01, in seconds since 1970. An archive with clocks in it would be
/// another one each time.
const EPOCH: u64 = 1_704_067_200;

/// zstd's own default: of levels that keep up with a disk, the one that makes the smallest archive. It takes some MB of
/// memory, and a level that is another one gives every bundle another digest.
const LEVEL: i32 = 3;

/// What goes into a bundle.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'b> {
    /// Rendered files by their path in the bundle: `image/...` and `cloudwatch/...`.
    pub files: &'b BTreeMap<String, String>,
    /// What goes to `image/payload/`, with its SHA256SUMS.
    pub payload: &'b [PayloadFile],
}

/// Unpacks a bundle that was written to a file. What it holds stays below the folder.
///
/// # Errors
/// When the archive cannot be read, or a file cannot be written.
pub fn unpack(bundle: &Path, folder: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(Decoder::new(File::open(bundle)?)?);
    archive.set_preserve_mtime(false);
    archive.unpack(folder)
}

/// A bundle that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BundleSummary {
    /// Its size.
    pub bytes: u64,
    /// In lower-case hexadecimal digits.
    pub sha256: String,
}

impl Bundle<'_> {
    /// Writes the archive. Files are streamed: memory does not grow with them.
    ///
    /// # Errors
    /// When a file cannot be read, is not what it was when it was verified, or the archive cannot be
    /// written.
    pub fn write(&self, out: impl Write) -> Result<BundleSummary, BundleError> {
        let hashing = HashingStream::new(out);
        let zstd = Encoder::new(hashing, LEVEL).map_err(BundleError::Write)?;
        let mut archive = tar::Builder::new(zstd);
        for (path, text) in self.files {
            let bytes = text.as_bytes();
            let header = header(bytes.len() as u64, is_program(bytes));
            append(&mut archive, header, path, bytes)?;
        }
        if !self.payload.is_empty() {
            let sums: String = self
                .payload
                .iter()
                .map(|file| format!("{}  {}\n", file.sha256, file.name))
                .collect();
            let header = header(sums.len() as u64, false);
            append(
                &mut archive,
                header,
                "image/payload/SHA256SUMS",
                sums.as_bytes(),
            )?;
        }
        for file in self.payload {
            append_file(&mut archive, file)?;
        }
        let zstd = archive.into_inner().map_err(BundleError::Write)?;
        let mut hashing = zstd.finish().map_err(BundleError::Write)?;
        hashing.flush().map_err(BundleError::Write)?;
        Ok(BundleSummary {
            bytes: hashing.bytes,
            sha256: hashing.hex(),
        })
    }
}

fn append_file<W: Write>(
    archive: &mut tar::Builder<W>,
    file: &PayloadFile,
) -> Result<(), BundleError> {
    let io_error = |error| BundleError::Io {
        path: file.path.clone(),
        error,
    };
    let mut opened = File::open(&file.path).map_err(io_error)?;
    let mut start = [0; 4];
    let count = opened.read(&mut start).map_err(io_error)?;
    let is_program = is_program(&start[..count]);
    // It may have grown since it was verified; the header has said how long it is.
    let rest = file.bytes.saturating_sub(count as u64);
    let mut content = HashingStream::new((&start[..count]).chain(opened.take(rest)));
    let path = format!("image/payload/{}", file.name);
    append(archive, header(file.bytes, is_program), &path, &mut content)?;
    let found = content.hex();
    if content.bytes == file.bytes && found == file.sha256 {
        return Ok(());
    }
    Err(BundleError::OtherDigest {
        path: file.path.clone(),
        by: "its first reading",
        expected: file.sha256.clone(),
        found,
    })
}

fn append<W: Write>(
    archive: &mut tar::Builder<W>,
    mut header: Header,
    path: impl AsRef<Path>,
    content: impl Read,
) -> Result<(), BundleError> {
    archive
        .append_data(&mut header, path, content)
        .map_err(BundleError::Write)
}

fn header(bytes: u64, is_program: bool) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(if is_program { 0o755 } else { 0o644 });
    header.set_mtime(EPOCH);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// Whether a file is run: by its first bytes, because the mode of a checked-out or downloaded file
/// differs from machine to machine.
fn is_program(start: &[u8]) -> bool {
    start.starts_with(b"#!") || start.starts_with(b"\x7fELF")
}

/// Writes nothing, to learn the digest.
impl Bundle<'_> {
    /// What the bundle would be.
    ///
    /// # Errors
    /// As [`Bundle::write`].
    pub fn summary(&self) -> Result<BundleSummary, BundleError> {
        self.write(io::sink())
    }
}

//! The text of a fleet.toml, from a file or from standard input.

use std::io::Read as _;
use std::path::Path;

use crate::diagnostic::SourceText;

/// The largest fleet.toml that is read, in bytes. A fleet of a thousand tables takes a tenth.
pub const MAX_SOURCE_BYTES: u64 = 4 * 1024 * 1024;

/// Why a file could not be read at all.
#[derive(Debug)]
pub struct ReadError {
    pub path: String,
    pub problem: String,
    pub help: String,
}

/// Reads a file's text.
///
/// # Errors
/// When the file cannot be opened, is not UTF-8, or is larger than [`MAX_SOURCE_BYTES`].
pub fn read(path: &Path) -> Result<SourceText, ReadError> {
    let refuse = |problem: String, help: &str| ReadError {
        path: path.display().to_string(),
        problem,
        help: help.to_owned(),
    };
    let metadata = std::fs::metadata(path).map_err(|error| {
        refuse(
            error.to_string(),
            "name an existing fleet.toml, or write one with `valet-gen init`",
        )
    })?;
    let too_large = || {
        refuse(
            format!("it is larger than {MAX_SOURCE_BYTES} bytes"),
            "split the fleet: one file describes one fleet",
        )
    };
    if metadata.len() > MAX_SOURCE_BYTES {
        return Err(too_large());
    }
    let unreadable = |error: std::io::Error| refuse(error.to_string(), "make the file readable");
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // A pipe or a device tells no length and may never end.
    file.take(MAX_SOURCE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_SOURCE_BYTES {
        return Err(too_large());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        refuse(
            format!(
                "it is not UTF-8 at byte {}",
                error.utf8_error().valid_up_to()
            ),
            "save the file as UTF-8",
        )
    })?;
    Ok(SourceText {
        path: path.display().to_string(),
        text,
    })
}

/// Reads a fleet from standard input.
///
/// # Errors
/// When it is not UTF-8, or is larger than [`MAX_SOURCE_BYTES`].
pub fn read_standard_input() -> Result<SourceText, ReadError> {
    let refuse = |problem: String| ReadError {
        path: "<stdin>".to_owned(),
        problem,
        help: "pipe one fleet.toml, as UTF-8".to_owned(),
    };
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(MAX_SOURCE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| refuse(error.to_string()))?;
    if bytes.len() as u64 > MAX_SOURCE_BYTES {
        return Err(refuse(format!(
            "it is larger than {MAX_SOURCE_BYTES} bytes"
        )));
    }
    let text = String::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8".to_owned()))?;
    Ok(SourceText {
        path: "<stdin>".to_owned(),
        text,
    })
}

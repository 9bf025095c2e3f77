//! Environment files as systemd reads them (`systemd.exec(5)`, `EnvironmentFile=`).
//!
//! Values stand in double quotes, in which systemd keeps everything but a backslash before one of
//! `"`, `\`, `` ` `` and `$`, which it takes away, and before a newline, with which it goes. So these
//! four are escaped, and newlines stand as they are, those of Windows too: a PEM file with CRLF reaches its
//! reader byte for byte. What systemd would silently leave out, a value with another control character or
//! none of UTF-8, is refused here.

use std::io::{self, Write as _};
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

/// What systemd's parser takes a backslash before.
const ESCAPED: [char; 4] = ['"', '\\', '`', '$'];

/// Why systemd would drop a value, in words that follow the secret's name; nothing if it would
/// not.
#[must_use]
pub fn unwritable(value: &str) -> Option<&'static str> {
    let control =
        |character: char| character.is_ascii_control() && !matches!(character, '\t' | '\n' | '\r');
    if value.contains(control) {
        Some("contains a control character, which systemd drops from an environment file")
    } else if value.contains(is_no_character) {
        Some("contains a Unicode noncharacter, which systemd drops from an environment file")
    } else {
        None
    }
}

/// The code points that Unicode says will never be characters; systemd takes a text with one for
/// broken.
fn is_no_character(character: char) -> bool {
    let code = u32::from(character);
    (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
}

/// The file's text.
#[must_use]
pub fn text<'v>(values: impl Iterator<Item = (&'v str, &'v SecretString)>) -> SecretString {
    let values: Vec<_> = values.collect();
    // At most every character escaped, so that the text never moves and leaves a copy behind.
    let room: usize = values
        .iter()
        .map(|(name, value)| name.len() + 2 * value.expose_secret().len() + 4)
        .sum();
    let mut text = String::with_capacity(room);
    for (name, value) in values {
        text.push_str(name);
        text.push_str("=\"");
        for character in value.expose_secret().chars() {
            if ESCAPED.contains(&character) {
                text.push('\\');
            }
            text.push(character);
        }
        text.push_str("\"\n");
    }
    SecretString::from(text)
}

/// Puts the file in its place at once, readable by its owner alone. It belongs to the agent: systemd
/// reads it as root and hands on the values, so the program's own user needs no right to it.
/// Answers whether the file said something else before; a file that was not there did not.
///
/// # Errors
///
/// When the folder cannot be written to.
pub fn write(path: &Path, text: &SecretString) -> io::Result<bool> {
    let before = match std::fs::read(path) {
        Ok(bytes) => Some(SecretString::from(
            String::from_utf8_lossy(&bytes).into_owned(),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if let Some(before) = &before
        && before.expose_secret() == text.expose_secret()
    {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    // tempfile's own mode is 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.expose_secret().as_bytes())?;
    file.persist(path)?;
    Ok(before.is_some())
}

#[cfg(test)]
#[path = "environment_file_tests.rs"]
mod tests;

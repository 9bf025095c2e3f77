//! What `[image]` puts into the image besides packages and programs.

/// What begins the names of files that provisioning makes of the fleet's certificates and package sources.
pub const PREFIX: &str = "fleet-";

/// The host of a package source, without its port; `None` for what is no `https://` address.
#[must_use]
pub fn host(uri: &str) -> Option<&str> {
    let after = uri.strip_prefix("https://")?;
    after.split(['/', ':']).next()
}

/// A text as the image has it: with line feeds, the last of them at its end.
#[must_use]
pub fn with_last_line_feed(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n");
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

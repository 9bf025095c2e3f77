//! The line at the head of a page.

/// The line at the head of a page, with the place to change instead.
pub fn notice(source: &str) -> String {
    format!("<!-- Written by `valet-gen docs` from {source}. Change that and run it again. -->\n\n")
}

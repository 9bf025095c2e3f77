//! The text of a comment and of a job's summary: as much of the sections as fits.

use super::marker::Marker;
use crate::review::section::{self, Section};

/// The most characters of a comment. GitHub refuses one of more than 65,536 ("Body is too long").
pub const MAX_COMMENT_CHARACTERS: usize = 60_000;

/// The most characters of a job summary, which GitHub takes up to 1 MiB for each step.
pub const MAX_SUMMARY_CHARACTERS: usize = 250_000;

/// The text of a comment: the marker, which readers do not see, and as much of the sections as fits.
#[must_use]
pub fn body(marker: &Marker, sections: &[Section], elsewhere: &str) -> String {
    let marker = marker.to_string();
    let room = MAX_COMMENT_CHARACTERS - marker.chars().count() - 1;
    format!("{marker}\n{}", section::fitting(sections, room, elsewhere))
}

/// The text of a job summary.
#[must_use]
pub fn summary(sections: &[Section], elsewhere: &str) -> String {
    section::fitting(sections, MAX_SUMMARY_CHARACTERS, elsewhere)
}

//! The lines at the head of a rendered file: where it comes from, and what not to do with it.

use super::hcl::comment_text;

/// The two lines of a file whose comments begin with `comment`. `whose` is the environment or the
/// account, `subject` what the file is about.
pub fn lines(comment: &str, whose: &str, subject: &str) -> String {
    let whose = comment_text(whose);
    format!(
        "{comment} Rendered by valet-gen from fleet.toml, {whose}: {subject}.\n\
         {comment} Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.\n\n"
    )
}

/// The same for a file of an environment.
pub fn of_environment(comment: &str, environment: &str, subject: &str) -> String {
    lines(comment, &format!("environment {environment}"), subject)
}

/// The same for a file that goes into an image, which belongs to no environment: with the same table of fleet.toml the
/// file is the same, byte by byte.
pub fn of_image(comment: &str, subject: &str) -> String {
    lines(comment, "the image", subject)
}

/// The line at the head of a Markdown page.
pub const MARKDOWN: &str = "<!-- Rendered by valet-gen from fleet.toml. Change fleet.toml and run `valet-gen render`. -->\n";

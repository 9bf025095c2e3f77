//! What is said of a text that is not TOML: which key it is about, what is expected there, and what to write.

use std::ops::Range;

use super::schema_codes::SYNTAX;
use super::schema_messages::diagnostic;
use crate::diagnostic::{Diagnostic, DiagnosticReport, MAX_LISTED, Omitted, Severity, SourceText};

/// A report of the first errors, and a count of the others.
pub fn report(source: &SourceText, mut errors: Vec<toml::de::Error>) -> DiagnosticReport {
    errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    let text = source.text.as_str();
    if json(text).is_some() || conflict(text).is_some() {
        // Every line of it is an error, and one says it all.
        errors.truncate(1);
    }
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    let mut count = 0;
    let mut last_line = None;
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        let line = line_start(text, at);
        // One mistake leaves the parser astray for the rest of its line.
        if last_line == Some(line) && !diagnostics.is_empty() {
            continue;
        }
        last_line = Some(line);
        if diagnostics.len() < MAX_LISTED {
            diagnostics.push(of_error(text, error));
        } else {
            count += 1;
        }
    }
    let more = Omitted {
        code: SYNTAX,
        severity: Severity::Error,
        count,
    };
    DiagnosticReport::new(source.clone(), diagnostics).with_omitted([more])
}

/// What is wrong at a place, and what to do.
struct Problem {
    message: String,
    label: String,
    help: String,
}

fn of_error(text: &str, error: &toml::de::Error) -> Diagnostic {
    let conflict = conflict(text);
    let span = match &conflict {
        Some((span, _)) => span.clone(),
        None => error.span().unwrap_or(0..0),
    };
    let line = Line::at(text, span.start);
    let Problem {
        message,
        label,
        help,
    } = json(text)
        .or_else(|| conflict.map(|(_, problem)| problem))
        .or_else(|| line.duplicate(error))
        .or_else(|| line.without_value(text, span.start))
        .or_else(|| line.colon())
        .or_else(|| line.typographic_quotes())
        .or_else(|| line.bare_word())
        .unwrap_or_else(|| Problem {
            message: match line.key {
                Some(key) => format!("the value of `{key}` is not valid TOML"),
                None => "the file is not valid TOML".to_owned(),
            },
            label: error.message().lines().collect::<Vec<_>>().join("; "),
            help: "write text in double quotes, numbers and true or false without quotes, and lists in brackets; see https://toml.io"
                .to_owned(),
        });
    diagnostic(SYNTAX, message, widen(text, span), label, help)
}

/// The most bytes of a line that are looked at on either side of an error: a file in one line is most often no TOML.
const MAX_LINE_BYTES: usize = 4096;

fn line_start(text: &str, at: usize) -> usize {
    let at = text.floor_char_boundary(at.min(text.len()));
    let from = text.floor_char_boundary(at.saturating_sub(MAX_LINE_BYTES));
    text[from..at]
        .rfind('\n')
        .map_or(from, |newline| from + newline + 1)
}

/// The line of an error, as far as it is an assignment.
struct Line<'t> {
    text: &'t str,
    /// The key before its equals sign.
    key: Option<&'t str>,
    /// What stands after the equals sign, without a comment after a bare word.
    value: &'t str,
}

impl<'t> Line<'t> {
    fn at(text: &'t str, at: usize) -> Self {
        let start = line_start(text, at);
        let end = text.ceil_char_boundary((start + 2 * MAX_LINE_BYTES).min(text.len()));
        let line = text[start..end].lines().next().unwrap_or_default().trim();
        let is_key = |key: &str| {
            let is_plain = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
            !key.is_empty() && key.chars().all(is_plain)
        };
        let split = line
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim()));
        let (key, value) = match split.filter(|(key, _)| is_key(key)) {
            Some((key, value)) => (Some(key), value),
            None => (None, ""),
        };
        Self {
            text: line,
            key,
            value,
        }
    }

    fn duplicate(&self, error: &toml::de::Error) -> Option<Problem> {
        if !error.message().contains("duplicate key") {
            return None;
        }
        let name = self.key.unwrap_or(self.text);
        Some(Problem {
            message: format!("`{name}` is set twice"),
            label: "set again here".to_owned(),
            help: if self.text.starts_with('[') {
                format!("merge the two `{name}` tables into one")
            } else {
                format!("remove one of the lines that set `{name}`")
            },
        })
    }

    /// What is left when a value is deleted. The parser speaks of the string that it would have liked.
    fn without_value(&self, text: &str, at: usize) -> Option<Problem> {
        let key = self.key?;
        let after = text.get(at..)?.lines().next().unwrap_or_default().trim();
        let is_empty = self.value.is_empty() || self.value.starts_with('#');
        (is_empty && (after.is_empty() || after.starts_with('#'))).then(|| Problem {
            message: format!("`{key}` has no value"),
            label: "a value belongs here".to_owned(),
            help: format!(
                "write one after the equals sign, or take `{key}` out to have its default"
            ),
        })
    }

    fn colon(&self) -> Option<Problem> {
        let (key, value) = self.text.split_once(':').filter(|_| self.key.is_none())?;
        let key = key.trim().trim_matches('"');
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        let fits = !key.is_empty() && key.chars().all(is_plain);
        fits.then(|| Problem {
            message: format!("`{key}` is followed by a colon"),
            label: "TOML assigns with an equals sign".to_owned(),
            help: format!("write `{key} = {}`", value.trim().trim_end_matches(',')),
        })
    }

    fn typographic_quotes(&self) -> Option<Problem> {
        const QUOTES: [char; 10] = ['“', '”', '„', '‟', '‘', '’', '‚', '«', '»', '″'];
        let key = self.key?;
        let is_quote = |letter: char| QUOTES.contains(&letter);
        self.value.starts_with(is_quote).then(|| {
            let straight = self.value.replace(QUOTES, "\"");
            Problem {
                message: format!("`{key}` has typographic quotes"),
                label: "TOML knows straight quotes only".to_owned(),
                help: format!("write `{key} = {straight}`"),
            }
        })
    }

    /// A word without quotes, which other languages read as a boolean, as nothing or as text.
    fn bare_word(&self) -> Option<Problem> {
        let key = self.key?;
        let word = self.value.split('#').next().unwrap_or_default().trim_end();
        let is_word = word.starts_with(|letter: char| letter.is_alphabetic() || letter == '~')
            && !word.contains(['"', '\'', '=', '{', '[']);
        if !is_word {
            return None;
        }
        let help = match word.to_lowercase().as_str() {
            "yes" | "on" | "true" => format!("write `{key} = true`"),
            "no" | "off" | "false" => format!("write `{key} = false`"),
            "null" | "nil" | "none" | "undefined" | "~" => {
                format!(
                    "TOML has no null: take `{key}` out to have its default, or write \"none\" where that is one of its values"
                )
            }
            _ => format!("write `{key} = {word:?}` if it is text"),
        };
        Some(Problem {
            message: format!("the value of `{key}` is a word without quotes"),
            label: format!("`{word}` is not a TOML value"),
            help,
        })
    }
}

/// A file in another language.
fn json(text: &str) -> Option<Problem> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let name = if text.starts_with('{') {
        "JSON"
    } else if text.starts_with("<?xml") || text.starts_with("<!") {
        "XML"
    } else if text.starts_with("---\n") {
        "YAML"
    } else {
        return None;
    };
    Some(Problem {
        message: format!("the file is {name}, not TOML"),
        label: format!("{name} begins like this"),
        help: "name a fleet.toml; `valet-gen init` writes one".to_owned(),
    })
}

/// The first marker of a merge that git could not finish, in a file that has all that such a merge leaves.
fn conflict(text: &str) -> Option<(Range<usize>, Problem)> {
    const MARKERS: [&str; 3] = ["<<<<<<< ", "=======", ">>>>>>> "];
    let starts = |marker: &str| {
        let first = text.starts_with(marker).then_some(0);
        first.or_else(|| Some(text.find(&format!("\n{marker}"))? + 1))
    };
    let places: Option<Vec<usize>> = MARKERS.into_iter().map(starts).collect();
    let start = *places?.first()?;
    let line = text[start..].lines().next().unwrap_or_default();
    let problem = Problem {
        message: "the file has markers of a merge that is not finished".to_owned(),
        label: "git found two versions of what follows".to_owned(),
        help: "keep what is right of the two, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>"
            .to_owned(),
    };
    Some((start..start + line.len(), problem))
}

/// A span that can be pointed at: one between two characters takes in the next one, or the last
/// one of the line.
fn widen(text: &str, span: Range<usize>) -> Range<usize> {
    if !span.is_empty() {
        return span;
    }
    let at = text.floor_char_boundary(span.start);
    let after = text[at..].chars().next().filter(|next| !next.is_control());
    let before = text[..at].chars().next_back();
    match (after, before) {
        (Some(after), _) => at..at + after.len_utf8(),
        (None, Some(before)) => at - before.len_utf8()..at,
        (None, None) => at..at,
    }
}

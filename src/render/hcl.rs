//! How values are written in HCL.

use std::fmt::Write as _;

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation as _;

/// A value as an HCL literal on one line.
pub fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", escaped(text)),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(literal).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Number(number) => number_literal(number),
        other => other.to_string(),
    }
}

/// A whole number keeps no decimal point, as `terraform fmt` and plans show it.
fn number_literal(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
            format!("{float:.0}")
        }
        _ => number.to_string(),
    }
}

/// Text as it stands between the quotes of an HCL string: no quote ends it, no template sequence
/// starts an expression, and what a reviewer sees is what is there.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if letters.peek() == Some(&'{') => {
                out.push(letter);
                out.push(letter);
            }
            hidden if hidden.is_control() || misleads(hidden) => {
                let _ = write!(out, "\\u{:04x}", u32::from(hidden));
            }
            other => out.push(other),
        }
    }
    out
}

/// Text as it stands in a part of an HCL string: whatever the template puts behind it, the two do
/// not make a template sequence together.
pub fn part(text: &str) -> String {
    let mut out = escaped(text);
    if out.ends_with(['$', '%'])
        && let Some(last) = out.pop()
    {
        let _ = write!(out, "\\u{:04x}", u32::from(last));
    }
    out
}

/// Letters that change how the line around them looks: they turn its direction, break it or have
/// no width. In a file that people review, the escape sequence is the honest way to show them.
fn misleads(letter: char) -> bool {
    matches!(
        letter,
        '\u{061c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
    )
}

/// Text that stays on its line and reads in one direction.
pub fn comment_text(text: &str) -> String {
    text.replace(|letter: char| letter.is_control() || misleads(letter), " ")
}

/// `NAME=value`, as systemd reads an environment file and a shell an assignment: quoted where it
/// is not plain.
pub fn variable(name: &str, value: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@".contains(letter);
    if value.chars().all(is_plain) {
        return format!("{name}={value}");
    }
    let mut quoted = String::with_capacity(value.len());
    for letter in value.chars() {
        if matches!(letter, '"' | '\\' | '`' | '$') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    format!("{name}=\"{quoted}\"")
}

/// The inside of a list, an item a line.
pub fn lines_of_list(items: &[Value], indent: usize) -> String {
    let indent = " ".repeat(indent);
    let mut out = String::new();
    for item in items {
        let _ = writeln!(out, "{indent}{},", literal(item));
    }
    out
}

/// The inside of a map, an entry a line, the equals signs in one column.
pub fn lines_of_map(entries: &serde_json::Map<String, Value>, indent: usize) -> String {
    let keys: Vec<String> = entries.keys().map(|key| map_key(key)).collect();
    let width = keys.iter().map(|key| columns(key)).max().unwrap_or(0);
    let indent = " ".repeat(indent);
    let mut out = String::new();
    for (key, value) in keys.iter().zip(entries.values()) {
        // Not by a width in the format string, which panics above 65,535.
        let padding = " ".repeat(width - columns(key));
        let _ = writeln!(out, "{indent}{key}{padding} = {}", literal(value));
    }
    out
}

/// The columns that `terraform fmt` counts: what people take for one letter, such as a letter
/// with its accents, is one.
fn columns(text: &str) -> usize {
    text.graphemes(true).count()
}

/// Words that mean something else at the place of a key: `{ for` begins a loop.
const KEYWORDS: [&str; 6] = ["false", "for", "if", "in", "null", "true"];

/// A key of a map: bare where HCL allows it, which is what people write.
fn map_key(key: &str) -> String {
    let mut letters = key.chars();
    let is_bare = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if is_bare && !KEYWORDS.contains(&key) {
        key.to_owned()
    } else {
        format!("\"{}\"", escaped(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_sequences_are_text() {
        assert_eq!(escaped("${x} %{y} $x $${z}"), "$${x} %%{y} $x $$${z}");
        assert_eq!(escaped("a\"b\\c\nd\u{7}"), "a\\\"b\\\\c\\nd\\u0007");
    }

    #[test]
    fn a_part_makes_no_sequence_with_what_follows() {
        assert_eq!(part("100%"), "100\\u0025");
        assert_eq!(part("a$"), "a\\u0024");
        assert_eq!(part("a$b"), "a$b");
    }

    #[test]
    fn keys_are_bare_only_where_they_stay_keys() {
        assert_eq!(map_key("Project"), "Project");
        assert_eq!(map_key("for"), "\"for\"");
        assert_eq!(map_key("a-b"), "\"a-b\"");
    }

    #[test]
    fn what_misleads_the_eye_is_spelt_out() {
        assert_eq!(escaped("a\u{202e}b\u{feff}"), "a\\u202eb\\ufeff");
        assert_eq!(comment_text("a\nb\u{2028}c"), "a b c");
    }

    #[test]
    fn a_variable_is_quoted_where_it_is_not_plain() {
        assert_eq!(variable("A", "us-east-1"), "A=us-east-1");
        assert_eq!(variable("A", "a b$c\"\nB=2"), "A=\"a b\\$c\\\"\nB=2\"");
    }

    #[test]
    fn whole_numbers_have_no_point() {
        assert_eq!(literal(&serde_json::json!(3.0)), "3");
        assert_eq!(literal(&serde_json::json!(0.5)), "0.5");
        assert_eq!(
            literal(&serde_json::json!(["a", 1, true])),
            "[\"a\", 1, true]"
        );
    }
}

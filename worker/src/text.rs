//! Text from outside: from AWS, AdsPower, Hatchet, the Valet API, operators.
//!
//! It reaches the journal, terminals, systemd's line protocol and JSON, so it is made one line of bounded
//! length before it becomes part of the state.

/// The most characters of a cause or a detail.
pub const MAX_LINE_CHARS: usize = 400;

/// The text as one line of at most [`MAX_LINE_CHARS`] characters: control characters, and those that change
/// the direction of text, are written as escapes.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(4 * MAX_LINE_CHARS));
    for (count, character) in text.trim().chars().enumerate() {
        if count == MAX_LINE_CHARS {
            line.push('…');
            break;
        }
        if character.is_control() || changes_lines_or_direction(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

fn changes_lines_or_direction(character: char) -> bool {
    matches!(character,
        '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_protocol_and_no_terminal_is_reached() {
        let attack = "down\nWATCHDOG=trigger\r\u{1b}[2J\u{202e}";
        assert_eq!(
            one_line(attack),
            "down\\nWATCHDOG=trigger\\r\\u{1b}[2J\\u{202e}"
        );
        assert_eq!(one_line(" Zürich \n"), "Zürich");
    }

    #[test]
    fn its_length_is_bounded() {
        let line = one_line(&"é".repeat(900_000));
        assert_eq!(line.chars().count(), MAX_LINE_CHARS + 1);
        assert!(line.ends_with('…'));
    }
}

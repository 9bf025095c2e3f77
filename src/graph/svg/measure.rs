//! How wide text is, as far as one can know without the reader's font.

/// A size in hundredths of the font's size, a little over that of the common system fonts, so that
/// none of them overflows what was measured.
fn hundredths(character: char, monospaced: bool) -> i32 {
    match character {
        _ if !character.is_ascii() && character > '\u{2e7f}' => 105,
        _ if monospaced => 62,
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '\'' | '!' | 'I' => 29,
        'f' | 't' | 'r' | ' ' | '(' | ')' | '/' | '-' | '[' | ']' => 36,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 90,
        'A'..='Z' => 70,
        _ => 58,
    }
}

/// The width of text in the picture's units.
#[must_use]
pub fn width(text: &str, size: i32, monospaced: bool) -> i32 {
    let sum: i32 = text
        .chars()
        .map(|character| hundredths(character, monospaced))
        .fold(0, i32::saturating_add);
    sum.saturating_mul(size) / 100
}

/// The text, or as much of its beginning as there is available for and an ellipsis.
#[must_use]
pub fn truncate(text: &str, available: i32, size: i32, monospaced: bool) -> String {
    if width(text, size, monospaced) <= available {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if width(&kept, size, monospaced) + size > available {
            kept.pop();
            break;
        }
    }
    format!("{}…", kept.trim_end())
}

/// Words between commas, and how many more there are where not all fit into the width.
#[must_use]
pub fn truncate_list(items: &[String], available: i32, size: i32, monospaced: bool) -> String {
    for shown in (1..=items.len()).rev() {
        let mut text = items[..shown].join(", ");
        if shown < items.len() {
            text.push_str(&format!(" and {} more", items.len() - shown));
        }
        if width(&text, size, monospaced) <= available {
            return text;
        }
    }
    truncate(&items.join(", "), available, size, monospaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_fits() {
        let text = "a very long description of something";
        for available in 20..200 {
            assert!(
                width(&truncate(text, available, 12, false), 12, false) <= available + 12,
                "{available}"
            );
        }
        assert_eq!(truncate("short", 200, 12, false), "short");
    }

    #[test]
    fn lists_say_how_much_is_left_out() {
        let items = ["t3.large", "m5.large", "m6i.large"].map(str::to_owned);
        assert_eq!(
            truncate_list(&items, 1000, 12, true),
            "t3.large, m5.large, m6i.large"
        );
        assert_eq!(truncate_list(&items, 160, 12, true), "t3.large and 2 more");
    }
}

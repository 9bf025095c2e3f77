//! Text of somebody else inside of Markdown, as GitHub reads it.

/// Text that stays text: no tag, no link, no mention, no end of a cell, no line of its own.
#[must_use]
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            'a'..='z'
            | 'A'..='Z'
            | '0'..='9'
            | ' '
            | ','
            | ':'
            | ';'
            | '\''
            | '/'
            | '%'
            | '='
            | '?'
            | '('
            | ')'
            | '{'
            | '}'
            | '"' => {
                out.push(letter);
            }
            // In the middle of a text they mean nothing.
            '.' | '-' | '+' if !out.is_empty() => out.push(letter),
            letter if letter.is_whitespace() => out.push(' '),
            // Escape sequences, and marks that turn the direction of what follows.
            letter if is_invisible(letter) => {}
            letter if letter.is_ascii() => out.push_str(&format!("&#{};", u32::from(letter))),
            other => out.push(other),
        }
    }
    // A scheme becomes a link by itself.
    out.replace("://", ":&#47;/").replace("www.", "www&#46;")
}

/// Text in the letters of code.
#[must_use]
pub fn code(content: &str) -> String {
    let is_plain =
        |letter: char| letter.is_ascii_alphanumeric() || "_.-/[]\":* ,()".contains(letter);
    let has_ends = !content.is_empty() && content.trim() == content;
    if has_ends && content.chars().all(is_plain) {
        return format!("`{content}`");
    }
    format!("<code>{}</code>", text(content))
}

fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A number with its noun: `1 resource`, `2 resources`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_it_is_markup() {
        let hostile = "</details> @everyone `x` |a|\n# b [c](https://d) \u{1b}[31m<!-- e --> #12";
        let safe = text(hostile);
        for sign in ['<', '>', '@', '`', '|', '\n', '[', ']', '\u{1b}', '!'] {
            assert!(!safe.contains(sign), "{sign:?} in {safe}");
        }
        assert!(!safe.contains("://"));
    }

    #[test]
    fn addresses_are_readable() {
        assert_eq!(
            code("aws_subnet.private[\"us-east-1a\"]"),
            "`aws_subnet.private[\"us-east-1a\"]`"
        );
        assert_eq!(code("a`b"), "<code>a&#96;b</code>");
    }
}

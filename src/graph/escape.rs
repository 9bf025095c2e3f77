//! The only ways by which text gets into a picture.

/// Text as XML carries it, in an element or between double quotes. What XML 1.0 forbids even as a
/// reference becomes the replacement character.
#[must_use]
pub fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A label as Mermaid carries it between double quotes. Everything that Mermaid, Markdown or HTML
/// could read as its own becomes a character reference, which Mermaid writes with `#`.
#[must_use]
pub fn mermaid(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{0}'..='\u{1f}' => escaped.push(' '),
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '[' | ']' | '{' | '}' | '|' | '*' | '_'
            | '~' | ';' | '%' => escaped.push_str(&format!("#{};", u32::from(character))),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_has_no_markup_left() {
        assert_eq!(
            xml("<a b=\"c\">&'\u{1}\n"),
            "&lt;a b=&quot;c&quot;&gt;&amp;&#39;\u{fffd} "
        );
    }

    #[test]
    fn mermaid_has_no_syntax_left() {
        assert_eq!(mermaid("a\"]\nend"), "a#34;#93; end");
        assert_eq!(mermaid("t3.large, 10.0.0.0/16"), "t3.large, 10.0.0.0/16");
    }
}

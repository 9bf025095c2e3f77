//! Environment files, read as systemd.exec(5) says of `EnvironmentFile=`.

use std::collections::BTreeMap;

/// The variables of a file. Lines that are no assignment, and comments, are left out.
pub fn read(text: &str) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let mut rest = text.chars().peekable();
    while rest.peek().is_some() {
        let mut key = String::new();
        while let Some(character) = rest.next_if(|character| !matches!(character, '=' | '\n')) {
            key.push(character);
        }
        if rest.next() != Some('=') {
            continue;
        }
        let value = value(&mut rest);
        let key = key.trim();
        if !key.is_empty() && !key.starts_with(['#', ';']) {
            variables.insert(key.to_owned(), value);
        }
    }
    variables
}

/// A value up to the end of its line. A quoted one may go over several.
fn value(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut value = String::new();
    let mut quote = None;
    while let Some(character) = rest.next() {
        match (quote, character) {
            (None, '\n') => break,
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            (Some('\''), literal) => value.push(literal),
            (Some('"'), '\\') => match rest.next() {
                Some(escaped @ ('"' | '\\' | '`' | '$')) => value.push(escaped),
                Some('\n') | None => {}
                Some(other) => value.extend(['\\', other]),
            },
            (None, '\\') => match rest.next() {
                Some('\n') | None => {}
                Some(escaped) => value.push(escaped),
            },
            (_, plain) => value.push(plain),
        }
    }
    if value.is_empty() || quote.is_none() {
        return value.trim_end().to_owned();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::read;

    fn is(text: &str, value: &str) {
        assert_eq!(read(text).get("KEY").map(String::as_str), Some(value));
    }

    #[test]
    fn values_are_what_systemd_makes_of_them() {
        is("KEY=plain\n", "plain");
        is("# comment\nKEY=plain", "plain");
        is("KEY=\"two\nlines\"\nOTHER=x\n", "two\nlines");
        is(
            "KEY=\"a \\\"quote\\\" and \\\\ and \\$HOME\"\n",
            "a \"quote\" and \\ and $HOME",
        );
        is("KEY='single $HOME \\n'\n", "single $HOME \\n");
        is("KEY=one\\\ntwo\n", "onetwo");
        is("KEY=\n", "");
    }
}

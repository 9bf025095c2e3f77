//! Text in systemd's unit files.

/// A command as `ExecStart=` takes it; `None` when no quoting makes one of these words. systemd
/// reads quotes, escapes, specifiers (`%`) and variables (`$`) in every word, prefixes such as `-`
/// before the program, and a `;` that stands alone as the end of the command.
pub fn command_line(words: &[String]) -> Option<String> {
    let (program, _) = words.split_first()?;
    // The program's own path is no place for variables, and quotes do not hide a prefix.
    let is_program = !program.is_empty()
        && !program.starts_with(['-', '@', ':', '+', '!', '|'])
        && !program.contains('$');
    let has_control = |word: &String| word.chars().any(char::is_control);
    if !is_program || words.iter().any(has_control) {
        return None;
    }
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    Some(words.join(" "))
}

/// One word, in double quotes unless nothing in it means anything.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:+@=,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut text = String::with_capacity(word.len() + 2);
    text.push('"');
    for letter in word.chars() {
        match letter {
            '%' | '$' => text.extend([letter, letter]),
            '"' | '\\' => text.extend(['\\', letter]),
            _ => text.push(letter),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> Option<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        command_line(&words)
    }

    #[test]
    fn plain_words_stay_as_they_are() {
        let expected = "node /opt/valet/runtime/main.js --quiet";
        assert_eq!(
            line(&["node", "/opt/valet/runtime/main.js", "--quiet"]).as_deref(),
            Some(expected)
        );
    }

    #[test]
    fn what_systemd_would_read_is_escaped() {
        let expected = r#"node "100%%" "$${HOME}" "a \"b\" c" "back\\" ";" "" "it's" -x"#;
        let words = [
            "node",
            "100%",
            "${HOME}",
            "a \"b\" c",
            "back\\",
            ";",
            "",
            "it's",
            "-x",
        ];
        assert_eq!(line(&words).as_deref(), Some(expected));
    }

    #[test]
    fn what_no_quoting_helps_is_refused() {
        for words in [
            &[][..],
            &[""],
            &["-node"],
            &["+/bin/sh"],
            &["!node"],
            &["@node"],
            &[":node"],
            &["|node"],
            &["$NODE"],
            &["node", "a\nUser=root"],
            &["node", "a\rb"],
            &["node", "a\0b"],
        ] {
            assert_eq!(line(words), None, "{words:?}");
        }
    }
}

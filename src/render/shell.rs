//! How values are written in a shell.

/// A text as one word of every shell: in single quotes, unless nothing in it means anything.
pub fn quote(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:+@%=".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        // No shell has a way to write a zero byte, and no command could be given one.
        format!("'{}'", text.replace('\0', "").replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// What bash takes this source for.
    fn read_by_bash(source: &str) -> Option<String> {
        let output = Command::new("bash").args(["-c", source]).output().ok()?;
        assert!(output.status.success(), "{source:?}: {output:?}");
        Some(String::from_utf8(output.stdout).expect("UTF-8"))
    }

    /// What would be something else without the quotes.
    const DANGEROUS: &[&str] = &[
        "'", "''", "\"", "\\", "\\'", "$", "$(id)", "`id`", "${x}", "!", "!!", "~", "*", "?",
        "[a]", "{a,b}", "#", " # ", ";", "&", "|", "<", ">", "(", ")", "\n", "\r", "\t", " ", "-n",
        "--", "=", "x=y", "EOT", "\u{1b}", "\u{e9}", "\u{202e}",
    ];

    #[test]
    fn an_empty_text_is_a_word() {
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a b's"), "'a b'\\''s'");
        assert_eq!(quote("libstdc++6=1.0"), "libstdc++6=1.0");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        /// However many words there are, bash reads as many, and each as it is.
        #[test]
        fn bash_reads_what_was_written(
            texts in prop::collection::vec(
                prop::collection::vec(
                    prop_oneof![
                        prop::sample::select(DANGEROUS).prop_map(str::to_owned),
                        any::<char>().prop_map(String::from),
                    ],
                    0..8,
                ).prop_map(|pieces| pieces.concat().replace('\0', "")),
                1..6,
            ),
        ) {
            let words: Vec<String> = texts.iter().map(|text| quote(text)).collect();
            let source = format!("printf '%s\\0' {}", words.join(" "));
            let Some(read) = read_by_bash(&source) else {
                eprintln!("skipped: bash is not on PATH");
                return Ok(());
            };
            let found: Vec<&str> = read.split_terminator('\0').collect();
            prop_assert_eq!(found, texts);
        }
    }
}

//! The commands of `valet-control` that do what the page does.

use maud::{Markup, html};

/// A word for a POSIX shell, as it is or in quotes.
pub fn quote(word: &str) -> String {
    let is_plain = !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=@".contains(&byte));
    if is_plain {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A command of these words.
pub fn command(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
    format!("valet-control {}", words.join(" "))
}

/// A button that copies it; only with script, so the command stands on the row's own page as text.
pub fn copy(command: &str, about: &str) -> Markup {
    html! {
        button.copy type="button" data-copy=(command) title=(command) aria-label={ "Copy the command for " (about) } { "Copy" }
    }
}

/// A command to read and to copy.
pub fn shown(command: &str, about: &str) -> Markup {
    html! { div.command { code { (command) } (copy(command, about)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_word_stays_one_word() {
        assert_eq!(command(&["host", "i-0abc"]), "valet-control host i-0abc");
        assert_eq!(
            command(&["drain", "i-1", "--reason", "it's $(reboot)"]),
            r"valet-control drain i-1 --reason 'it'\''s $(reboot)'"
        );
    }
}

//! Credentials that somebody wrote into a fleet.toml must not reach a log: no output repeats one,
//! whichever finding it is about.

use super::Diagnostic;
use crate::catalog::secret_forms;

/// What stands in a sentence where a credential was quoted.
const CONCEALED: &str = "[concealed]";

/// The text with every credential starred out, each byte by one star, so that spans still hold.
pub fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for credential in secret_forms::find(text) {
        masked.push_str(&text[at..credential.span.start]);
        for character in text[credential.span.clone()].chars() {
            // Lines stay as long as they are.
            match character {
                '\n' | '\r' => masked.push(character),
                _ => masked.extend(std::iter::repeat_n('*', character.len_utf8())),
            }
        }
        at = credential.span.end;
    }
    masked.push_str(&text[at..]);
    masked
}

/// Takes the credentials of `text` out of everything that a finding says.
pub fn scrub(text: &str, diagnostics: &mut [Diagnostic]) {
    if diagnostics.is_empty() {
        return;
    }
    for credential in secret_forms::find(text) {
        let credential = &text[credential.span];
        for diagnostic in &mut *diagnostics {
            let related = diagnostic
                .related
                .iter_mut()
                .map(|related| &mut related.label);
            let sentences = [
                &mut diagnostic.message,
                &mut diagnostic.label,
                &mut diagnostic.help,
            ];
            for sentence in sentences
                .into_iter()
                .chain(related)
                .chain(&mut diagnostic.environments)
            {
                if sentence.contains(credential) {
                    *sentence = sentence.replace(credential, CONCEALED);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masking_moves_nothing() {
        let text = "a = \"é\"\r\nkey = \"AKIAIOSFODNN7EXAMPLE\"\r\n";
        let hidden = masked(text);
        assert_eq!(hidden.len(), text.len());
        assert_eq!(hidden, "a = \"é\"\r\nkey = \"********************\"\r\n");
    }
}

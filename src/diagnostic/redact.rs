//! Credentials that somebody wrote into a fleet.toml must not reach a log: no output repeats one,
//! whichever finding it is about.

use super::finding::Diagnostic;
use crate::catalog::secret_scanner;

/// What stands in a sentence where a credential was quoted.
const REDACTED: &str = "[redacted]";

/// The text with every credential starred out, each byte by one star, so that spans still hold.
pub fn redact_source(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut at = 0;
    for credential in secret_scanner::find(text) {
        redacted.push_str(&text[at..credential.span.start]);
        for character in text[credential.span.clone()].chars() {
            // Lines stay as long as they are.
            match character {
                '\n' | '\r' => redacted.push(character),
                _ => redacted.extend(std::iter::repeat_n('*', character.len_utf8())),
            }
        }
        at = credential.span.end;
    }
    redacted.push_str(&text[at..]);
    redacted
}

/// Takes the credentials of `text` out of everything that a finding says.
pub fn redact_diagnostics(text: &str, diagnostics: &mut [Diagnostic]) {
    if diagnostics.is_empty() {
        return;
    }
    for credential in secret_scanner::find(text) {
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
                    *sentence = sentence.replace(credential, REDACTED);
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
        let redacted = redact_source(text);
        assert_eq!(redacted.len(), text.len());
        assert_eq!(redacted, "a = \"é\"\r\nkey = \"********************\"\r\n");
    }
}

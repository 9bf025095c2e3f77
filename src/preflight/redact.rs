//! What tells whose an account is, taken out of a text: the same thing becomes the same thing everywhere in it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::catalog::secret_scanner;

/// Accounts that publish images to everybody: they tell nothing of the account that is asked.
const PUBLISHERS: [&str; 3] = ["099720109477", "513442679011", "837727238323"];

/// Ids of accounts, and ids of keys.
static IDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:(?P<key>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})|(?P<multi>mrk-[0-9a-f]{32})|(?P<account>[0-9]{12}))\b")
        .expect("a pattern")
});

/// Who asks, and people.
static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?P<before>:(?:user|assumed-role|federated-user)/)(?P<name>[^\s"\\,]+)|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"#)
        .expect("a pattern")
});

/// Numbers what it takes out, in the order in which it first sees it.
#[derive(Debug, Default)]
pub struct Redactor {
    accounts: BTreeMap<String, usize>,
    keys: BTreeMap<String, usize>,
    names: BTreeMap<String, usize>,
}

fn number_of(known: &mut BTreeMap<String, usize>, text: &str) -> usize {
    let next = known.len() + 1;
    *known.entry(text.to_owned()).or_insert(next)
}

impl Redactor {
    /// Ids of accounts and keys, replaced by others of the same length, so that places in the text stay where they are.
    #[must_use]
    pub fn redact_ids(&mut self, text: &str) -> String {
        let replaced = IDS.replace_all(text, |found: &Captures<'_>| {
            let whole = &found[0];
            if found.name("key").is_some() {
                format!(
                    "00000000-0000-4000-8000-{:012}",
                    number_of(&mut self.keys, whole)
                )
            } else if found.name("multi").is_some() {
                format!(
                    "mrk-00000000000040008000{:012}",
                    number_of(&mut self.keys, whole)
                )
            } else if PUBLISHERS.contains(&whole) {
                whole.to_owned()
            } else {
                format!("{:012}", number_of(&mut self.accounts, whole))
            }
        });
        replaced.into_owned()
    }

    /// Ids, names of users and roles that ask, addresses of people, and whatever looks like a credential.
    #[must_use]
    pub fn redact(&mut self, text: &str) -> String {
        let mut plain = String::with_capacity(text.len());
        let mut at = 0;
        for credential in secret_scanner::find(text) {
            plain.push_str(&text[at..credential.span.start]);
            plain.push_str("redacted");
            at = credential.span.end;
        }
        plain.push_str(&text[at..]);
        let named = NAMES.replace_all(&plain, |found: &Captures<'_>| {
            match (found.name("before"), found.name("name")) {
                (Some(before), Some(name)) => {
                    format!(
                        "{}redacted-{}",
                        before.as_str(),
                        number_of(&mut self.names, name.as_str())
                    )
                }
                _ => format!(
                    "redacted-{}@example.com",
                    number_of(&mut self.names, &found[0])
                ),
            }
        });
        self.redact_ids(&named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_the_same_everywhere() {
        let mut redactor = Redactor::default();
        let fleet = redactor.redact_ids("allowed_account_ids = [\"222222222222\"]");
        assert_eq!(fleet, "allowed_account_ids = [\"000000000001\"]");
        let text = "arn:aws:sts::123456789012:assumed-role/Admin/anna may not; bucket-222222222222, 099720109477, \
                    arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555, a@b.example, \
                    AKIAIOSFODNN7EXAMPLE";
        assert_eq!(
            redactor.redact(text),
            "arn:aws:sts::000000000002:assumed-role/redacted-1 may not; bucket-000000000001, 099720109477, \
             arn:aws:kms:us-east-1:000000000002:key/00000000-0000-4000-8000-000000000001, redacted-2@example.com, redacted"
        );
    }
}

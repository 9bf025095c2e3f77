//! Questions about words and lists that several rules ask.

use std::collections::BTreeMap;

/// Lower-case letters, digits and single hyphens, beginning with a letter and not ending with a
/// hyphen: what every AWS name that is made of it accepts.
pub fn is_kebab_case(text: &str) -> bool {
    let characters = text
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    characters && first && !text.ends_with('-') && !text.contains("--")
}

/// What a lower-case name is made of, for help lines.
pub const KEBAB_CASE_HELP: &str =
    "use lower-case letters, digits and single hyphens, beginning with a letter";

/// Whether the text is `prefix` and then 8 or 17 hexadecimal digits, as ids of EC2 are.
pub fn is_ec2_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        matches!(digits.len(), 8 | 17)
            && digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Whether the text is the id of an AWS account.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Each item that stood in the list before, as (its index, the index of the first one).
pub fn duplicates<K: Ord>(items: impl IntoIterator<Item = K>) -> Vec<(usize, usize)> {
    let mut first = BTreeMap::new();
    let mut found = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        match first.get(&item) {
            Some(earlier) => found.push((index, *earlier)),
            None => {
                first.insert(item, index);
            }
        }
    }
    found
}

/// "did you mean ...?" when there is something near, and other advice when there is not.
pub fn did_you_mean(near: Option<&str>, otherwise: &str) -> String {
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => otherwise.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_names() {
        for name in ["valet", "v2", "valet-eu-1"] {
            assert!(is_kebab_case(name), "{name}");
        }
        for name in [
            "", "Valet", "1valet", "-valet", "valet-", "va--let", "va_let", "välet",
        ] {
            assert!(!is_kebab_case(name), "{name}");
        }
    }

    #[test]
    fn ids() {
        assert!(is_ec2_id("vpc-0123abcd", "vpc-"));
        assert!(is_ec2_id("subnet-0123456789abcdef0", "subnet-"));
        assert!(!is_ec2_id("vpc-0123ABCD", "vpc-"));
        assert!(!is_ec2_id("vpc-012", "vpc-"));
        assert!(is_account_id("012345678901") && !is_account_id("12"));
    }

    #[test]
    fn repetitions_name_the_first() {
        assert_eq!(duplicates(["a", "b", "a", "a"]), [(2, 0), (3, 0)]);
    }
}

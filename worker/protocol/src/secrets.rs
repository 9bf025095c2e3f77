//! What a secret's value must not be.

/// What Terraform puts in the place of a value when it makes a name.
pub const PLACEHOLDER: &str = "valet-gen placeholder: no value was put here yet";

/// What people write where a value is to come, in lower case.
const PLACEHOLDER_VALUES: [&str; 8] = [
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "replaceme",
    "replace-me",
    "todo",
    "your-token-here",
];

/// Why a value cannot be one that was put there on purpose, in words that follow the secret's name;
/// nothing if it may be.
#[must_use]
pub fn unusable(value: &str) -> Option<&'static str> {
    let trimmed = value.trim();
    let bracketed = trimmed.starts_with('<') && trimmed.ends_with('>');
    if trimmed.is_empty() {
        Some("is empty")
    } else if trimmed == PLACEHOLDER {
        Some("still holds Terraform's placeholder")
    } else if bracketed || PLACEHOLDER_VALUES.contains(&trimmed.to_lowercase().as_str()) {
        Some("holds a placeholder and no value")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_means_is_unusable() {
        for value in [
            "",
            " \n",
            PLACEHOLDER,
            "ChangeMe\n",
            "<token>",
            "your-token-here",
        ] {
            assert!(unusable(value).is_some(), "{value:?}");
        }
    }

    #[test]
    fn what_only_resembles_it_is_usable() {
        for value in [
            "postgres://valet:changeme@db/valet",
            "todo-list",
            "<a",
            "-----BEGIN KEY-----\n",
        ] {
            assert_eq!(unusable(value), None, "{value:?}");
        }
    }
}

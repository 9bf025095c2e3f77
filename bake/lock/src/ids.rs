//! Texts with a form. Reading one checks it, so that nothing else can stand in the file, and nothing
//! from it can break out of where it is written to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is none of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidText {
    /// The text, cut to 80 characters.
    text: String,
    expected: &'static str,
}

fn invalid(text: &str, expected: &'static str) -> InvalidText {
    let text = text.chars().filter(|letter| !letter.is_control()).take(80);
    InvalidText {
        text: text.collect(),
        expected,
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|digits| (8..=17).contains(&digits.len()) && is_hex(digits))
}

/// EC2's limit for names of images is 3 to 128 characters; these are the letters that it allows and
/// that a bake uses.
fn is_name(text: &str) -> bool {
    let allowed = |it: u8| it.is_ascii_alphanumeric() || b"-_./".contains(&it);
    (3..=128).contains(&text.len()) && text.bytes().all(allowed)
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $is:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, InvalidText> {
                let is: fn(&str) -> bool = $is;
                if is(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(invalid(text, $expected))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

text_type!(
    /// The id of an image.
    AmiId,
    "an AMI id such as ami-0123456789abcdef0",
    |text| is_id(text, "ami-")
);
text_type!(
    /// The id of a snapshot.
    SnapshotId,
    "a snapshot id such as snap-0123456789abcdef0",
    |text| is_id(text, "snap-")
);
text_type!(
    /// A SHA-256 digest.
    Sha256,
    "a SHA-256 digest of 64 lower-case hexadecimal digits",
    |text| text.len() == 64 && is_hex(text)
);
text_type!(
    /// A commit of Git, by SHA-1 or SHA-256.
    Commit,
    "a commit of 40 or 64 lower-case hexadecimal digits",
    |text| matches!(text.len(), 40 | 64) && is_hex(text)
);
text_type!(
    /// The name of an image, or the id of a bake.
    Name,
    "a name of 3 to 128 letters, digits and -_./",
    is_name
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_is_taken() {
        for good in ["ami-01234567", "ami-0123456789abcdef0"] {
            assert!(good.parse::<AmiId>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "ami-",
            "ami-0123456",
            "ami-0123456789abcdef01",
            "ami-0123456G",
            "snap-01234567",
            "ami-01234567\n",
        ] {
            assert!(bad.parse::<AmiId>().is_err(), "{bad:?}");
        }
        assert!("a".repeat(64).parse::<Sha256>().is_ok());
        assert!("A".repeat(64).parse::<Sha256>().is_err());
        assert!("${var.x}".parse::<Name>().is_err());
    }

    #[test]
    fn what_is_refused_is_named_without_what_could_harm_a_terminal() {
        let error = "\u{1b}[31mami".parse::<AmiId>().expect_err("no id");
        assert_eq!(
            error.to_string(),
            "`[31mami` is not an AMI id such as ami-0123456789abcdef0"
        );
    }
}

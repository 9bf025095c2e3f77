//! How far somebody has read.

use std::fmt;

/// A place in the order of events, which is the same at every replica: the transaction, and the row in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub transaction: i64,
    pub row: i64,
}

impl Cursor {
    /// After everything that this transaction and those before it did.
    #[must_use]
    pub const fn after(transaction: i64) -> Self {
        Self {
            transaction,
            row: i64::MAX,
        }
    }

    /// From what [`fmt::Display`] wrote; nothing for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (transaction, row) = text.split_once('-')?;
        let number = |text: &str| {
            let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_plain)
        };
        Some(Self {
            transaction: number(transaction)?,
            row: number(row)?,
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.transaction, self.row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_is_read() {
        let cursor = Cursor {
            transaction: 812,
            row: 40,
        };
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        assert_eq!(
            Cursor::parse("9-9223372036854775807"),
            Some(Cursor::after(9))
        );
        for text in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "1--1",
            "+1-1",
            "a-1",
            "1-99999999999999999999",
        ] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }
}

//! Values of queries that are valid as they are read, so that no handler checks them again.

use std::ops::Deref;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The most bytes of a text: nothing that is searched for is longer.
const MAX_TEXT_BYTES: usize = 256;

/// A text that PostgreSQL can compare, which has none with a zero in it.
#[derive(Clone, Debug)]
pub struct QueryText(String);

impl Deref for QueryText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for QueryText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text.len() > MAX_TEXT_BYTES || text.contains('\0') {
            let limit = format!("a text has {MAX_TEXT_BYTES} bytes at the most, and no zero");
            return Err(D::Error::custom(limit));
        }
        Ok(Self(text))
    }
}

/// How many entries a response has at the most: from 1 to `MAX`, 100 when left out.
#[derive(Clone, Copy, Debug)]
pub struct PageLimit<const MAX: i64>(i64);

impl<const MAX: i64> PageLimit<MAX> {
    #[must_use]
    pub const fn entries(self) -> i64 {
        self.0
    }
}

impl<const MAX: i64> Default for PageLimit<MAX> {
    fn default() -> Self {
        Self(100)
    }
}

impl<'de, const MAX: i64> Deserialize<'de> for PageLimit<MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let entries = i64::deserialize(from)?;
        if !(1..=MAX).contains(&entries) {
            return Err(D::Error::custom(format!("a limit is from 1 to {MAX}")));
        }
        Ok(Self(entries))
    }
}

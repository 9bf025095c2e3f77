//! Numbers that the server would refuse are refused before it is asked.

use std::ops::RangeInclusive;

use clap::builder::RangedI64ValueParser;
use clap::value_parser;

/// Reads a number of this range.
pub fn within(range: &RangeInclusive<u32>) -> RangedI64ValueParser<u32> {
    value_parser!(u32).range(i64::from(*range.start())..=i64::from(*range.end()))
}

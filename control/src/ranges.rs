//! The numbers that people and programs may send. The server refuses others, the commands do not send them, and the OpenAPI
//! document names the same.

use std::ops::RangeInclusive;

/// How long an order may take to begin, tasks may go on, and a hold may last, in seconds: a week at the most.
pub const ORDER_SECONDS: RangeInclusive<u32> = 1..=604_800;
/// After how many seconds a worker key ends: a year at the most.
pub const KEY_END_SECONDS: RangeInclusive<u32> = 0..=31_536_000;
/// For how many seconds a release counts: a day at the most.
pub const RELEASE_SECONDS: RangeInclusive<u32> = 1..=86_400;
/// For how many seconds events are told: a day at the most.
pub const STREAM_SECONDS: RangeInclusive<u32> = 1..=86_400;
/// For how many days a token counts: ten years at the most.
pub const TOKEN_DAYS: RangeInclusive<u32> = 1..=3650;
/// The same in seconds.
pub const TOKEN_SECONDS: RangeInclusive<u32> = 1..=*TOKEN_DAYS.end() * 24 * 3600;
/// Entries of a list at a time.
pub const ENTRIES: RangeInclusive<u32> = 1..=500;

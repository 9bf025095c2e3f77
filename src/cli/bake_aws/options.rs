//! What `valet-gen bake` was asked for.

use std::path::Path;

use crate::cli::shared_args::ResultFormat;

/// A bake that is asked for.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "aws"),
    expect(dead_code, reason = "nothing reads it without the SDK")
)]
pub struct BakeOptions<'a> {
    pub fleet: &'a Path,
    pub environment: Option<&'a str>,
    pub payload: Option<&'a Path>,
    pub out: Option<&'a Path>,
    pub resume: Option<&'a str>,
    pub skip_preflight: Option<&'a str>,
    pub poll_seconds: u64,
    pub format: ResultFormat,
}

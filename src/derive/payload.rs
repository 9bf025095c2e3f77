//! The programs of the image that no package source has.

use serde::Serialize;

use crate::fleet::{Payload, PayloadSource};

/// The names that the programs have in the image's `payload/`.
pub const RUNTIME: &str = "runtime.tar";
pub const AGENT: &str = "valet-worker";
pub const NODE: &str = "node.tar";
pub const ADSPOWER: &str = "adspower.deb";
pub const CLOUDWATCH_AGENT: &str = "amazon-cloudwatch-agent.deb";

/// Who has a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PayloadOrigin {
    /// A file or a folder beside fleet.toml.
    Path,
    /// A web server, by `https://`.
    Https,
    /// A bucket, by `s3://`.
    S3,
}

/// Who has what is named by this text.
#[must_use]
pub fn origin(source: &str) -> PayloadOrigin {
    if source.starts_with("https://") {
        PayloadOrigin::Https
    } else if source.starts_with("s3://") {
        PayloadOrigin::S3
    } else {
        PayloadOrigin::Path
    }
}

/// What fleet.toml declares, by the names of `payload/`.
pub fn files(payload: &Payload) -> impl Iterator<Item = (&'static str, &PayloadSource)> {
    let Payload {
        runtime,
        node,
        agent,
        adspower,
        cloudwatch_agent,
    } = payload;
    let files = [
        (RUNTIME, runtime),
        (NODE, node),
        (AGENT, agent),
        (ADSPOWER, adspower),
        (CLOUDWATCH_AGENT, cloudwatch_agent),
    ];
    let declared = files.into_iter();
    declared.filter_map(|(name, file)| Some((name, file.as_ref()?)))
}

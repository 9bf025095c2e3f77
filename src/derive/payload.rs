//! The programs of the image that no package source has.

use serde::Serialize;

use crate::fleet::{Architecture, Payload, PayloadSource};

/// The names that the programs have in the image's `payload/`.
pub const RUNTIME: &str = "runtime.tar";
pub const AGENT: &str = "valet-worker";
pub const NODE: &str = "node.tar";
pub const ADSPOWER: &str = "adspower.deb";
pub const CLOUDWATCH_AGENT: &str = "amazon-cloudwatch-agent.deb";

/// The control by which provisioning ends where one of them is missing.
pub const CONTROL: &str = "image.payload";

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

/// What provisioning asks for: an image without one of these is for trying things. Node.js where the runtime's command starts it,
/// AdsPower where it is made for the architecture.
#[must_use]
pub fn needed(runtime_command: &[String], architecture: Architecture) -> Vec<&'static str> {
    let mut needed = vec![AGENT, RUNTIME, CLOUDWATCH_AGENT];
    if architecture == Architecture::X86_64 {
        needed.push(ADSPOWER);
    }
    if runtime_command.first().is_some_and(|it| it == "node") {
        needed.push(NODE);
    }
    needed
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

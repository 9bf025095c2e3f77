//! The user data of an instance: the parts that fleet.toml adds, and how large all of it is.

use super::proxy;
use crate::fleet::Fleet;

/// What divides the parts of the user data.
pub const MIME_BOUNDARY: &str = "=valet-user-data=";

/// What cloud-init takes a part for, by its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    CloudConfig,
    Script,
}

/// What cloud-init takes a part for; `None` for what the fleet does not pass on.
#[must_use]
pub fn kind(text: &str) -> Option<PartKind> {
    let first = text.lines().next().unwrap_or_default();
    if first.trim_end() == "#cloud-config" {
        Some(PartKind::CloudConfig)
    } else if first.starts_with("#!/") {
        Some(PartKind::Script)
    } else {
        None
    }
}

/// A part as it is passed on: with line feeds, whatever the line ends of fleet.toml are.
#[must_use]
pub fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The most bytes of user data that EC2 takes, before its base64 (EC2 API reference, `RunInstances`).
pub const MAX_BYTES: usize = 16_384;

/// Bytes of the fleet's own part that are the same in every fleet, and a few more. A test measures them.
const OWN_BYTES: usize = 2_100;

/// How often the fleet's and the environment's names stand in it beside the secrets.
const NAMES_IN_OWN: usize = 8;

/// Bytes of a secret beside its two names: where it is kept, when it is read, and which programs get it.
const SECRET_BYTES: usize = 127;

/// Bytes of an instance type beside its name.
const TYPE_BYTES: usize = 11;

/// Bytes of a task or a label beside its text.
const WORD_BYTES: usize = 11;

/// Bytes of a mounted volume beside its names, which stand five times in a part of its own.
const MOUNT_BYTES: usize = 523;

/// Bytes of the part about the proxy beside its address, which stands nine times, and its exceptions.
const PROXY_BYTES: usize = 1_500;

/// How often an exception stands in the user data, and its bytes beside its text.
const EXCEPTION: (usize, usize) = (4, 21);

/// The same of a host, which has two lines more for apt.
const EXCEPTED_HOST: (usize, usize) = (6, 86);

/// Bytes of the head of a part and of the boundary before it.
const HEAD_BYTES: usize = 193;

/// Bytes of a text in JSON that is a text of JSON.
fn escaped_twice(text: &str) -> usize {
    let bytes = |character: char| match character {
        '"' | '\\' => 4,
        '<' | '>' | '&' => 7,
        _ if character.is_control() => 7,
        _ => character.len_utf8(),
    };
    text.chars().map(bytes).sum()
}

/// About how many bytes the user data has, and a few hundred more: it is never larger.
#[must_use]
pub fn largest_bytes(fleet: &Fleet, environment: &str) -> usize {
    let names = fleet.identity.name.len() + environment.len();
    let secrets = fleet.secrets.keys();
    let secrets = secrets.map(|name| 2 * escaped_twice(name) + names + SECRET_BYTES);
    let types = fleet.instances.types.iter();
    let types = types.map(|choice| escaped_twice(&choice.instance_type) + TYPE_BYTES);
    let hatchet = &fleet.worker.hatchet;
    let labels = hatchet
        .labels
        .iter()
        .flat_map(|(name, value)| [name, value]);
    let words = hatchet.tasks.iter().chain(labels);
    let words = words.map(|word| escaped_twice(word) + WORD_BYTES);
    let mounts = fleet.instances.volumes.iter();
    let mounts = mounts.filter_map(|volume| volume.mount.as_ref());
    let mounts =
        mounts.map(|folder| 5 * folder.len() + fleet.worker.runtime.user.len() + MOUNT_BYTES);
    let parts = fleet.instances.user_data.iter();
    let parts = parts.map(|text| text.len() + HEAD_BYTES);
    let proxy = fleet.network.proxy.as_ref().map_or(0, |proxy| {
        let exceptions = proxy::no_proxy(fleet, proxy);
        let bytes = exceptions.iter().map(|entry| {
            let (times, beside) = if proxy::is_host_name(entry) {
                EXCEPTED_HOST
            } else {
                EXCEPTION
            };
            times * entry.len() + beside
        });
        PROXY_BYTES + 9 * proxy.url.len() + bytes.sum::<usize>()
    });
    let url = fleet.worker.heartbeat.url.as_deref().unwrap_or_default();
    OWN_BYTES
        + NAMES_IN_OWN * names
        + escaped_twice(url)
        + 2 * escaped_twice(&fleet.worker.metrics.namespace)
        + secrets.sum::<usize>()
        + types.sum::<usize>()
        + words.sum::<usize>()
        + mounts.sum::<usize>()
        + parts.sum::<usize>()
        + proxy
}

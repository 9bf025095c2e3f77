//! `[reaper]` of control.toml.

use serde::Deserialize;

/// What happens to a zombie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReaperMode {
    /// It is said what would be done.
    #[default]
    Observe,
    /// It is replaced.
    Act,
}

/// The reaper's settings.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReaperSettings {
    #[serde(default)]
    pub mode: ReaperMode,
}

//! `[aws]` of control.toml.

use serde::Deserialize;

/// Whether AWS is asked, and how.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsSettings {
    /// Whether the server asks AWS which hosts exist, and acts on them. Without it no call is made.
    #[serde(default)]
    pub enabled: bool,
    /// Where every service is, instead of AWS: for tests. `AWS_ENDPOINT_URL_<SERVICE>` and `AWS_ENDPOINT_URL` win.
    #[serde(default)]
    pub endpoint_url: Option<String>,
}

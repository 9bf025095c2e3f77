//! `[alerts]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who is notified when an alarm fires.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Alerts {
    /// Addresses that get a mail. Each has to confirm its subscription once.
    pub email: Vec<String>,

    /// Where the runbooks are published, an `https://` address; an alarm's description links to
    /// its section there.
    ///
    /// When left out, it names the section of the rendered `RUNBOOKS.md`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook_base_url: Option<String>,
}

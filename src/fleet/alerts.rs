//! `[alerts]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who is notified when an alarm fires.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Alerts {
    /// Addresses that get a mail. Each has to confirm its subscription once.
    pub email: Vec<String>,

    /// An existing SNS topic that alarms publish to, by ARN, in place of one of the fleet's own.
    ///
    /// Its policy has to let `cloudwatch.amazonaws.com` publish, and its key let it encrypt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic_arn: Option<String>,

    /// An EventBridge bus, by ARN, that every change of an alarm's state is sent to as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_bus_arn: Option<String>,

    /// Why nobody is told of an alarm, where that is meant, for whoever reviews the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 10, max = 500))]
    pub nobody_because: Option<String>,

    /// Where the runbooks are published, an `https://` address; an alarm's description links to
    /// its section there.
    ///
    /// When left out, it names the section of the rendered `RUNBOOKS.md`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook_base_url: Option<String>,
}

//! `[access]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bounded;

/// How people reach an instance.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// Whether SSH is possible at all. Session Manager needs none of it.
    pub ssh: Ssh,

    /// How operators sign in, which the policy that lets them open sessions asks for.
    pub operators: OperatorSignIn,

    /// Shells and port forwards by AWS Systems Manager, without any open port.
    pub session_manager: SessionManager,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            ssh: Ssh::None,
            operators: OperatorSignIn::Mfa,
            session_manager: SessionManager::default(),
        }
    }
}

/// How operators sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperatorSignIn {
    /// As IAM users or roles whose session has a second factor.
    Mfa,
    /// Through IAM Identity Center, which asks for the second factor itself.
    IdentityCenter,
}

/// Whether SSH is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ssh {
    /// No port 22 anywhere.
    None,
    /// Through an EC2 Instance Connect endpoint: IAM decides, keys live for a minute.
    InstanceConnect,
    /// Understood so that it can be refused with a reason; not offered.
    #[schemars(skip)]
    Open,
}

/// Shells and port forwards by AWS Systems Manager.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SessionManager {
    /// Where the record of each session goes. Both are encrypted with the fleet's key.
    #[schemars(length(max = 2))]
    pub log_to: Vec<SessionLog>,

    /// An existing bucket for the records in S3, in place of one of the fleet's own. They lie below
    /// `<fleet>/<environment>/sessions/`.
    ///
    /// It has to encrypt by default, with S3's own key or with the fleet's; when records are deleted
    /// is for its lifecycle rules to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,

    /// Minutes of silence after which a session ends. Session Manager accepts 1 to 60.
    pub idle_minutes: Bounded<1, 60>,

    /// Days until a record is deleted; one of the retentions that CloudWatch Logs offers.
    pub retention_in_days: u32,
}

impl Default for SessionManager {
    fn default() -> Self {
        Self {
            log_to: vec![SessionLog::S3, SessionLog::CloudWatch],
            bucket: None,
            idle_minutes: Bounded::new(20),
            retention_in_days: 365,
        }
    }
}

/// Where the record of a session goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionLog {
    S3,
    CloudWatch,
}

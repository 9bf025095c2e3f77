//! `[page]` of control.toml.

use serde::Deserialize;

/// How the page is served, and where its links lead.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageSettings {
    /// Hatchet's dashboard, such as `https://hatchet.example.com`. Left out: the page has no links to it.
    #[serde(default)]
    pub hatchet: Option<String>,
    /// The tenant's id in the dashboard's addresses.
    #[serde(default)]
    pub hatchet_tenant: Option<String>,
    /// The name of the fleet's CloudWatch dashboard, such as `valet-production`.
    #[serde(default)]
    pub cloudwatch_dashboard: Option<String>,
    /// Whether the page is served over plain HTTP to this machine, as `valet-control dev` does. Its cookie is then
    /// neither `Secure` nor `__Host-`: browsers would not send it back.
    #[serde(skip)]
    pub is_plain_loopback: bool,
}

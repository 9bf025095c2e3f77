//! The HTTP proxy that a host reaches the internet by.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An HTTP proxy. TLS goes through it by CONNECT; plain HTTP, such as that of the metadata service and of loopback, never
/// does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// Its address, such as `http://proxy.example.com:3128`: scheme, host and port alone.
    pub url: String,
    /// What is reached without it: `example.com` and all names below it, `.example.com` for the names below it alone, an
    /// address, or a range such as `10.0.0.0/8`. Loopback and link-local addresses are, whatever stands here.
    pub no_proxy: Vec<String>,
}

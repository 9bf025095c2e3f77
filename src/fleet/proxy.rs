//! `[network.proxy]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An HTTP proxy that the hosts reach the internet by.
///
/// The agent, the runtime, AdsPower and its browsers, apt, the agents of Systems Manager and of CloudWatch are told of it.
/// VPC endpoints, the metadata service and loopback are reached without it. It is no part of the image: whoever builds one
/// where only the proxy leads to the internet gives the build host a way of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// Its address, such as `"http://proxy.example.com:3128"`: `http://`, a host and a port. TLS goes through it unopened.
    pub url: String,

    /// What else is reached without it: a host with all names below it (`"example.com"`), the names below it alone
    /// (`".example.com"`), an address, or a range of addresses (`"10.0.0.0/8"`).
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub no_proxy: Vec<String>,
}

//! What hosts reach without their proxy.

use super::network::{gateway_endpoints, interface_endpoints};
use crate::catalog::endpoints;
use crate::fleet::{Fleet, Proxy};

/// Loopback, and what every instance reaches at a link-local address: the metadata service by IPv4 and IPv6.
const ALWAYS: [&str; 5] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "169.254.169.254",
    "fd00:ec2::254",
];

/// Everything that is reached without the proxy: what never goes through one, the services that have an endpoint in the
/// VPC, and what fleet.toml lists. Whose endpoints an existing VPC has is known to its owners alone.
#[must_use]
pub fn no_proxy(fleet: &Fleet, proxy: &Proxy) -> Vec<String> {
    let network = &fleet.network;
    let services = if network.existing.is_some() {
        Vec::new()
    } else {
        [interface_endpoints(network), gateway_endpoints(network)].concat()
    };
    let hosts = services
        .iter()
        .filter_map(|name| endpoints::find(name))
        .flat_map(|endpoint| endpoint.hosts(&fleet.identity.region));
    let mut all: Vec<String> = ALWAYS.map(str::to_owned).to_vec();
    for entry in hosts.chain(proxy.no_proxy.iter().cloned()) {
        if !all.contains(&entry) {
            all.push(entry);
        }
    }
    all
}

/// Whether an exception is one host, by its name or its IPv4 address: apt knows no other.
#[must_use]
pub fn is_host_name(exception: &str) -> bool {
    !exception.starts_with('.') && !exception.contains(['/', ':'])
}

/// The host and the port of the proxy, which is 80 where none is declared; `None` where the address has no host.
#[must_use]
pub fn host_and_port(proxy: &Proxy) -> Option<(url::Host<String>, u32)> {
    let url = url::Url::parse(&proxy.url).ok()?;
    let host = url.host()?.to_owned();
    Some((host, u32::from(url.port_or_known_default()?)))
}

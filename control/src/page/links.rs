//! Where else one looks at a host. What others show well is linked and not copied.

use super::settings::PageSettings;
use crate::registry::Host;

/// The links of a host: name and address.
pub fn of_host(settings: &PageSettings, host: &Host) -> Vec<(&'static str, String)> {
    let region = segment(&host.region);
    let id = segment(&host.id);
    let console = console(&host.region);
    let mut links = Vec::new();
    if let (Some(hatchet), Some(worker)) = (&settings.hatchet, &host.worker_id) {
        let base = hatchet.trim_end_matches('/');
        let tenant = settings
            .hatchet_tenant
            .as_deref()
            .map_or_else(String::new, |tenant| {
                format!("/tenants/{}", segment(tenant))
            });
        links.push((
            "Worker in Hatchet",
            format!("{base}{tenant}/workers/{}", segment(worker)),
        ));
    }
    links.push((
        "Metrics in CloudWatch",
        format!("https://{region}.{console}/cloudwatch/home?region={region}#metricsV2:graph=~();query=~'{id}"),
    ));
    if let Some(dashboard) = &settings.cloudwatch_dashboard {
        links.push((
            "Dashboard in CloudWatch",
            format!(
                "https://{region}.{console}/cloudwatch/home?region={region}#dashboards/dashboard/{}",
                segment(dashboard)
            ),
        ));
    }
    links.push((
        "Shell by Session Manager",
        format!("https://{region}.{console}/systems-manager/session-manager/{id}?region={region}"),
    ));
    links
}

/// The console of the region's partition.
fn console(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "console.amazonaws.cn"
    } else if region.starts_with("us-gov-") {
        "console.amazonaws-us-gov.com"
    } else {
        "console.aws.amazon.com"
    }
}

/// A part of an address, whatever it has in it: AWS has signed these, but a database may be edited.
fn segment(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

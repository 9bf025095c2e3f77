//! The CloudWatch agent's configuration: what it measures for the metrics of the registry, and
//! which logs it sends where. It is plain JSON, which has no comments. It is a part of the image, which belongs to no
//! environment: the names and the interval are placeholders that `valet-worker configure` fills at each start.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use valet_protocol::instance::placeholder;

use super::engine::{Engine, RenderError};
use super::format::FileSet;
use super::json::json_text;
use crate::catalog::metrics::{FLEET_DIMENSION, INSTANCE_DIMENSION, METRICS, Publisher};
use crate::resolve::Plan;

/// Its path below the environment's folder.
pub const PATH: &str = "cloudwatch/amazon-cloudwatch-agent.json";

/// The user that its package makes. To read the journal it has to be in `systemd-journal`.
const USER: &str = "cwagent";

/// The most seconds that a log waits, and so the most that are lost with an instance.
const FLUSH_SECONDS: u32 = 5;

/// A stream per instance; the agent knows the instance's id.
const STREAM: &str = "{instance_id}";

/// The journal from the boot to the agent's start, which valet-boot-log.service writes: the agent sends of the journal
/// what comes after its own start.
const BOOT_LOG: &str = "/var/log/valet-boot.log";

/// What the fleet's own programs write. The units are those that the image has.
const UNITS: [&str; 7] = [
    "valet-adspower.service",
    "valet-configure.service",
    "valet-novnc.service",
    "valet-runtime.service",
    "valet-vnc.service",
    "valet-worker.service",
    "valet-xvfb.service",
];

/// What the system writes: every way into the journal but a unit's own output, which would be all
/// of the browsers' lines once more. cloud-init tells of a first boot by its output alone.
const SYSTEM: [(&str, &str); 9] = [
    ("_TRANSPORT", "audit"),
    ("_TRANSPORT", "journal"),
    ("_TRANSPORT", "kernel"),
    ("_TRANSPORT", "syslog"),
    ("_SYSTEMD_UNIT", "cloud-config.service"),
    ("_SYSTEMD_UNIT", "cloud-final.service"),
    ("_SYSTEMD_UNIT", "cloud-init-local.service"),
    ("_SYSTEMD_UNIT", "cloud-init.service"),
    // Its name from 24.3 on.
    ("_SYSTEMD_UNIT", "cloud-init-network.service"),
];

/// Renders the configuration of every environment.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every format has this signature; this one cannot fail"
)]
pub fn render(_: &Engine, plan: &Plan, files: &mut FileSet) -> Result<(), RenderError> {
    for environment in &plan.environments {
        let name = &environment.identity.environment;
        files.insert(format!("{name}/{PATH}"), json_text(&configuration()));
    }
    Ok(())
}

fn configuration() -> Value {
    json!({
        "agent": {
            "metrics_collection_interval": placeholder::INTERVAL_SECONDS,
            "run_as_user": USER,
        },
        "metrics": {
            "namespace": placeholder::NAMESPACE,
            "append_dimensions": {
                FLEET_DIMENSION: "${aws:AutoScalingGroupName}",
                INSTANCE_DIMENSION: "${aws:InstanceId}",
            },
            // Of mem, swap and processes the second is what is measured as it is; of disk it is
            // not, because a file system's type and path are dimensions there.
            "aggregation_dimensions": [
                [FLEET_DIMENSION],
                [FLEET_DIMENSION, INSTANCE_DIMENSION],
            ],
            "metrics_collected": plugins(),
            "force_flush_interval": placeholder::INTERVAL_SECONDS,
        },
        "logs": {
            "logs_collected": {
                "files": { "collect_list": [{
                    "file_path": BOOT_LOG,
                    "log_group_name": placeholder::SYSTEM_LOG_GROUP,
                    "log_stream_name": format!("{STREAM}-boot"),
                }] },
                "journald": { "collect_list": logs() },
            },
            "log_stream_name": STREAM,
            "force_flush_interval": FLUSH_SECONDS,
        },
    })
}

/// One plugin of the agent, with what only the disk's needs.
#[derive(Default, Serialize)]
struct Plugin {
    measurement: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drop_device: Option<bool>,
    /// Metrics whose series with all of their dimensions are not sent: nobody reads them, and
    /// each is paid for. Where those dimensions are only the instance's this must stay empty: the
    /// agent makes no aggregate that has as many dimensions as the original.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    drop_original_metrics: Vec<&'static str>,
}

/// Every metric of the registry that is the agent's, by plugin.
fn plugins() -> BTreeMap<&'static str, Plugin> {
    let mut plugins = BTreeMap::<_, Plugin>::new();
    for metric in METRICS {
        let Publisher::CloudWatchAgent(measurement) = metric.publisher else {
            continue;
        };
        let plugin = plugins.entry(measurement.plugin).or_default();
        plugin.measurement.push(measurement.field);
        if measurement.plugin == "disk" {
            plugin.resources = vec!["/"];
            plugin.drop_device = Some(true);
            plugin.drop_original_metrics.push(metric.name);
        }
    }
    plugins
}

/// The log groups are Terraform's, with their key and retention.
fn logs() -> Value {
    let of_system: Vec<Value> = (SYSTEM.iter())
        .map(|(field, value)| json!({ *field: value }))
        .collect();
    json!([
        {
            "log_group_name": placeholder::SYSTEM_LOG_GROUP,
            "log_stream_name": STREAM,
            "matches": of_system,
        },
        {
            "log_group_name": placeholder::WORKER_LOG_GROUP,
            "log_stream_name": STREAM,
            "units": UNITS,
        },
    ])
}

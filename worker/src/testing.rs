//! What the tests of several parts start from.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use aws_sdk_ssm::config::retry::RetryConfig;
use aws_sdk_ssm::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use axum::Router;
use jiff::Timestamp;
use tokio::sync::mpsc::Receiver;
use valet_protocol::Config;

use crate::aws::Aws;
use crate::drain::command::DrainCommand;
use crate::host::{Host, Shared};
use crate::http_client::HttpClient;
use crate::metadata::Metadata;
use crate::state::{DrainSource, DrainStage, DrainState, Identity};

/// A configuration with short times, whose folders are under this one.
pub fn config(folder: &Path) -> Config {
    let folder = folder.display();
    let text = format!(
        r#"
fleet = "valet"
environment = "test"
region = "us-east-1"

[group]
name = "valet-test"
hook = "valet-test-drain"
hook_seconds = 300

[paths]
runtime_directory = "{folder}"
state_directory = "{folder}"
socket = "{folder}/worker.sock"

[api]
operators_group = "valet-operators"
connections = 64

[start]
identity_seconds = 5
secrets_seconds = 5
services_seconds = 5
runtime_seconds = 5

[runtime]
unit = "valet-runtime.service"
command = ["node", "main.js"]
user = "valet"
slots = {{ "t3.large" = 5 }}
slots_otherwise = 2
backoff_seconds = 1
longest_backoff_seconds = 60
stop_seconds = 10

[services]
interval_seconds = 5
timeout_seconds = 2
failures = 3
successes = 2
adspower = {{ unit = "valet-adspower.service", user = "adspower", port = 50325 }}
xvfb = {{ unit = "valet-xvfb.service", socket = "/tmp/.X11-unix/X99" }}
novnc = {{ unit = "valet-novnc.service", vnc_unit = "valet-vnc.service", port = 6080 }}

[heal]
restart_limit = 3
window_seconds = 900
backoff_seconds = 5
memory_percent = 90
disk_percent = 90

[drain]
task_seconds = 60
margin_seconds = 20
late_assignments_seconds = 3
maintenance_lead_seconds = 600

[notices]
interval_seconds = 5
timeout_seconds = 1
rebalance_seconds = 900

[heartbeat]
url = "http://127.0.0.1:9/heartbeat"
interval_seconds = 30

[metrics]
namespace = "Valet/Workers"
interval_seconds = 60

[hatchet]
tasks = ["apply-to-job"]
labels = {{ region = "{{region}}", instanceType = "{{instance_type}}", adspower = "{{adspower}}", capacity = "{{capacity}}" }}
tls = "none"

[rotation]
interval_seconds = 1

[secrets]
"#
    );
    Config::parse(&text).unwrap()
}

/// AWS at this address, asked once and with made-up credentials. There is no metadata service.
pub fn aws(address: SocketAddr) -> Aws {
    let http = HttpClient::new();
    let shared = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "AKIDEXAMPLE",
            "secret",
            None,
            None,
            "test",
        )))
        .http_client(http.clone())
        .retry_config(RetryConfig::disabled())
        .build();
    Aws::with(Metadata::new(http, Duration::from_secs(1)), &shared)
}

/// A host of this configuration, whose AWS nobody answers for, and the receiver of its drain commands.
pub fn host(config: Config) -> (Shared, Receiver<DrainCommand>) {
    host_with(config, SocketAddr::from(([127, 0, 0, 1], 9)))
}

/// The same with AWS at this address.
pub fn host_with(config: Config, address: SocketAddr) -> (Shared, Receiver<DrainCommand>) {
    let (host, _handles, orders) = Host::new(config, aws(address), HttpClient::new());
    (host, orders)
}

/// Serves on a free port of loopback until the test's runtime ends.
pub async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A spot instance.
pub fn identity() -> Identity {
    Identity {
        instance_id: "i-0123456789abcdef0".to_owned(),
        instance_type: "t3.large".to_owned(),
        zone: "us-east-1a".to_owned(),
        lifecycle: "spot".to_owned(),
        group: "valet-test".to_owned(),
        document: "{}".to_owned(),
        signature: "signature".to_owned(),
        rsa2048: Some("signed document".to_owned()),
    }
}

/// A drain that has just begun, without an end in sight.
pub fn drain() -> DrainState {
    DrainState {
        causes: BTreeMap::from([(DrainSource::Operator, "a test".to_owned())]),
        began: Timestamp::now(),
        deadline: None,
        aborting: false,
        stage: DrainStage::Tasks,
    }
}

/// The TLS provider that the program installs when it begins.
pub fn provider() {
    // The second one to do so is refused, and nothing is lost.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

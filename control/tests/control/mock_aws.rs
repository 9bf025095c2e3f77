//! moto, and what AWS's own client for Python says of it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use test_support::mock_aws::MockAws;
use test_support::problem::Problem;
use test_support::skip;
use valet_control::aws::{Aws, CredentialCache, CredentialSource, Endpoints};
use valet_control::outbound::Outbound;
use valet_test_kit::{boto3, moto};

use crate::support::REGION;

/// It ends with this process, whose end of its standard input is closed then.
static MOCK: OnceLock<Option<MockAws>> = OnceLock::new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The mock's address; nothing where Python is not installed.
pub async fn address() -> Option<String> {
    let start = || {
        let started = MOCK.get_or_init(|| match MockAws::start() {
            Ok(mock) => Some(mock),
            Err(Problem::Missing(what)) => {
                skip(&what);
                None
            }
            Err(Problem::Failed(what)) => panic!("{what}"),
        });
        started.as_ref().map(|mock| mock.address().to_owned())
    };
    tokio::task::spawn_blocking(start).await.expect("no panic")
}

/// A client with keys that nobody checks.
pub fn client(address: &str) -> Aws {
    let keys = |name: &str| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("testing".to_owned()),
        _ => None,
    };
    Aws::new(
        Outbound::default(),
        CredentialCache::new(CredentialSource::from_environment(keys, REGION)),
        Endpoints::new(|_| None, Some(address)),
    )
}

/// Runs a Python program with boto3, after `ec2`, `asg`, `cw` and `NAME` have been set. What it prints is JSON.
pub async fn boto(address: &str, name: &str, program: &str) -> Value {
    let program = format!(
        "import boto3, json, datetime\nec2 = boto3.client('ec2')\nasg = boto3.client('autoscaling')\n\
         cw = boto3.client('cloudwatch')\nNAME = {name:?}\n{program}"
    );
    let address = address.to_owned();
    let run = move || {
        let environment = [
            ("AWS_ENDPOINT_URL", address.as_str()),
            ("AWS_ACCESS_KEY_ID", "testing"),
            ("AWS_SECRET_ACCESS_KEY", "testing"),
        ];
        boto3::run(&program, &environment).expect("it runs")
    };
    let text = tokio::task::spawn_blocking(run).await.expect("no panic");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// Calls moto by the query protocol.
pub async fn query(
    address: &str,
    service: &str,
    action: &str,
    parameters: &[(&str, &str)],
) -> String {
    let answer = moto::query(address, service, action, parameters).await;
    answer.expect("moto does it")
}

/// A new group of this many instances in two zones: its name and their ids.
pub async fn make_group(address: &str, size: u32) -> (String, Vec<String>) {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("group-{number}");
    let template = [
        ("LaunchTemplateName", name.as_str()),
        // One of moto's own images.
        ("LaunchTemplateData.ImageId", "ami-12c6146b"),
        ("LaunchTemplateData.InstanceType", "t3.micro"),
    ];
    query(address, "ec2", "CreateLaunchTemplate", &template).await;
    let size = size.to_string();
    let group = [
        ("AutoScalingGroupName", name.as_str()),
        ("LaunchTemplate.LaunchTemplateName", &name),
        ("MinSize", "0"),
        ("MaxSize", "30"),
        ("DesiredCapacity", &size),
        ("AvailabilityZones.member.1", "us-east-1a"),
        ("AvailabilityZones.member.2", "us-east-1b"),
    ];
    let group = group.map(|(name, value)| {
        if name == "MaxSize" && size.len() > 1 {
            (name, "50")
        } else {
            (name, value)
        }
    });
    query(address, "autoscaling", "CreateAutoScalingGroup", &group).await;
    let ids = members(address, &name).await;
    (name, ids)
}

/// The ids of a group's instances now; the ids of those that are protected, if only they are asked for.
async fn instances(address: &str, name: &str, only_protected: bool) -> Vec<String> {
    let groups = client(address)
        .auto_scaling_groups(REGION, &[name.to_owned()])
        .await
        .expect("moto answers");
    let mut ids: Vec<String> = groups[0]
        .instances
        .iter()
        .filter(|instance| instance.is_protected || !only_protected)
        .map(|instance| instance.id.clone())
        .collect();
    ids.sort();
    ids
}

/// The ids of a group's instances now.
pub async fn members(address: &str, name: &str) -> Vec<String> {
    instances(address, name, false).await
}

/// The ids of a group's instances that are protected from scale-in.
pub async fn protected(address: &str, name: &str) -> Vec<String> {
    instances(address, name, true).await
}

//! Every key of the language does something: another value changes what is rendered, what it costs or what is baked.
//! And it changes the image exactly where the reference says that it does.

use std::collections::BTreeSet;

use test_support::pipeline::{files_of, fixture_text, try_plan_of};
use toml::{Table, Value};
use valet_gen::cost;
use valet_gen::fleet::image_keys::shapes_image;
use valet_gen::images::config_sha256;
use valet_gen::resolve::Plan;

/// Keys whose value shows in nothing that is looked at here, each with what it does.
const WITHOUT_EFFECT: [(&str, &str); 21] = [
    (
        "valet_gen",
        "another generator than this one refuses the file",
    ),
    ("image.builder", "`bake` makes the image with it"),
    ("image.retain.count", "`bake gc` keeps so many images"),
    (
        "image.source",
        "where images.lock has an image, it says whether Terraform reads it",
    ),
    (
        "image.hardening.waivers.expires",
        "a rule refuses the fleet after it",
    ),
    (
        "image.secret_exceptions.reason",
        "whoever reviews the file reads it",
    ),
    ("image.hardening.waivers.reason", "`audit` prints it"),
    (
        "instances.capacity.browser_memory_mib",
        "slots that are left out follow from it",
    ),
    (
        "instances.capacity.browsers_per_vcpu",
        "slots that are left out follow from it",
    ),
    (
        "instances.capacity.reserved_memory_mib",
        "slots that are left out follow from it",
    ),
    ("plan_waiver.address", "`plan-review` reads it"),
    ("plan_waiver.environment", "`plan-review` reads it"),
    ("plan_waiver.expires", "`plan-review` reads it"),
    ("plan_waiver.reason", "`plan-review` reads it"),
    ("plan_waiver.rule", "`plan-review` reads it"),
    (
        "instance_types.m9x.large.memory_mib",
        "slots that are left out follow from it",
    ),
    (
        "instance_types.m9x.large.spot",
        "a rule refuses spot where it is not offered",
    ),
    (
        "instance_types.m9x.large.usd_per_hour",
        "an estimate goes by the type of first choice",
    ),
    (
        "instance_types.m9x.large.vcpus",
        "slots that are left out follow from it",
    ),
    ("terraform.own_files", "`render` leaves these files alone"),
    (
        "worker.heartbeat.offline_after_seconds",
        "a rule holds the interval against it",
    ),
];

/// Keys that have one value, or whose other values ask for another value elsewhere, each with what that is.
const NOT_ALONE: [(&str, &str); 14] = [
    ("fleet.region", "zones and keys are of a region"),
    ("image.hardening.profile", "there is one"),
    (
        "instances.architecture",
        "instance types are of an architecture",
    ),
    (
        "instance_types.m9x.large.architecture",
        "instance types are of an architecture",
    ),
    (
        "instances.metadata_options.http_tokens",
        "the other one is refused",
    ),
    ("instances.volumes.encrypted", "the other one is refused"),
    ("instances.volumes.volume_type", "there is one"),
    (
        "instances.root_volume.encrypted",
        "the other one is refused",
    ),
    (
        "instances.root_volume.volume_type",
        "only gp3 takes a throughput",
    ),
    ("network.availability_zones", "each zone has subnets"),
    ("scaling.queue.steps.to", "there is one"),
    (
        "secrets.WORKER_API_KEY.store",
        "only Secrets Manager rotates",
    ),
    ("terraform.backend.region", "the bucket is there"),
    ("terraform.backend.type", "there is one"),
];

/// Other values of keys for which no rule makes one, as TOML.
const OTHER_VALUES: &[(&str, &str)] = &[
    ("fleet.region", "\"us-east-1\""),
    (
        "encryption.kms_key",
        "\"arn:aws:kms:us-west-2:111122223333:key/21234567-89ab-4def-8123-456789abcdef\"",
    ),
    (
        "terraform.backend.kms_key_id",
        "\"arn:aws:kms:us-east-1:111122223333:key/21234567-89ab-4def-8123-456789abcdef\"",
    ),
    ("terraform.required_version", "\">= 1.12, < 2.0\""),
    ("terraform.aws_provider", "\">= 6.0, < 7.0\""),
    ("terraform.backend.type", "\"s3\""),
    ("network.cidr_block", "\"10.64.0.0/17\""),
    ("network.nat_gateways", "\"single\""),
    ("network.flow_logs.traffic_type", "\"ALL\""),
    ("network.flow_logs.retention_in_days", "365"),
    ("network.egress.protocol", "\"udp\""),
    ("network.egress.cidr_block", "\"10.64.0.0/19\""),
    ("network.egress.ipv6_cidr_block", "\"2001:db8::/36\""),
    ("instances.volumes.device_name", "\"/dev/sdg\""),
    ("network.egress.prefix_list", "\"pl-0123456789abcdef1\""),
    (
        "network.private_subnets",
        "[\"10.64.0.0/22\", \"10.64.8.0/21\", \"10.64.16.0/21\", \"10.64.24.0/21\"]",
    ),
    (
        "network.public_subnets",
        "[\"10.64.60.0/24\", \"10.64.57.0/24\", \"10.64.58.0/24\", \"10.64.59.0/24\"]",
    ),
    (
        "instances.spot_allocation_strategy",
        "\"price-capacity-optimized\"",
    ),
    ("instances.cpu_credits", "\"unlimited\""),
    ("instances.types.instance_type", "\"m8i.large\""),
    ("instances.root_volume.kms_key", "\"managed\""),
    ("instances.root_volume.volume_type", "\"io2\""),
    ("scaling.queue.steps.to", "\"max\""),
    ("schedule.recurrence", "\"31 6 * * MON-FRI\""),
    ("schedule.time_zone", "\"America/Denver\""),
    (
        "image.payload.node.source",
        "\"https://nodejs.org/dist/v22.14.0/node-v22.14.0-linux-x64.tar.gz\"",
    ),
    ("iam.path", "\"/other/\""),
    ("iam.s3.access", "\"read\""),
    (
        "terraform.allowed_account_ids",
        "[\"111122223333\", \"444455556666\"]",
    ),
    ("image.base", "\"ubuntu-22.04\""),
    ("image.builder", "\"imagebuilder\""),
    ("image.source", "\"lock\""),
    ("image.build_instance_type", "\"m7i.large\""),
    ("image.regions", "[\"us-west-2\"]"),
    ("image.share_with", "[]"),
    (
        "image.packages",
        "[\"xvfb\", \"novnc\", \"websockify\", \"amazon-ec2-utils\"]",
    ),
    ("image.hardening.waivers.control", "\"os.umask\""),
    (
        "image.payload.runtime.source",
        "\"s3://orchard-builds/other.tar.zst\"",
    ),
    ("image.ca_certificates.certificate", OTHER_CERTIFICATE),
    ("image.apt_sources.key", OTHER_KEY),
    ("image.apt_sources.suites", "[\"jammy\"]"),
    ("image.files.owner", "\"adspower\""),
    ("image.files.group", "\"adspower\""),
    ("image.files.mode", "\"0600\""),
    (
        "worker.heartbeat.url",
        "\"https://api.orchard.example/other\"",
    ),
    (
        "worker.runtime.command",
        "[\"node\", \"/opt/orchard/main.js\"]",
    ),
    ("worker.hatchet.tls", "\"none\""),
    ("network.proxy.url", "\"http://other.orchard.example:3128\""),
    ("network.proxy.no_proxy", "[\".orchard.example\"]"),
    ("control.runs_on", "\"ec2\""),
    (
        "control.trusted_role_arns",
        "[\"arn:aws:iam::111122223333:role/other-pods\"]",
    ),
    ("control.secret", "\"WORKER_API_KEY\""),
    ("access.operators", "\"identity_center\""),
    ("access.ssh", "\"none\""),
    ("access.session_manager.log_to", "[\"cloudwatch\"]"),
    ("access.session_manager.retention_in_days", "365"),
    (
        "alerts.runbook_base_url",
        "\"https://wiki.orchard.example/other/\"",
    ),
    ("secrets.DATABASE_URL.store", "\"secretsmanager\""),
    ("secrets.DATABASE_URL.read", "\"boot\""),
    ("alarm.statistic", "\"Minimum\""),
    (
        "alarm.comparison_operator",
        "\"LessThanOrEqualToThreshold\"",
    ),
    ("alarm.treat_missing_data", "\"notBreaching\""),
    ("alarm.name", "\"runtime-down\""),
    ("alarm.metric", "\"SlotUtilization\""),
];

/// The certificate of another authority.
const OTHER_CERTIFICATE: &str = r"'''
-----BEGIN CERTIFICATE-----
MIIBkzCCATmgAwIBAgIUPAvkhPZQtXAkTRy4x5epgWFqM+IwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLT3JjaGFyZCB0d28wIBcNMjYxMTI5MjExMTU2WhgPMjEyNjEx
MDUyMTExNTZaMBYxFDASBgNVBAMMC09yY2hhcmQgdHdvMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEEGZDOoOQ25b0aT8ozIov9BlAsIxmbe3gDVygV/fNFy/stcq4
Jzn+kUxbHO5gta9mjHpMnFBiDG01su6vr3uuHaNjMGEwHQYDVR0OBBYEFKyWYiOL
oDLlYE5o5OsgP1bx8rIKMB8GA1UdIwQYMBaAFKyWYiOLoDLlYE5o5OsgP1bx8rIK
MA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49BAMCA0gA
MEUCIQC/06OIWKOkGEZ9BotGV6rIvTwOpBNuh7uwO8/a+1C7rgIgSO3S/ZcW6E1H
HmeH5z9oIByx1qoegx7jxpRd9NfJ1yI=
-----END CERTIFICATE-----
'''";

/// Another key of a package source.
const OTHER_KEY: &str = r"'''
-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawyVHBYJKwYBBAHaRw8BAQdA8ypOOueng0SwCMeCetb3vkwtvNigV9QpOFCT
GR66xxq0Jk9yY2hhcmQgdHdvIDxwYWNrYWdlc0BvcmNoYXJkLmV4YW1wbGU+iJAE
ExYIADgWIQQSNYtMOx7/0jBbRhz0xFzwlZlFBAUCawyVHAIbAwULCQgHAgYVCgkI
CwIEFgIDAQIeAQIXgAAKCRD0xFzwlZlFBN6EAP0bck2r38k0VDoXnYTbVLGriPxs
ZEPA8u2ICASkHwdQ2QEA8AdHLJFQfNnz6mAy4fiBm/bPHEq9OjX3g4X/s0l53Ak=
=dDj2
-----END PGP PUBLIC KEY BLOCK-----
'''";

/// The full fleet, in its one environment.
fn fleet() -> Table {
    let mut fleet: Table = fixture_text("golden-full").parse().expect("TOML");
    let environments = fleet["environments"].as_table_mut().expect("a table");
    environments.remove("trial");
    fleet
}

/// The same with prices of its own for the type of first choice, by which the estimate goes.
fn fleet_with_prices() -> Table {
    let mut fleet = fleet();
    let types = fleet["instances"]["types"].as_array_mut().expect("a list");
    let first = types[0].as_table_mut().expect("a table");
    first.insert("spot_price_ratio".to_owned(), Value::Float(0.4));
    first.insert("usd_per_hour".to_owned(), Value::Float(0.2));
    fleet
}

/// A step on the way to a value.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Entry(usize),
}

/// The way to every value of a table.
fn ways(value: &Value, way: &[Step], found: &mut Vec<Vec<Step>>) {
    let deeper = |step: Step| [way, &[step]].concat();
    match value {
        Value::Table(table) if !way.is_empty() || !table.is_empty() => {
            for (key, value) in table {
                ways(value, &deeper(Step::Key(key.clone())), found);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_table) => {
            for (index, item) in items.iter().enumerate() {
                ways(item, &deeper(Step::Entry(index)), found);
            }
        }
        _ => found.push(way.to_vec()),
    }
}

/// A way in the words of the reference: without the places of lists.
fn key_of(way: &[Step]) -> String {
    let keys = way.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Entry(_) => None,
    });
    keys.collect::<Vec<_>>().join(".")
}

fn at<'v>(value: &'v mut Value, way: &[Step]) -> &'v mut Value {
    way.iter().fold(value, |value, step| match step {
        Step::Key(key) => &mut value[key.as_str()],
        Step::Entry(index) => &mut value[*index],
    })
}

/// Values that may stand in the place of this one.
fn others(key: &str, value: &Value) -> Vec<Value> {
    let written = OTHER_VALUES.iter().filter(|(of, _)| *of == key);
    let written = written.map(|(_, text)| {
        let table: Table = format!("v = {text}").parse().expect("TOML");
        table["v"].clone()
    });
    let made: Vec<Value> = match value {
        Value::Boolean(value) => vec![Value::Boolean(!value)],
        Value::Integer(value) => [
            value - 1,
            value + 1,
            value - 5,
            value + 5,
            value * 2,
            value / 2,
        ]
        .map(Value::Integer)
        .to_vec(),
        Value::Float(value) => [value * 0.9, value * 1.1].map(Value::Float).to_vec(),
        Value::String(text) if key.ends_with("sha256") => {
            vec![Value::String(text.chars().rev().collect())]
        }
        Value::String(text) if key.ends_with(".read") || key.ends_with(".store") => {
            ["boot", "runtime", "ssm", "secretsmanager"]
                .into_iter()
                .filter(|word| word != text)
                .map(Value::from)
                .collect()
        }
        Value::String(text) => ["x", "2", ".deb"]
            .map(|end| Value::String(format!("{text}{end}")))
            .to_vec(),
        Value::Array(items) if items.len() > 1 => {
            vec![Value::Array(items[..items.len() - 1].to_vec())]
        }
        Value::Array(items) => {
            let longer = items.iter().filter_map(Value::as_str);
            vec![
                longer
                    .map(|text| format!("{text}2"))
                    .collect::<Vec<_>>()
                    .into(),
            ]
        }
        Value::Datetime(_) => {
            let table: Table = "v = 2027-06-29".parse().expect("TOML");
            vec![table["v"].clone()]
        }
        Value::Table(_) => Vec::new(),
    };
    written.chain(made).collect()
}

/// What a fleet comes to.
struct Result {
    everything: String,
    image: String,
}

fn result(plan: &Plan) -> Result {
    let files = files_of(plan);
    let payload: Vec<_> = plan
        .environments
        .iter()
        .map(|environment| &environment.image.payload)
        .collect();
    Result {
        everything: format!(
            "{files:?}{}{payload:?}",
            cost::to_json(&cost::estimate(plan))
        ),
        image: config_sha256(&files, "production"),
    }
}

/// The first other value that the rules accept, and what it comes to.
fn with_another(fleet: &Table, way: &[Step]) -> Option<Result> {
    let mut fleet = Value::Table(fleet.clone());
    let value = at(&mut fleet, way).clone();
    others(&key_of(way), &value).into_iter().find_map(|other| {
        if other == value {
            return None;
        }
        *at(&mut fleet, way) = other;
        let text = toml::to_string(&fleet).expect("TOML");
        Some(result(&try_plan_of(&text).ok()?))
    })
}

/// What another value of each key comes to.
#[derive(Default)]
struct Walk {
    tried: BTreeSet<String>,
    untried: BTreeSet<String>,
    effective: BTreeSet<String>,
    shaping: BTreeSet<String>,
}

impl Walk {
    /// Gives each of these keys another value, one at a time.
    fn through(&mut self, fleet: &Table, is_walked: impl Fn(&str) -> bool) {
        let text = toml::to_string(fleet).expect("TOML");
        let before = result(&try_plan_of(&text).expect("valid"));
        let mut all = Vec::new();
        ways(&Value::Table(fleet.clone()), &[], &mut all);
        for way in all {
            let key = key_of(&way);
            if !is_walked(&key) {
                continue;
            }
            let Some(after) = with_another(fleet, &way) else {
                self.untried.insert(key);
                continue;
            };
            if after.everything != before.everything {
                self.effective.insert(key.clone());
            }
            if after.image != before.image {
                self.shaping.insert(key.clone());
            }
            self.tried.insert(key);
        }
    }
}

#[test]
fn every_key_changes_something_and_the_image_where_it_is_said() {
    let prices = [
        "instances.types.spot_price_ratio",
        "instances.types.usd_per_hour",
    ];
    let mut walk = Walk::default();
    walk.through(&fleet(), |key| !prices.contains(&key));
    walk.through(&fleet_with_prices(), |key| prices.contains(&key));
    let known = WITHOUT_EFFECT.iter().chain(&NOT_ALONE);
    let known: BTreeSet<&str> = known.map(|(key, _)| *key).collect();
    let excused = |key: &&String| known.contains(key.as_str());
    let without = walk.tried.difference(&walk.effective);
    let without: Vec<_> = without.filter(|key| !excused(key)).collect();
    assert_eq!(without, Vec::<&String>::new(), "these keys change nothing");
    let untried = walk.untried.difference(&walk.tried);
    let untried: Vec<_> = untried.filter(|key| !excused(key)).collect();
    assert_eq!(untried, Vec::<&String>::new(), "give these another value");
    let said: BTreeSet<_> = walk.tried.iter().filter(|key| shapes_image(key)).collect();
    let found: BTreeSet<_> = walk.shaping.iter().collect();
    assert_eq!(
        found, said,
        "keys that shape the image, and those marked so"
    );
    assert!(walk.tried.len() > 100, "{}", walk.tried.len());
}

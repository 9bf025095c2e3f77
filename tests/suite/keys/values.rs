//! Other values of a key: from the schema, made, or written here.

use std::fs;
use std::sync::LazyLock;

use serde_json::Value as Json;
use test_support::pipeline::repository;
use toml::{Table, Value};

/// Other values of keys that neither the schema lists nor [`made`] makes, as TOML.
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
    ("network.flow_logs.retention_in_days", "365"),
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
    ("instances.types.instance_type", "\"m8i.large\""),
    ("instances.root_volume.kms_key", "\"managed\""),
    ("instances.root_volume.volume_type", "\"io2\""),
    ("schedule.recurrence", "\"31 6 * * MON-FRI\""),
    ("schedule.time_zone", "\"America/Denver\""),
    (
        "image.payload.node.source",
        "\"https://nodejs.org/dist/v22.14.0/node-v22.14.0-linux-x64.tar.gz\"",
    ),
    ("iam.path", "\"/other/\""),
    (
        "terraform.allowed_account_ids",
        "[\"111122223333\", \"444455556666\"]",
    ),
    ("image.build_instance_type", "\"m7i.large\""),
    ("image.regions", "[\"us-west-2\"]"),
    ("image.share_with", "[\"444455556666\"]"),
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
    ("network.proxy.url", "\"http://other.orchard.example:3128\""),
    ("network.proxy.no_proxy", "[\".orchard.example\"]"),
    (
        "control.trusted_role_arns",
        "[\"arn:aws:iam::111122223333:role/other-pods\"]",
    ),
    ("control.secret", "\"WORKER_API_KEY\""),
    ("access.session_manager.log_to", "[\"cloudwatch\"]"),
    ("access.session_manager.retention_in_days", "365"),
    (
        "alerts.runbook_base_url",
        "\"https://wiki.orchard.example/other/\"",
    ),
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

static SCHEMA: LazyLock<Json> = LazyLock::new(|| {
    let text = fs::read_to_string(repository().join("fleet.schema.json"));
    serde_json::from_str(&text.expect("the schema")).expect("JSON")
});

/// Values that may stand in the place of this one.
pub fn others(key: &str, value: &Value) -> Vec<Value> {
    let written = OTHER_VALUES.iter().filter(|(of, _)| *of == key);
    let written = written.map(|(_, text)| {
        let table: Table = format!("v = {text}").parse().expect("TOML");
        table["v"].clone()
    });
    written.chain(listed(key)).chain(made(key, value)).collect()
}

/// Values that differ a little.
fn made(key: &str, value: &Value) -> Vec<Value> {
    match value {
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
    }
}

/// The words that the schema lists for a key.
fn listed(key: &str) -> impl Iterator<Item = Value> {
    let of_key = key.split('.').fold(vec![&*SCHEMA], |schemas, key| {
        let of_step = schemas.into_iter().flat_map(alternatives);
        of_step.filter_map(|schema| child(schema, key)).collect()
    });
    let words = of_key.into_iter().flat_map(alternatives).flat_map(words);
    words.map(Value::from)
}

/// What a schema may be instead: itself, what it refers to, and each of its alternatives.
fn alternatives(schema: &'static Json) -> Vec<&'static Json> {
    let of_reference = schema["$ref"].as_str().and_then(|reference| {
        // Those of the schema are all in `$defs`, and none refers to itself.
        let name = reference.strip_prefix("#/$defs/")?;
        SCHEMA["$defs"].get(name)
    });
    let of_lists = ["anyOf", "oneOf", "allOf"].map(|list| schema[list].as_array());
    let others = of_lists.into_iter().flatten().flatten();
    let others = others.chain(of_reference).chain(schema.get("items"));
    let mut all = vec![schema];
    all.extend(others.flat_map(alternatives));
    all
}

fn child(schema: &'static Json, key: &str) -> Option<&'static Json> {
    let of_map = schema
        .get("additionalProperties")
        .filter(|it| it.is_object());
    schema["properties"].get(key).or(of_map)
}

fn words(schema: &'static Json) -> impl Iterator<Item = &'static str> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    listed.chain(schema.get("const")).filter_map(Json::as_str)
}

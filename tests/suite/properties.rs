//! What holds for every text, not only for those that somebody thought of.

use jiff::civil::date;
use proptest::prelude::*;
use valet_gen::check::check;
use valet_gen::diagnostic::{DiagnosticFormat, DiagnosticReport, SourceText, print};
use valet_gen::load::load;

fn report(text: &str) -> DiagnosticReport {
    let source = SourceText {
        path: "fleet.toml".to_owned(),
        text: text.to_owned(),
    };
    let today = date(2026, 9, 1);
    match load(&source) {
        Ok(loaded) => check(&source, loaded, today).report,
        Err(report) => report,
    }
}

/// Loads, checks and prints a text in every format; a panic fails the test.
fn survive(text: &str) -> Result<(), TestCaseError> {
    let report = report(text);
    for diagnostic in &report.diagnostics {
        prop_assert!(
            text.get(diagnostic.span.clone()).is_some(),
            "{diagnostic:?}"
        );
    }
    let reports = [report];
    for format in [
        DiagnosticFormat::Human,
        DiagnosticFormat::Json,
        DiagnosticFormat::Sarif,
        DiagnosticFormat::Github,
    ] {
        prop_assert!(text.is_empty() || print(&reports, format, true).len() < usize::MAX);
    }
    Ok(())
}

const TABLES: [&str; 20] = [
    "fleet",
    "terraform",
    "network",
    "network.flow_logs",
    "network.existing",
    "[network.egress]",
    "instances",
    "instances.root_volume",
    "instances.capacity",
    "scaling",
    "scaling.queue",
    "[schedule]",
    "image",
    "[image.hardening.waivers]",
    "worker.heartbeat",
    "worker.drain",
    "secrets",
    "access.session_manager",
    "[alarm]",
    "environments.staging.scaling",
];

const KEYS: [&str; 30] = [
    "name",
    "region",
    "tags",
    "backend",
    "cidr_block",
    "availability_zones",
    "private_subnets",
    "public_subnets",
    "nat_gateways",
    "vpc_endpoints",
    "port",
    "to_port",
    "description",
    "types",
    "architecture",
    "volume_size",
    "min_size",
    "max_size",
    "steps",
    "recurrence",
    "time_zone",
    "packages",
    "control",
    "reason",
    "expires",
    "url",
    "task_seconds",
    "period",
    "threshold",
    "evaluation_periods",
];

/// A value as somebody might type it, right or wrong.
fn value() -> impl Strategy<Value = String> {
    let text = "\\PC{0,20}".prop_map(|text| format!("{text:?}"));
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        (0_u32..100).prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:?}")),
        any::<bool>().prop_map(|word| word.to_string()),
        text.clone(),
        prop::collection::vec(text, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
        prop::sample::select(vec![
            "\"us-east-1\"",
            "\"valet\"",
            "\"10.0.0.0/16\"",
            "\"0.0.0.0/0\"",
            "[\"us-east-1a\", \"us-east-1a\"]",
            "[\"10.0.0.0/32\", \"10.0.0.0/0\"]",
            "[{ instance_type = \"m7i.large\" }]",
            "[{ instance_type = \"🚗\", slots = 500, weight = 999 }]",
            "\"0 0 30 2 *\"",
            "\"*/0 * * * *\"",
            "\"* * * * *\"",
            "\"America/New_York\"",
            "2027-06-30",
            "{}",
            "{ type = \"s3\", bucket = \"é\" }",
            "\"https://a:b@c/\"",
            "\"🎉\"",
            "nan",
        ])
        .prop_map(str::to_owned),
    ]
}

fn table() -> impl Strategy<Value = String> {
    let key = prop::sample::select(KEYS.to_vec());
    let lines = prop::collection::btree_map(key, value(), 0..6);
    (prop::sample::select(TABLES.to_vec()), lines).prop_map(|(name, lines)| {
        let lines: String = lines
            .into_iter()
            .map(|(key, value)| format!("{key} = {value}\n"))
            .collect();
        format!("[{name}]\n{lines}")
    })
}

const HEAD: &str = "[fleet]\nname = \"valet\"\nregion = \"us-east-1\"\n[instances]\n\
                    types = [{ instance_type = \"m7i.large\" }]\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survive(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn characters_in_a_fleet_never_panic(text in "(\\PC|[\\r\\n\\t\"'=\\[\\]]){0,80}") {
        survive(&format!("{HEAD}{text}"))?;
    }

    #[test]
    fn tables_never_panic(tables in prop::collection::vec(table(), 0..8), crlf in any::<bool>()) {
        let mut text = tables.concat();
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        survive(&text)?;
        survive(&format!("{HEAD}{}", text.replace("[fleet]", "[audit]").replace("[instances]", "[cost]")))?;
    }

    #[test]
    fn one_value_anywhere_never_panics(table in prop::sample::select(TABLES.to_vec()), key in prop::sample::select(KEYS.to_vec()), value in value()) {
        if table != "fleet" && table != "instances" {
            survive(&format!("{HEAD}[{table}]\n{key} = {value}\n"))?;
        }
    }

    #[test]
    fn an_overlay_of_nothing_changes_nothing(
        max_size in 1_u32..100,
        tables in prop::collection::btree_set(prop::sample::select(vec!["network", "scaling", "image", "worker", "worker.drain", "fleet.tags"]), 0..6),
    ) {
        let overlay: String = tables
            .iter()
            .map(|table| format!("[environments.staging.{table}]\n"))
            .collect();
        let text = format!("{HEAD}[scaling]\nmax_size = {max_size}\n[environments.staging]\n{overlay}");
        let source = SourceText { path: "fleet.toml".to_owned(), text };
        let loaded = load(&source).expect("the text is a fleet");
        let staging = &loaded.environments[0].fleet;
        prop_assert_eq!(format!("{:?}", staging), format!("{:?}", loaded.base.fleet));
        prop_assert_eq!(
            serde_json::to_value(staging).expect("a fleet is JSON"),
            serde_json::to_value(&loaded.base.fleet).expect("a fleet is JSON")
        );
    }
}

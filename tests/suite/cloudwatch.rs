//! The CloudWatch agent's configuration: what the agent accepts, and what the alarms read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use test_support::hcl;
use test_support::pipeline::{files_of, fixture_text, plan_of, repository};
use valet_gen::catalog::metrics::{self, METRICS, Publisher};
use valet_gen::render::FileSet;
use valet_gen::resolve::{AlarmQuery, Environment};
use valet_protocol::instance::InstanceSettings;

/// Every environment of the fixtures with all of its files.
fn environments() -> Vec<(Environment, FileSet)> {
    let plans = ["golden-minimal", "golden-full"].map(|name| plan_of(&fixture_text(name)));
    plans
        .iter()
        .flat_map(|plan| {
            let files = files_of(plan);
            let of_all = plan.environments.iter().cloned();
            of_all.map(move |environment| (environment, files.clone()))
        })
        .collect()
}

fn configuration(environment: &Environment, files: &FileSet) -> Value {
    let path = format!(
        "{}/cloudwatch/amazon-cloudwatch-agent.json",
        environment.identity.environment
    );
    let mut configuration = serde_json::from_str(&files[&path]).expect("JSON");
    // As `valet-worker configure` does.
    settings(environment, files)
        .cloudwatch
        .fill(&mut configuration);
    configuration
}

fn settings(environment: &Environment, files: &FileSet) -> InstanceSettings {
    let path = format!(
        "{}/terraform/instance.json",
        environment.identity.environment
    );
    InstanceSettings::parse(&files[&path]).expect("settings")
}

fn configurations() -> Vec<(Environment, Value)> {
    environments()
        .into_iter()
        .map(|(environment, files)| {
            let configuration = configuration(&environment, &files);
            (environment, configuration)
        })
        .collect()
}

/// Lists of texts.
fn texts(value: &Value) -> BTreeSet<String> {
    let items = value.as_array().expect("a list").iter();
    items
        .map(|item| item.as_str().expect("a text").to_owned())
        .collect()
}

/// What the agent publishes by plugin: it puts the plugin's name before what is measured, unless
/// that begins with it already.
fn published(configuration: &Value) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    let plugins = configuration["metrics"]["metrics_collected"].as_object();
    for (plugin, settings) in plugins.expect("plugins") {
        for measurement in texts(&settings["measurement"]) {
            let name = if measurement.starts_with(&format!("{plugin}_")) {
                measurement
            } else {
                format!("{plugin}_{measurement}")
            };
            assert_eq!(names.insert(name, plugin.clone()), None, "measured twice");
        }
    }
    names
}

#[test]
fn the_agent_s_own_schema_accepts_it() {
    let text =
        std::fs::read_to_string(repository().join("tests/data/cloudwatch-agent.schema.json"))
            .expect("the schema is there");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for (environment, configuration) in configurations() {
        let problems: Vec<String> = validator
            .iter_errors(&configuration)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        let name = &environment.identity.environment;
        assert_eq!(problems, Vec::<String>::new(), "{name}");
        let mut wrong = configuration;
        wrong["logs"]["logs_collected"]["journald"]["collect_list"][0]["unit"] = "x".into();
        assert!(!validator.is_valid(&wrong), "the schema says something");
    }
}

#[test]
fn every_metric_of_the_agent_is_collected_and_nothing_else() {
    let expected: BTreeSet<&str> = METRICS
        .iter()
        .filter(|metric| matches!(metric.publisher, Publisher::CloudWatchAgent(_)))
        .map(|metric| metric.name)
        .collect();
    assert!(expected.len() >= 4);
    for (_, configuration) in configurations() {
        let published = published(&configuration);
        let names: BTreeSet<&str> = published.keys().map(String::as_str).collect();
        assert_eq!(names, expected);
    }
}

/// The dimensions of every series that CloudWatch gets for a plugin's metric, as the agent makes
/// them: an aggregate only where it has fewer dimensions than what was measured.
fn series(configuration: &Value, name: &str, plugin: &str) -> Vec<BTreeSet<String>> {
    let metrics = &configuration["metrics"];
    let appended = metrics["append_dimensions"].as_object().expect("a map");
    let mut original: BTreeSet<String> = appended.keys().cloned().collect();
    let settings = &metrics["metrics_collected"][plugin];
    if plugin == "disk" {
        original.extend(["fstype", "path"].map(str::to_owned));
        if settings["drop_device"] != true {
            original.insert("device".to_owned());
        }
    }
    let aggregates = metrics["aggregation_dimensions"].as_array();
    let mut series: Vec<BTreeSet<String>> = aggregates
        .expect("a list")
        .iter()
        .map(texts)
        .filter(|dimensions| dimensions.len() < original.len() && dimensions.is_subset(&original))
        .collect();
    let dropped = settings.get("drop_original_metrics").map(texts);
    if !dropped.is_some_and(|dropped| dropped.contains(name)) {
        series.push(original);
    }
    series
}

/// One series for the fleet and one per instance, and no third that nobody reads.
#[test]
fn every_metric_has_the_two_series_of_the_registry() {
    let fleet = BTreeSet::from([metrics::FLEET_DIMENSION.to_owned()]);
    let instance = BTreeSet::from([
        metrics::FLEET_DIMENSION.to_owned(),
        metrics::INSTANCE_DIMENSION.to_owned(),
    ]);
    for (_, configuration) in configurations() {
        for (name, plugin) in published(&configuration) {
            let found = series(&configuration, &name, &plugin);
            assert_eq!(found, [fleet.clone(), instance.clone()], "{name}");
        }
    }
}

#[test]
fn alarms_and_dashboard_find_what_the_agent_publishes() {
    let mut found = BTreeSet::new();
    for (environment, configuration) in configurations() {
        let published = published(&configuration);
        for query in queries(&environment) {
            let Some(plugin) = published.get(&query.metric_name) else {
                continue;
            };
            let dimensions = BTreeSet::from([query.dimension.to_owned()]);
            let series = series(&configuration, &query.metric_name, plugin);
            assert!(series.contains(&dimensions), "{}", query.metric_name);
            assert_eq!(configuration["metrics"]["namespace"], query.namespace);
            let interval = &configuration["agent"]["metrics_collection_interval"];
            let interval = interval.as_u64().expect("seconds");
            assert!(interval <= u64::from(query.period), "{}", query.metric_name);
            found.insert(query.metric_name.clone());
        }
    }
    for name in ["mem_used_percent", "disk_used_percent"] {
        assert!(found.contains(name), "nothing reads {name}");
    }
}

fn queries(environment: &Environment) -> Vec<&AlarmQuery> {
    let alarms = environment.alerts.alarms.iter().flat_map(|alarm| {
        let of_expression = alarm.expression.iter().flat_map(|it| &it.queries);
        alarm.metric.iter().chain(of_expression)
    });
    let sections = environment.dashboard.sections.iter();
    let widgets = sections.flat_map(|section| &section.widgets);
    let drawn = widgets.flat_map(|widget| widget.series.iter().map(|series| &series.query));
    alarms.chain(drawn).collect()
}

/// The agent may write to the groups of logs.tf, and may not make any.
#[test]
fn every_log_group_is_terraform_s() {
    for (environment, files) in environments() {
        let name = &environment.identity.environment;
        let known = log_groups(&files[&format!("{name}/terraform/logs.tf")]);
        let configuration = configuration(&environment, &files);
        let list = &configuration["logs"]["logs_collected"]["journald"]["collect_list"];
        let used: BTreeSet<&str> = (list.as_array().expect("a list").iter())
            .map(|entry| entry["log_group_name"].as_str().expect("a name"))
            .collect();
        assert_eq!(used.len(), 2, "two groups");
        for group in used {
            assert!(
                known.contains(group),
                "{group} is not in logs.tf: {known:?}"
            );
        }
    }
}

fn log_groups(text: &str) -> BTreeSet<String> {
    let tree = hcl::tree(text).expect("HCL");
    let blocks = tree.as_array().expect("blocks").iter();
    blocks
        .filter(|block| block["labels"][0] == "aws_cloudwatch_log_group")
        .flat_map(|block| block["body"].as_array().expect("a body"))
        .filter(|attribute| attribute["attribute"] == "name")
        .map(|attribute| attribute["value"].as_str().expect("a text").to_owned())
        .collect()
}

//! What the image gives the agent, held against what the agent takes.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use test_support::pipeline::{files_of, fixture_text, plan_of, repository};
use valet_gen::render::FileSet;
use valet_gen::resolve::Plan;
use valet_protocol::instance::InstanceSettings;
use valet_protocol::{Config, units};

/// The fleets that are looked at.
fn fleets() -> Vec<(Plan, FileSet)> {
    let own = fs::read_to_string(repository().join("fleet.toml")).expect("readable");
    let texts = [
        own,
        fixture_text("golden-full"),
        fixture_text("golden-minimal"),
    ];
    let plans = texts.iter().map(|text| plan_of(text));
    plans.map(|plan| (plan.clone(), files_of(&plan))).collect()
}

/// Each environment's configuration as the agent reads it, with the environment's files.
fn environments() -> Vec<(String, Config, FileSet)> {
    let mut all = Vec::new();
    for (plan, files) in fleets() {
        for environment in &plan.environments {
            let name = &environment.identity.environment;
            let image = &files[&format!("{name}/image/files/etc/valet/image.toml")];
            let settings = &files[&format!("{name}/terraform/instance.json")];
            let config = Config::of_parts(image, settings);
            let config = config.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(config, environment.agent, "{name}");
            let own = files
                .iter()
                .filter_map(|(path, text)| Some((path.strip_prefix(&format!("{name}/"))?, text)));
            let own = own.map(|(path, text)| (path.to_owned(), text.clone()));
            all.push((name.clone(), config, own.collect()));
        }
    }
    all
}

#[test]
fn the_agent_reads_what_is_rendered() {
    assert!(environments().len() >= 4);
}

#[test]
fn the_committed_schema_accepts_what_is_rendered_and_refuses_another_key() {
    let schema = fs::read_to_string(repository().join("worker.schema.json")).expect("committed");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for (name, config, _) in environments() {
        let mut value = serde_json::to_value(&config).expect("plain data");
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        value["drain"]["patience"] = 1.into();
        assert!(!validator.is_valid(&value), "{name}");
    }
}

/// By polkit's rule, or where polkit reads none, by what root carries out.
#[test]
fn the_agent_manages_its_units_and_no_other() {
    let (mut by_rule, mut by_order) = (0, 0);
    for (name, _, files) in environments() {
        let rule = files.get("image/files/etc/polkit-1/rules.d/50-valet.rules");
        let orders = files.get("image/files/usr/local/lib/valet/orders.sh");
        let text = match (rule, orders) {
            (Some(rule), None) => {
                by_rule += 1;
                assert!(
                    rule.contains(&format!("\"{}\"", units::AGENT_USER)),
                    "{name}"
                );
                rule
            }
            (None, Some(orders)) => {
                by_order += 1;
                for unit in ["path", "service"] {
                    assert!(files.contains_key(&format!("image/units/valet-orders.{unit}")));
                }
                orders
            }
            _ => panic!("{name} has both, or none"),
        };
        let listed: BTreeSet<&str> = text
            .split(|letter: char| !(letter.is_alphanumeric() || "-.".contains(letter)))
            .filter(|word| word.ends_with(".service"))
            .collect();
        assert_eq!(listed, BTreeSet::from(units::MANAGED), "{name}");
    }
    assert!(by_rule > 0 && by_order > 0);
}

/// The units and paths of the agent's configuration are those of the image.
#[test]
fn units_are_where_the_agent_looks_for_them() {
    for (name, config, files) in environments() {
        let unit = |unit: &str| {
            files
                .get(&format!("image/units/{unit}"))
                .unwrap_or_else(|| panic!("{name} has no {unit}"))
        };
        for managed in units::MANAGED {
            unit(managed);
        }
        let agent = unit(units::WORKER);
        assert!(agent.contains(&format!("User={}\n", units::AGENT_USER)));
        // With it the kernel would show every caller of the local API as the same user.
        assert!(!agent.lines().any(|line| line.starts_with("PrivateUsers=")));
        let runtime = unit(&config.runtime.unit);
        assert!(runtime.contains(&format!("User={}\n", config.runtime.user)));
        let socket = format!("Environment=VALET_SOCKET={}\n", config.paths.socket);
        assert!(runtime.contains(&socket), "{name}");
        let settings = InstanceSettings::parse(&files["terraform/instance.json"]);
        let stop = settings.expect("settings").units.runtime_stop_seconds;
        let patience = f64::from(config.runtime.stop_seconds);
        assert!((f64::from(stop) - patience).abs() < 1e-9, "{name}");
        let adspower = unit(&config.services.adspower.unit);
        assert!(adspower.contains(&format!("User={}\n", config.services.adspower.user)));
        let port = format!("--api-port={}", config.services.adspower.port);
        assert!(adspower.contains(&port), "{name}");
        assert!(unit(units::BROWSERS).contains("MemoryMax="), "{name}");
        let users = &files["image/provision/20-users.sh"];
        assert!(users.contains(&config.api.operators_group), "{name}");
    }
}

/// The agent ends in time what Terraform says it has time for.
#[test]
fn a_drain_fits_into_the_hook_and_the_runtimes_end_into_the_margin() {
    for (name, config, files) in environments() {
        let group = &files["terraform/group.tf"];
        assert!(
            group.contains(&format!("\"{}\"", config.group.hook)),
            "{name}"
        );
        let seconds = |seconds: valet_protocol::Seconds| f64::from(seconds);
        let drain = seconds(config.drain.group()) + seconds(config.drain.margin_seconds);
        assert!(
            drain <= 100.0 * f64::from(config.group.hook_seconds),
            "{name}"
        );
        let launch = config.group.launch_hook.as_ref().expect("a launch hook");
        assert!(
            group.contains(&format!("\"{}\"", launch.name))
                && group.contains(&format!("heartbeat_timeout      = {}\n", launch.seconds)),
            "{name}"
        );
        // The agent says its first word after a third of the launch hook; it is up by then.
        assert!(launch.seconds >= 600, "{name}");
        // A quarter of the margin is for ending tasks.
        let end = seconds(config.drain.margin_seconds) / 4.0 + seconds(config.runtime.stop_seconds);
        assert!(
            end <= seconds(config.drain.margin_seconds).max(2.0),
            "{name}"
        );
    }
}

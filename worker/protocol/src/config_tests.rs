use std::path::Path;

use super::*;

fn repository() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).expect("it is two folders down")
}

/// The image's part and the environment's, as they are committed, put together.
fn rendered(environment: &str) -> Config {
    let read = |path: &str| {
        let path = repository().join("generated").join(environment).join(path);
        std::fs::read_to_string(path).expect("committed")
    };
    let image = read("image/files/etc/valet/image.toml");
    Config::of_parts(&image, &read("terraform/instance.json")).expect("understood")
}

#[test]
fn what_the_generator_has_rendered_is_understood() {
    for environment in ["production", "staging"] {
        let config = rendered(environment);
        assert_eq!(config.environment, environment);
        assert_eq!(config.slots("t3.xlarge"), 10);
        assert_eq!(config.slots("x.unknown"), config.runtime.slots_otherwise);
    }
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let committed = std::fs::read_to_string(repository().join("worker.schema.json"));
    let committed: serde_json::Value =
        serde_json::from_str(&committed.expect("committed")).expect("JSON");
    assert_eq!(schema().as_value(), &committed);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let text = toml::to_string(&rendered("staging")).expect("plain data");
    for (from, to, said) in [
        (
            "[drain]",
            "[drain]\npatience = 1",
            "unknown field `patience`",
        ),
        (
            "margin_seconds = 20.0",
            "margin_seconds = -1.0",
            "not a number of seconds",
        ),
        ("port = 6080", "port = 66080", "66080"),
        (
            "margin_seconds = 20.0\n",
            "",
            "missing field `margin_seconds`",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let error = Config::parse(&text.replace(from, to))
            .expect_err(said)
            .to_string();
        assert!(error.contains(said) && error.contains("line"), "{error}");
    }
}

#[test]
fn what_would_flood_or_stop_the_agent_is_refused_with_its_key() {
    let text = toml::to_string(&rendered("staging")).expect("plain data");
    let config = Config::parse(&text).expect("understood");
    let mut cases = vec![];
    let mut case = |key: &'static str, change: &dyn Fn(&mut Config)| {
        let mut config = config.clone();
        change(&mut config);
        cases.push((key, toml::to_string(&config).expect("it is written")));
    };
    let zero = Seconds::whole(0);
    case("notices.interval_seconds", &|config| {
        config.notices.interval_seconds = zero;
    });
    case("services.interval_seconds", &|config| {
        config.services.interval_seconds = zero;
    });
    case("metrics.interval_seconds", &|config| {
        config.metrics.interval_seconds = zero;
    });
    case("heartbeat.interval_seconds", &|config| {
        config.heartbeat.interval_seconds = zero;
    });
    case("rotation.interval_seconds", &|config| {
        config.rotation.interval_seconds = zero;
    });
    case("services.failures", &|config| config.services.failures = 0);
    case("api.connections", &|config| config.api.connections = 0);
    case("heal.disk_percent", &|config| {
        config.heal.disk_percent = 101;
    });
    case("group.hook_seconds", &|config| {
        config.group.hook_seconds = 1;
    });
    for (key, text) in cases {
        let error = Config::parse(&text).expect_err(key).to_string();
        assert!(error.starts_with(key), "{error}");
    }
}

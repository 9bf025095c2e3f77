use std::path::Path;

use super::*;

fn committed(path: &str) -> String {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = own.ancestors().nth(2).expect("it is two folders down");
    std::fs::read_to_string(repository.join(path)).expect("committed")
}

fn settings() -> String {
    committed("generated/staging/terraform/instance.json")
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let committed: Value = serde_json::from_str(&committed("instance.schema.json")).expect("JSON");
    assert_eq!(schema().as_value(), &committed);
}

#[test]
fn both_parts_are_the_whole() {
    let image = committed("generated/staging/image/files/etc/valet/image.toml");
    let whole = Config::of_parts(&image, &settings()).expect("understood");
    let (image, agent) = split(whole.clone());
    assert_eq!(join(image, agent), whole);
    let text = toml::to_string(&whole).expect("plain data");
    assert_eq!(Config::parse(&text), Ok(whole));
}

#[test]
fn what_is_wrong_is_said() {
    assert!(InstanceSettings::parse(&settings()).is_ok());
    for (from, to, said) in [
        (
            "\"format\": 1",
            "\"format\": 2",
            "its format is 2, and this image understands 1",
        ),
        ("\"resolvers\"", "\"resolver\"", "unknown field `resolver`"),
        (
            "\"10.40.0.0/16\"",
            "\"10.40.0.0/33\"",
            "`10.40.0.0/33` is not a range",
        ),
        (
            "\"10.40.0.0/16\"",
            "\"0.0.0.0/0 }; flush ruleset #/8\"",
            "is not a range",
        ),
        (
            "\"runtime_stop_seconds\": 10",
            "\"runtime_stop_seconds\": 0",
            "out of range",
        ),
        (
            "\"environment\": \"staging\",",
            "",
            "missing field `environment`",
        ),
    ] {
        let text = settings();
        assert!(text.contains(from), "{from}");
        let error = InstanceSettings::parse(&text.replace(from, to))
            .expect_err(said)
            .to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn placeholders_are_whole_values() {
    let settings = InstanceSettings::parse(&settings()).expect("understood");
    let mut value = serde_json::json!({
        "a": [placeholder::INTERVAL_SECONDS, "{valet:interval_seconds} s"],
        "b": { "c": placeholder::SYSTEM_LOG_GROUP },
    });
    settings.cloudwatch.fill(&mut value);
    let expected = serde_json::json!({
        "a": [60, "{valet:interval_seconds} s"],
        "b": { "c": "/valet/staging/system" },
    });
    assert_eq!(value, expected);
}

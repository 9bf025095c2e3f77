//! What the program says of its own language is what it does, and what is committed.

use std::collections::BTreeMap;
use std::fs;

use jsonschema::Validator;
use serde_json::Value;
use tempfile::tempdir;
use test_support::cli::valet_gen;
use test_support::pipeline::{fixture_text, repository, try_plan_of};

/// A committed page that differs is one that readers believe and that is wrong.
#[test]
fn the_committed_pages_are_what_the_program_writes() {
    let whole = tempdir().expect("a folder");
    valet_gen(whole.path(), ["docs"]).success();
    let mut written = BTreeMap::new();
    for entry in fs::read_dir(whole.path().join("docs")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("UTF-8");
        written.insert(
            format!("docs/{name}"),
            fs::read_to_string(&path).expect("readable"),
        );
    }
    let schema = fs::read_to_string(whole.path().join("fleet.schema.json")).expect("readable");
    assert_eq!(
        valet_gen(whole.path(), ["schema"]).success(),
        schema,
        "one schema"
    );
    written.insert("fleet.schema.json".to_owned(), schema);
    for name in ["worker.schema.json", "instance.schema.json"] {
        let of_agent = fs::read_to_string(whole.path().join(name)).expect("readable");
        written.insert(name.to_owned(), of_agent);
    }
    for document in ["diff", "plan-review"] {
        let name = format!("{document}.schema.json");
        let schema = fs::read_to_string(whole.path().join(&name)).expect("readable");
        let printed = valet_gen(whole.path(), ["schema", document]).success();
        assert_eq!(printed, schema, "one schema");
        written.insert(name, schema);
    }
    assert!(written.len() >= 4, "{:?}", written.keys());
    for (path, text) in written {
        let committed = fs::read_to_string(repository().join(&path)).unwrap_or_default();
        assert!(
            committed == text,
            "{path} is not current: run `valet-gen docs`"
        );
    }
}

/// Every link inside a page leads to a heading of it.
#[test]
fn links_of_the_reference_lead_somewhere() {
    let page = fs::read_to_string(repository().join("docs/fleet-toml.md")).expect("readable");
    let anchors: Vec<String> = page
        .lines()
        .filter_map(|line| {
            line.strip_prefix("## ")
                .or_else(|| line.strip_prefix("### "))
        })
        .map(|heading| {
            let kept = |letter: &char| letter.is_alphanumeric() || "-_".contains(*letter);
            heading.to_lowercase().chars().filter(kept).collect()
        })
        .collect();
    let mut links = 0;
    for rest in page.split("](#").skip(1) {
        let anchor = rest.split(')').next().expect("closed");
        assert!(
            anchors.iter().any(|known| known == anchor),
            "#{anchor} leads nowhere"
        );
        links += 1;
    }
    assert!(links > 30, "only {links} links");
    let mut unique = anchors.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(
        unique.len(),
        anchors.len(),
        "no two headings share an anchor"
    );
}

/// The schema that is committed, as the test above says.
fn schema() -> Validator {
    let schema = valet_gen::fleet::schema::of_file();
    jsonschema::validator_for(&schema).expect("a schema")
}

/// A fleet.toml as an editor gives it to the schema: dates are strings there.
fn as_json(text: &str) -> Value {
    fn convert(value: toml::Value) -> Value {
        match value {
            toml::Value::Datetime(date) => Value::String(date.to_string()),
            toml::Value::Array(items) => items.into_iter().map(convert).collect(),
            toml::Value::Table(table) => Value::Object(
                table
                    .into_iter()
                    .map(|(key, value)| (key, convert(value)))
                    .collect(),
            ),
            toml::Value::String(text) => Value::String(text),
            toml::Value::Integer(number) => number.into(),
            toml::Value::Float(number) => number.into(),
            toml::Value::Boolean(truth) => truth.into(),
        }
    }
    convert(toml::Value::Table(text.parse().expect("TOML")))
}

fn problems(text: &str) -> Vec<String> {
    let instance = as_json(text);
    schema()
        .iter_errors(&instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn the_schema_accepts_what_the_program_accepts() {
    let repository_fleet = fs::read_to_string(repository().join("fleet.toml")).expect("readable");
    let starter =
        fs::read_to_string(repository().join("templates/init/fleet.toml")).expect("readable");
    for text in [
        repository_fleet,
        starter,
        fixture_text("golden-minimal"),
        fixture_text("golden-full"),
    ] {
        assert_eq!(problems(&text), Vec::<String>::new());
    }
}

/// An environment says what differs, and need not repeat what its table requires.
#[test]
fn the_schema_accepts_partial_tables_in_environments() {
    let overlays = [
        "[environments.x]\n",
        "[environments.x.fleet.tags]\nTeam = \"x\"\n",
        "[environments.x.instances]\non_demand_base_capacity = 0\n",
        "[environments.x.terraform.backend]\nbucket = \"other-bucket\"\n",
        "[environments.x.secrets.HATCHET_CLIENT_TOKEN]\nread = \"runtime\"\n",
        "[environments.x.scaling.queue.scale_in]\nremove = 2\n",
    ];
    for overlay in overlays {
        let fleet = fixture_text("golden-minimal").replace(
            "[instances]",
            "[terraform]\nbackend = { type = \"s3\", bucket = \"some-bucket\" }\n\
             [secrets.HATCHET_CLIENT_TOKEN]\nstore = \"ssm\"\nread = \"boot\"\n[instances]",
        );
        let text = format!("{fleet}{overlay}");
        assert_eq!(problems(&text), Vec::<String>::new(), "{overlay}");
        if let Err(findings) = try_plan_of(&text) {
            panic!("the program accepts it too: {findings}");
        }
    }
}

/// Where the schema refuses, the program does, and the other way round: in the tables and in the
/// overlays of an environment.
#[test]
fn the_schema_refuses_what_the_program_refuses() {
    let wrong = [
        ("[scaling]\nmin_sise = 1\n", "scaling"),
        ("[scaling.queue]\nenable = true\n", "scaling"),
        ("[scaling.queue.scale_in]\nidle = 1\n", "scaling"),
        ("[network.flow_logs]\nretention = 1\n", "network"),
        (
            "[[network.egress]]\nport = 443\ndescription = \"x\"\nto = 1\n",
            "network",
        ),
        ("[[network.egress]]\nport = 443\n", "network"),
        ("[worker.metrics]\ninterval_seconds = 5\n", "worker"),
        ("[worker.hatchet]\ntls = \"maybe\"\n", "worker"),
        ("[access]\nssh = true\n", "access"),
        (
            "[secrets.TOKEN]\nstore = \"ssm\"\nread = \"boot\"\nvalue = \"x\"\n",
            "secrets",
        ),
        (
            "[terraform.backend]\ntype = \"s3\"\nbucket = \"some-bucket\"\nworkspace = \"x\"\n",
            "terraform",
        ),
        ("[[alarm]]\nname = \"x\"\ntreshold = 1\n", "alarm"),
        ("[[schedule]]\nname = \"x\"\n", "schedule"),
        ("[nonsense]\n", "nonsense"),
    ];
    let minimal = fixture_text("golden-minimal");
    for (table, _) in wrong {
        let in_environment = table
            .replace("[[", "[[environments.x.")
            .replace("\n[", "\n[environments.x.");
        let in_environment = if table.starts_with("[[") {
            in_environment
        } else {
            format!("[environments.x.{}", &in_environment[1..])
        };
        for text in [
            format!("{minimal}{table}"),
            format!("{minimal}{in_environment}"),
        ] {
            assert_ne!(
                problems(&text),
                Vec::<String>::new(),
                "the schema accepts\n{text}"
            );
            assert!(try_plan_of(&text).is_err(), "the program accepts\n{text}");
        }
    }
    for text in [
        "",
        "[fleet]\nname = \"x\"\n",
        "[environments.x.audit]\ncloudtrail = false\n",
    ] {
        assert_ne!(problems(text), Vec::<String>::new());
        assert!(try_plan_of(text).is_err());
    }
}

/// The table of docs/pipeline.md names every member, its folder, and what it needs outside of tests.
#[test]
fn the_map_of_the_workspace_is_that_of_cargo() {
    let cargo = std::env::var_os("CARGO").expect("cargo runs the tests");
    let mut metadata = std::process::Command::new(cargo);
    metadata.args([
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ]);
    let output = metadata
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let page = fs::read_to_string(repository().join("docs/pipeline.md")).expect("readable");
    let cells = |line: &str| -> Option<Vec<String>> {
        let cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let plain = cells.map(|cell| cell.trim_matches('`').to_owned());
        Some(plain.collect())
    };
    let (_, table) = page.split_once("| crate | folder |").expect("the table");
    let (table, _) = table.split_once("\n\n").expect("its end");
    let written: BTreeMap<String, (String, String)> = table
        .lines()
        .filter_map(cells)
        .map(|row| (row[0].clone(), (row[1].clone(), row[3].replace('`', ""))))
        .collect();
    let packages = metadata["packages"].as_array().expect("packages");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let members: Vec<String> = packages.iter().map(|it| text(&it["name"])).collect();
    let root = text(&metadata["workspace_root"]);
    let found: BTreeMap<String, (String, String)> = packages
        .iter()
        .map(|package| {
            let manifest = text(&package["manifest_path"]);
            let folder = manifest.trim_start_matches(&root).trim_start_matches('/');
            let folder = folder.trim_end_matches("Cargo.toml").trim_end_matches('/');
            let folder = if folder.is_empty() { "." } else { folder };
            let needs = package["dependencies"].as_array().expect("dependencies");
            let needs = needs.iter().filter(|it| it["kind"].is_null());
            let mut needs: Vec<String> = needs.map(|it| text(&it["name"])).collect();
            needs.retain(|name| members.contains(name));
            needs.sort();
            (
                text(&package["name"]),
                (folder.to_owned(), needs.join(", ")),
            )
        })
        .collect();
    assert_eq!(written, found, "the table in docs/pipeline.md");
}

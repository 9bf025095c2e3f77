//! The user data of instances, held against cloud-init's own schema of cloud-config.
//!
//! tests/data/cloud-config.schema.json is `schema-cloud-config-v1.json` of cloud-init 25.1.4
//! (Apache-2.0), without white space. Unlike the one of 22.4 it refuses keys that it does not know.

use std::fs;

use jsonschema::Validator;
use serde_json::{Value, json};
use test_support::pipeline::{fixture_text, rendered, repository};
use test_support::skip;
use test_support::terraform::{between, has_terraform, value_of};
use valet_gen::derive::user_data::largest_bytes;
use valet_gen::diagnostic::SourceText;
use valet_gen::fleet::Fleet;
use valet_gen::load::load;
use valet_protocol::instance::{self, InstanceSettings};

fn validator() -> Validator {
    let path = repository().join("tests/data/cloud-config.schema.json");
    let text = fs::read_to_string(path).expect("readable");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    jsonschema::validator_for(&schema).expect("a schema")
}

/// What cloud-init is given on every instance, as Terraform puts it together.
fn user_data() -> Vec<Value> {
    let own = fs::read_to_string(repository().join("fleet.toml")).expect("readable");
    let fleets = [
        own,
        fixture_text("golden-full"),
        fixture_text("golden-minimal"),
    ];
    let mut expressions = String::from("[\n");
    for fleet in fleets {
        let files = rendered(&fleet);
        for (path, text) in &files {
            if let Some(folder) = path.strip_suffix("/user_data.tf") {
                let settings = &files[&format!("{folder}/instance.json")];
                expressions.push_str(&format!("{},\n", instance_settings(text, settings)));
            }
        }
    }
    expressions.push(']');
    let all = value_of(&expressions);
    let all = all.as_array().expect("a list").iter().map(|text| {
        let text = text.as_str().expect("text");
        let config = text.strip_prefix("#cloud-config\n");
        serde_json::from_str(config.expect("cloud-config")).expect("JSON, which is YAML")
    });
    all.collect()
}

/// The expression of the fleet's own part, with the settings in place of their file.
pub fn instance_settings(user_data: &str, settings: &str) -> String {
    let expression = between(user_data, "  instance_settings = ", "\n\n");
    let file = "file(\"${path.module}/instance.json\")";
    assert!(expression.contains(file), "{expression}");
    let text = serde_json::to_string(settings).expect("a text");
    let text = text.replace("${", "$${").replace("%{", "%%{");
    expression.replace(file, &text)
}

/// Each part is read by cloud-init as an e-mail's: Python's own parser has the last word.
#[test]
fn user_data_is_a_message_of_parts_within_its_limit() {
    if !has_terraform() {
        return;
    }
    let files = rendered(&fixture_text("golden-full"));
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).expect("written");
    };
    write("user_data.tf", &files["production/terraform/user_data.tf"]);
    write(
        "instance.json",
        &files["production/terraform/instance.json"],
    );
    write(
        "out.tf",
        "output \"user_data\" { value = local.user_data }\n",
    );
    for arguments in [
        &["init", "-no-color"][..],
        &["apply", "-auto-approve", "-no-color"],
    ] {
        let run = std::process::Command::new("terraform")
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("terraform runs");
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
    }
    let out = std::process::Command::new("terraform")
        .args(["output", "-raw", "user_data"])
        .current_dir(folder.path())
        .output()
        .expect("terraform runs");
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    assert!(text.len() < 16 * 1024, "{}", text.len());
    write("user_data", &text);
    let parser = "import email, json, sys\n\
        m = email.message_from_string(open('user_data').read())\n\
        assert m.is_multipart() and not m.defects, m.defects\n\
        print(json.dumps([[p.get_content_type(), p.get_payload(decode=True).decode()] for p in m.get_payload()]))\n";
    let run = std::process::Command::new("python3")
        .args(["-c", parser])
        .current_dir(folder.path())
        .output()
        .expect("python3 runs");
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let parts: Vec<(String, String)> = serde_json::from_slice(&run.stdout).expect("JSON");
    let [(kind, part), volumes, proxy, config, script] = &parts[..] else {
        panic!("{parts:?}");
    };
    assert_eq!(kind, "text/cloud-config");
    let text_of_volumes = volumes.1.strip_prefix("#cloud-config\n");
    let of_volumes: Value =
        serde_json::from_str(text_of_volumes.expect("cloud-config")).expect("JSON");
    assert!(validator().is_valid(&of_volumes), "{of_volumes:#}");
    assert_eq!(of_volumes["mounts"][0][1], "/mnt/profiles");
    assert_eq!(of_volumes["fs_setup"][0]["device"], "/dev/sdf");
    assert_proxy_files(&proxy.1);
    // The parts of fleet.toml come as they are written there.
    assert_eq!(config.0, "text/cloud-config");
    assert_eq!(
        config.1,
        "#cloud-config\ntimezone: ${HOME} & <\"quoted\">\n"
    );
    assert_eq!(script.0, "text/x-shellscript");
    assert_eq!(
        script.1,
        "#!/bin/sh\necho 'a script of the orchard' >/run/orchard\n"
    );
    let part = part.strip_prefix("#cloud-config\n").expect("cloud-config");
    let config: Value = serde_json::from_str(part).expect("JSON, which is YAML");
    let content = config["write_files"][0]["content"].as_str().expect("text");
    let settings = InstanceSettings::parse(content).expect("what the host reads");
    assert_eq!(settings.agent.environment, "production");
    // `validate` counts the bytes without Terraform.
    let fleet = environment_of(&fixture_text("golden-full"), "production");
    let counted = largest_bytes(&fleet, "production");
    assert!(
        (text.len()..text.len() + 1_500).contains(&counted),
        "counted {counted}, there are {}",
        text.len()
    );
}

/// What the hosts' programs are told of the proxy, read by the programs or by the parsers of their languages.
fn assert_proxy_files(part: &str) {
    let text = part.strip_prefix("#cloud-config\n").expect("cloud-config");
    let config: Value = serde_json::from_str(text).expect("JSON, which is YAML");
    assert!(validator().is_valid(&config), "{config:#}");
    let content = |path: &str| {
        let files = config["write_files"].as_array().expect("a list");
        let mut named = files.iter().filter(|file| file["path"] == path);
        let file = named.next().unwrap_or_else(|| panic!("no {path}"));
        file["content"].as_str().expect("text").to_owned()
    };
    let url = "http://proxy.orchard.example:3128";
    let variables = content("/etc/valet/proxy.env");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
        assert!(
            variables
                .lines()
                .any(|line| line == format!("{name}={url}")),
            "{variables}"
        );
    }
    let exceptions = variables
        .lines()
        .find_map(|line| line.strip_prefix("NO_PROXY="))
        .expect("exceptions");
    for host in [
        "169.254.169.254",
        "localhost",
        "ssm.us-west-2.amazonaws.com",
        ".s3.us-west-2.amazonaws.com",
        "10.0.0.0/8",
    ] {
        assert!(
            exceptions.split(',').any(|entry| entry == host),
            "{host}: {exceptions}"
        );
    }
    for unit in ["valet-adspower", "amazon-ssm-agent"] {
        let drop_in = content(&format!("/etc/systemd/system/{unit}.service.d/proxy.conf"));
        assert_eq!(
            drop_in,
            "[Service]\nEnvironmentFile=-/etc/valet/proxy.env\n"
        );
    }
    let agent: toml::Table = content("/opt/aws/amazon-cloudwatch-agent/etc/common-config.toml")
        .parse()
        .expect("TOML");
    assert_eq!(agent["proxy"]["https_proxy"].as_str(), Some(url));
    assert_eq!(agent["proxy"]["no_proxy"].as_str(), Some(exceptions));
    assert_apt_reads(&content("/etc/apt/apt.conf.d/95valet-proxy"), url);
}

/// apt itself says what it makes of its configuration.
fn assert_apt_reads(configuration: &str, url: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("apt.conf");
    fs::write(&file, configuration).expect("written");
    let run = std::process::Command::new("apt-config")
        .arg("dump")
        .env("APT_CONFIG", &file)
        .output();
    let Ok(run) = run else {
        skip("apt-config is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    for line in [
        format!("Acquire::http::Proxy \"{url}\";"),
        format!("Acquire::https::Proxy \"{url}\";"),
        "Acquire::https::Proxy::mirror.example.com \"DIRECT\";".to_owned(),
        "Acquire::http::Proxy::169.254.169.254 \"DIRECT\";".to_owned(),
    ] {
        assert!(
            said.lines().any(|said| said == line),
            "{line} is not in\n{said}"
        );
    }
}

/// The tables of one environment.
fn environment_of(text: &str, name: &str) -> Fleet {
    let source = SourceText {
        path: "fleet.toml".to_owned(),
        text: text.to_owned(),
    };
    let loaded = load(&source).expect("it loads");
    let environments = loaded.environments.into_iter();
    let mut named = environments.filter(|environment| environment.name == name);
    named.next().expect("the environment").fleet
}

#[test]
fn cloud_init_accepts_the_user_data() {
    if !has_terraform() {
        return;
    }
    let validator = validator();
    let all = user_data();
    assert!(all.len() >= 4, "{}", all.len());
    for config in all {
        let problems: Vec<String> = validator
            .iter_errors(&config)
            .map(|problem| format!("{}: {problem}", problem.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{config:#}: {problems:#?}");
        assert_eq!(config["write_files"][0]["path"], instance::SETTINGS_PATH);
    }
}

/// A schema that finds nothing wrong has to find what is wrong.
#[test]
fn the_schema_refuses_what_cloud_init_would_not_understand() {
    let validator = validator();
    let file = json!({"path": "/etc/valet/instance.json", "content": "A=b\n"});
    assert!(validator.is_valid(&json!({"write_files": [file]})));
    for wrong in [
        json!({"write_file": [file]}),
        json!({"write_files": file}),
        json!({"write_files": [{"content": "A=b\n"}]}),
        json!({"write_files": [{"path": "/a", "permissions": 420}]}),
        json!({"write_files": [{"path": "/a", "mode": "0644"}]}),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}

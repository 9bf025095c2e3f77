//! The two builders, as they come to a host that runs: Packer by SSH as a user with sudo, AWSTOE as root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use test_support::judges::PACKER;
use test_support::pipeline::{files_of, plan_of, repository};

use super::base::Disk;
use super::host::Host;
use super::payload::{digest, payload};
use super::verify::Verified;
use crate::agent::ran;
use crate::machine::ENVIRONMENT;

/// Where the bundle is on a host, as both builders have it.
pub const BUNDLE: &str = "/opt/valet-bundle";

/// What is made of this repository's fleet for the environment, with the payload, in this folder.
pub fn write_environment(folder: &Path) {
    let fleet = fs::read_to_string(repository().join("fleet.toml")).expect("readable");
    let rendered = files_of(&plan_of(&fleet));
    let prefix = format!("{ENVIRONMENT}/");
    for (path, text) in &rendered {
        if let Some(path) = path.strip_prefix(&prefix) {
            let file = folder.join(path);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, text).expect("written");
        }
    }
    let target = folder.join("image/payload");
    ran(Command::new("cp")
        .arg("--recursive")
        .arg(payload())
        .arg(target));
}

/// What cloud-init is told of an instance: its name and its user data, from a folder in the place of a metadata service.
pub fn seed(disk: &Disk, instance: &str, user_data: &str) {
    let folder = "var/lib/cloud/seed/nocloud";
    let meta = format!("instance-id: {instance}\nlocal-hostname: {instance}\n");
    disk.write(&format!("{folder}/meta-data"), 0o644, &meta);
    disk.write(&format!("{folder}/user-data"), 0o644, user_data);
    // A container has no disk to grow and no interface to set up.
    disk.write(
        "etc/cloud/cloud.cfg.d/90-live.cfg",
        0o644,
        "network: {config: disabled}\ncloud_init_modules: [write-files, set_hostname, users-groups, ssh]\n\
         cloud_config_modules: []\ncloud_final_modules: [scripts-user, final-message]\n",
    );
}

/// User data of a build host: the user that Packer comes as, with its temporary key.
pub fn build_user(key: &str) -> String {
    format!(
        "#cloud-config\nusers:\n  - name: ubuntu\n    shell: /bin/bash\n    sudo: \"ALL=(ALL) NOPASSWD:ALL\"\n    \
         ssh_authorized_keys: [\"{key}\"]\n"
    )
}

/// What an SSM agent does to a host while it is the way in: it goes on writing its log.
pub fn ssm_agent(disk: &Disk) {
    let units = "etc/systemd/system";
    disk.write(
        "usr/bin/amazon-ssm-agent",
        0o755,
        "#!/bin/sh\nwhile sleep 1; do date >>/var/log/amazon/ssm/amazon-ssm-agent.log; done\n",
    );
    disk.write(
        &format!("{units}/amazon-ssm-agent.service"),
        0o644,
        "[Service]\nLogsDirectory=amazon/ssm\nExecStart=/usr/bin/amazon-ssm-agent\n\n[Install]\nWantedBy=multi-user.target\n",
    );
    // Its files are a package's, as they are on a cloud image.
    disk.write(
        "var/lib/dpkg/info/amazon-ssm-agent.list",
        0o644,
        &format!("/usr/bin/amazon-ssm-agent\n/{units}/amazon-ssm-agent.service\n"),
    );
    let wants = disk.root().join(units).join("multi-user.target.wants");
    fs::create_dir_all(&wants).expect("made");
    let link = wants.join("amazon-ssm-agent.service");
    std::os::unix::fs::symlink("../amazon-ssm-agent.service", link).expect("linked");
}

/// A temporary key, as Packer makes one: the private one's file, and the public one.
pub fn key(folder: &Path) -> (PathBuf, String) {
    let private = folder.join("key");
    ran(Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "packer", "-f"])
        .arg(&private));
    let public = fs::read_to_string(folder.join("key.pub")).expect("readable");
    (private, public.trim().to_owned())
}

/// Runs the rendered template with Packer's own program and provisioners. Only the instance is this host, and not one
/// that Packer starts.
pub fn packer(host: &Host, environment: &Path, key: &Path, reports: &Path) -> Option<Verified> {
    let program = PACKER.program_or_skip("packer")?;
    let template = environment.join("packer/worker.pkr.hcl");
    let text = fs::read_to_string(&template).expect("readable");
    fs::write(&template, on_a_host(&text, key)).expect("written");
    let mut build = host.neighbour(&program);
    build.args(["build", "-color=false"]);
    let zeros = "0".repeat(64);
    for (name, value) in [
        ("bake_id", "live"),
        ("git_commit", "0000000"),
        ("config_digest", &zeros),
        ("worker_sha256", &digest("valet-worker")),
        ("source_ami", "ami-0123456789abcdef0"),
        ("instance_profile", "none"),
        ("subnet_id", "none"),
        ("security_group_ids", "[]"),
        ("report_folder", reports.to_str().expect("UTF-8")),
    ] {
        build.arg("-var").arg(format!("{name}={value}"));
    }
    let home = reports.join("packer");
    fs::create_dir_all(&home).expect("made");
    let output = build
        .arg(&template)
        .env("CHECKPOINT_DISABLE", "1")
        .env("PACKER_CONFIG_DIR", &home)
        .env("PACKER_CACHE_DIR", &home)
        .env("HOME", &home)
        .output()
        .expect("packer starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = fs::read_to_string(reports.join("verify.json")).expect("it was brought down");
    Some(Verified::read(&text))
}

/// The template with the builder that starts nothing, which Packer itself has, in the place of Amazon's.
fn on_a_host(text: &str, key: &Path) -> String {
    let (before, rest) = text
        .split_once("source \"amazon-ebs\" \"worker\" {\n")
        .expect("the template's source");
    let (_, after) = rest.split_once("\n}\n").expect("its end");
    let (_, locals) = before
        .split_once("\n}\n\n")
        .expect("the head of the template");
    let source = format!(
        "source \"null\" \"worker\" {{\n  communicator         = \"ssh\"\n  ssh_host             = \"127.0.0.1\"\n  \
         ssh_username         = \"ubuntu\"\n  ssh_private_key_file = \"{}\"\n}}\n",
        key.display()
    );
    let after = after.replace("source.amazon-ebs.worker", "source.null.worker");
    format!("{locals}\n{source}{after}")
}

/// Runs the phases of the rendered component that come before the image is made, as AWSTOE does: as root, each step a
/// script of its own that ends with the first command that fails. Its buckets are folders.
pub fn awstoe(host: &Host, environment: &Path, bucket: &Path) -> Verified {
    let text =
        fs::read_to_string(environment.join("imagebuilder/component.yml")).expect("readable");
    let (_, json) = text.split_once("\n\n").expect("a comment and a document");
    let component: Value = serde_json::from_str(json).expect("JSON");
    let archive = bucket.join("bundle.tar.zst");
    ran(Command::new("tar")
        .arg("--create")
        .arg("--use-compress-program=zstd -1")
        .arg("--file")
        .arg(&archive)
        .arg("--directory")
        .arg(environment)
        .args(["image", "cloudwatch"]));
    let sum = ran(Command::new("sha256sum").arg(&archive));
    let sum = sum.split(' ').next().expect("a digest");
    let fill = |text: &str| {
        text.replace("{{ BundleUri }}", "s3://bucket/bundle.tar.zst")
            .replace("{{ BundleSha256 }}", sum)
            .replace("{{ ReportUri }}", "s3://bucket/reports")
    };
    let here = |address: &str| bucket.join(address.trim_start_matches("s3://bucket/"));
    for phase in component["phases"].as_array().expect("phases") {
        if phase["name"] == "test" {
            continue;
        }
        for step in phase["steps"].as_array().expect("steps") {
            let name = &step["name"];
            let inputs = &step["inputs"];
            let word = |key: &str| fill(inputs[0][key].as_str().unwrap_or_default());
            match step["action"].as_str().expect("an action") {
                "S3Download" => {
                    let to = host.path(word("destination").trim_start_matches('/'));
                    fs::create_dir_all(to.parent().expect("a folder")).expect("made");
                    fs::copy(here(&word("source")), to).expect("copied");
                }
                "S3Upload" => {
                    let to = here(&word("destination"));
                    fs::create_dir_all(to.parent().expect("a folder")).expect("made");
                    fs::copy(host.path(word("source").trim_start_matches('/')), to)
                        .expect("copied");
                }
                "ExecuteBash" => {
                    let commands = inputs["commands"].as_array().expect("commands");
                    let lines: Vec<String> = commands
                        .iter()
                        .map(|line| fill(line.as_str().expect("a text")))
                        .collect();
                    let run = host.bash(&format!("set -e\n{}", lines.join("\n")));
                    assert_eq!(run.code, Some(0), "{name}: {run:#?}");
                }
                action => panic!("{name}: {action} is no action that this test knows"),
            }
        }
    }
    let text = fs::read_to_string(here("s3://bucket/reports/verify.json")).expect("uploaded");
    Verified::read(&text)
}

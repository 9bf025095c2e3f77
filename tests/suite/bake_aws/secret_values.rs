//! Values of secrets go where Terraform made their names, and nowhere else.

use std::fs;
use std::process::{Command, Stdio};

use super::world::World;

const VALUE: &str = "s3cr3t-0f-the-test";

/// The names, as Terraform makes them: with its placeholder.
fn names(world: &World) {
    let script = "
import boto3, sys
endpoint = sys.argv[1]
def client(service):
    return boto3.client(service, region_name='us-east-1', endpoint_url=endpoint, aws_access_key_id='a', aws_secret_access_key='b')
client('ssm').put_parameter(Name='/valet/production/HATCHET_CLIENT_TOKEN', Value='placeholder', Type='SecureString')
";
    let mut python =
        test_support::python::command("python").unwrap_or_else(|_| Command::new("python3"));
    let status = python
        .args(["-c", script, world.mock.address()])
        .status()
        .expect("Python runs");
    assert!(status.success());
}

#[test]
fn a_value_is_stored_once_and_shown_never() {
    let Some(world) = World::start() else { return };
    let push = |from: &str| {
        fs::write(world.folder.path().join("value.txt"), from).expect("written");
        world.run(&[
            "secrets",
            "push",
            "HATCHET_CLIENT_TOKEN",
            "--file",
            "value.txt",
        ])
    };
    // Before Terraform has made it, it is not made here.
    let run = push(VALUE);
    assert_eq!(run.code, Some(35));
    assert!(
        run.stderr.contains("help: run `terraform apply` first"),
        "{}",
        run.stderr
    );
    names(&world);
    let status = world.run(&["secrets", "status"]);
    assert_eq!(status.code, Some(1));
    assert!(
        status
            .stdout
            .contains("HATCHET_CLIENT_TOKEN             placeholder"),
        "{}",
        status.stdout
    );
    let run = push(&format!("{VALUE}\n"));
    let shown = format!("{}{}", run.stdout, run.stderr);
    assert_eq!(
        run.success(),
        "/valet/production/HATCHET_CLIENT_TOKEN has a new value\n"
    );
    assert!(!shown.contains(VALUE));
    let status = world.run(&["secrets", "status"]);
    assert!(
        status
            .stdout
            .contains("HATCHET_CLIENT_TOKEN             set, 0 days old"),
        "{}",
        status.stdout
    );
    assert!(!format!("{status:?}").contains(VALUE));
}

#[test]
fn what_is_no_value_is_refused() {
    let Some(world) = World::start() else { return };
    names(&world);
    let push = |from: &str| {
        fs::write(world.folder.path().join("value.txt"), from).expect("written");
        world.run(&[
            "secrets",
            "push",
            "HATCHET_CLIENT_TOKEN",
            "--file",
            "value.txt",
        ])
    };
    for (value, problem) in [
        ("", "the value is empty"),
        ("changeme", "the value holds a placeholder and no value"),
    ] {
        let run = push(value);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains(problem), "{}", run.stderr);
    }
    let run = push(&"x".repeat(5000));
    assert!(
        run.stderr
            .contains("the value has 5000 bytes, and a standard parameter holds 4096"),
        "{}",
        run.stderr
    );
    let run = world.run(&["secrets", "push", "NOBODY"]);
    assert!(
        run.stderr
            .contains("error: NOBODY: [secrets] has no such name"),
        "{}",
        run.stderr
    );
    let mut piped = world.command(&["secrets", "push", "HATCHET_CLIENT_TOKEN"]);
    let output = piped.stdin(Stdio::null()).output().expect("valet-gen runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(!world.changes().contains(&"PutSecretValue".to_owned()));
}

//! Bakes with the real Packer and its plugin, which build the rendered template unchanged: against the fake of AWS, on a
//! build host that is an SSH server of this machine (`build_host.py`). Nothing is provisioned there; see docs/testing.md.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use test_support::judges::{PACKER, PACKER_PLUGIN_AMAZON};
use test_support::pipeline::repository;
use test_support::python;
use test_support::skip::is_deep;

use super::world::World;

/// A fleet whose images are made by the real Packer, and its build host.
struct RealPacker {
    world: World,
    host: Child,
}

impl RealPacker {
    /// Nothing but in the deep run. `failed` is a control that does not hold on the host.
    fn start(failed: Option<&str>) -> Option<Self> {
        if !is_deep() {
            return None;
        }
        let packer = PACKER.program_or_skip("packer")?;
        let plugin = PACKER_PLUGIN_AMAZON.program_or_skip("packer-plugin-amazon")?;
        let mut world = World::start()?;
        world.say_packer();
        let script = repository().join("test-support/python/build_host.py");
        let inside = |name: &str| world.folder.path().join(name).display().to_string();
        let mut serve = python::script(&script).ok()?;
        serve.arg("serve").arg(inside("host"));
        let program = python::command("python").ok()?;
        let program = program.get_program().display();
        if let Some(control) = failed {
            serve.env("FAILED_CONTROL", control);
        }
        let mut host = serve
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let mut port = String::new();
        let output = host.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut port).expect("a port");
        world.add_program("packer", &format!("exec {} \"$@\"", packer.display()));
        let session = format!("exec {program} {} session \"$@\"", script.display());
        world.add_program("session-manager-plugin", &session);
        let path = std::env::var("PATH").unwrap_or_default();
        let variables = [
            ("PATH", format!("{}:{path}", inside("bin"))),
            ("BUILD_HOST_PORT", port.trim().to_owned()),
            ("PACKER_PLUGIN_PATH", inside("plugins")),
            ("PACKER_CONFIG_DIR", inside("config")),
            ("CHECKPOINT_DISABLE", "1".to_owned()),
            ("NO_PROXY", "*".to_owned()),
        ];
        world.variables.extend(variables);
        let installed = Command::new(packer)
            .args(["plugins", "install", "--path"])
            .arg(plugin)
            .arg("github.com/hashicorp/amazon")
            .envs(&world.variables)
            .output()
            .expect("Packer runs");
        assert!(installed.status.success(), "{installed:?}");
        Some(Self { world, host })
    }

    fn hosts_are_gone(&self) {
        let inventory = self.world.inventory();
        for kind in ["instances", "key_pairs", "volumes"] {
            let left = inventory["regions"]["us-east-1"][kind].as_array();
            assert_eq!(left.map_or(0, Vec::len), 0, "{kind}: {inventory}");
        }
    }
}

impl Drop for RealPacker {
    fn drop(&mut self) {
        let _ = self.host.kill();
        let _ = self.host.wait();
    }
}

#[test]
fn the_rendered_template_becomes_one_verified_image() {
    let Some(real) = RealPacker::start(None) else {
        return;
    };
    let run = real.world.bake(&[]);
    let steps: Vec<&str> = run
        .stderr
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for step in [
        "packer/key-pair",
        "packer/connect",
        "packer/provision",
        "packer/download",
        "packer/image",
        "packer/deprecate",
        "packer/tag",
        "first",
        "us-east-1",
    ] {
        assert!(steps.contains(&step), "{step}: {}", run.stderr);
    }
    let baked: serde_json::Value = serde_json::from_str(&run.success()).expect("JSON");
    assert_eq!(baked["checks"]["passed"], 100);
    assert_eq!(real.world.images().len(), 1);
    real.hosts_are_gone();
    real.world.run(&["bake", "promote"]).success();
}

#[test]
fn a_session_that_is_refused_ends_the_build_at_once() {
    let Some(real) = RealPacker::start(None) else {
        return;
    };
    real.world.rules(json!([{
        "service": "ssm", "operation": "StartSession", "do": "error", "status": 400,
        "code": "AccessDeniedException", "message": "not authorized to perform: ssm:StartSession",
    }]));
    let began = Instant::now();
    let run = real.world.bake(&[]);
    // Packer alone waits for the fifteen minutes of ssh_timeout.
    assert!(
        began.elapsed() < Duration::from_mins(3),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(run.code, Some(35), "{}", run.stderr);
    let expected = "error: ssm:StartSession: AccessDeniedException: not authorized to perform: ssm:StartSession\n";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    real.hosts_are_gone();
}

#[test]
fn a_control_that_does_not_hold_on_the_host_is_named() {
    let Some(real) = RealPacker::start(Some("image.logs-empty")) else {
        return;
    };
    let run = real.world.bake(&[]);
    assert_eq!(run.code, Some(34), "{}", run.stderr);
    let expected = "of its checks 100 passed and 1 failed: image.logs-empty\n";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    real.hosts_are_gone();
    assert_eq!(real.world.images().len(), 0);
}

/// The calls that change something, as the plugin makes them.
const CALLS: &[(&str, &str)] = &[
    ("ec2", "CreateKeyPair"),
    ("ec2", "RunInstances"),
    ("ssm", "StartSession"),
    ("ec2", "StopInstances"),
    ("ec2", "CreateImage"),
    ("ec2", "EnableImageDeprecation"),
    ("ec2", "ModifyImageAttribute"),
    ("ec2", "CreateTags"),
    ("ec2", "TerminateInstances"),
    ("ec2", "DeleteKeyPair"),
];

#[test]
fn a_bake_that_is_killed_with_a_real_packer_goes_on_to_exactly_one_image() {
    for (service, operation) in CALLS {
        let Some(real) = RealPacker::start(None) else {
            return;
        };
        let world = &real.world;
        world.rules(
            json!([{ "service": service, "operation": operation, "nth": 1, "do": "hold-after" }]),
        );
        let mut bake = world.spawn_bake();
        assert!(world.wait_for_held(), "{operation} is never sent");
        bake.kill().expect("killed");
        bake.wait().expect("ended");
        let id = world.journal_id().expect("a journal");
        world.control("release", Some(json!({})));
        world.rules(json!([]));
        let baked = world.baked(&["--resume", &id]);
        assert_eq!(baked["bake_id"], id.as_str(), "{operation}");
        assert_eq!(world.images().len(), 1, "{operation}");
        real.hosts_are_gone();
    }
}

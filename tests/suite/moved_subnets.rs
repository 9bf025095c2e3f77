//! Subnets of an earlier rendering stay where they are, or somebody says that they move.

use std::fs;

use tempfile::tempdir;
use test_support::cli::valet_gen;

const FLEET: &str = r#"[fleet]
name = "valet"
region = "us-east-1"
[instances]
on_demand_percentage_above_base_capacity = 100
types = [{ instance_type = "m7i.large" }]
[network]
availability_zones = ["us-east-1a", "us-east-1c", "us-east-1b"]
"#;

/// Where a rendering by position put the zones a and c.
const BY_POSITION: &str = r#"private_subnets = ["10.40.0.0/19", "10.40.32.0/19"]
public_subnets = ["10.40.224.0/22"]
"#;

#[test]
fn a_subnet_that_would_move_stops_the_rendering_and_the_printed_lines_keep_it() {
    let folder = tempdir().expect("a folder");
    let fleet = folder.path().join("fleet.toml");
    let network = folder
        .path()
        .join("generated/production/terraform/network.tf");
    let two = FLEET.replace(", \"us-east-1b\"", "");
    fs::write(&fleet, format!("{two}{BY_POSITION}")).expect("written");
    valet_gen(folder.path(), ["render"]).success();
    let before = fs::read_to_string(&network).expect("rendered");

    fs::write(&fleet, FLEET).expect("written");
    let refused = valet_gen(folder.path(), ["render"]);
    let lines = r#"    private_subnets = ["10.40.0.0/19", "10.40.32.0/19", "10.40.64.0/19"]"#;
    assert_eq!(
        refused.parts(),
        (
            Some(1),
            "",
            format!(
                "error: subnets of environment `production` would move, which replaces them and what runs in them\n  \
                 us-east-1c: 10.40.32.0/19 -> 10.40.64.0/19\n  \
                 help: to keep them, write in fleet.toml:\n    \
                 [network]\n{lines}\n  \
                 to move them after all, declare the new ranges there instead\n"
            )
            .as_str()
        )
    );
    assert_eq!(fs::read_to_string(&network).expect("still there"), before);

    fs::write(&fleet, format!("{FLEET}{}\n", lines.trim())).expect("written");
    valet_gen(folder.path(), ["render"]).success();
    let after = fs::read_to_string(&network).expect("rendered");
    assert!(
        after.contains("\"us-east-1c\" = \"10.40.32.0/19\""),
        "{after}"
    );
}

#[test]
fn a_zone_that_is_left_out_moves_none() {
    let folder = tempdir().expect("a folder");
    let fleet = folder.path().join("fleet.toml");
    fs::write(&fleet, FLEET).expect("written");
    valet_gen(folder.path(), ["render"]).success();
    fs::write(&fleet, FLEET.replace("\"us-east-1a\", ", "")).expect("written");
    valet_gen(folder.path(), ["render"]).success();
}

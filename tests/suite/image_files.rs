//! The files of the image, handed to the programs that read them, without a root file system.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use tempfile::{TempDir, tempdir};
use test_support::pipeline::{fixture_text, rendered, repository};
use test_support::skip;
use valet_gen::catalog::controls::{self, EnforcedBy};
use valet_gen::render::{FORMATS, FileSet};

/// The fleets whose images are looked at.
fn fleets() -> [(&'static str, FileSet); 3] {
    let own = fs::read_to_string(repository().join("fleet.toml")).expect("readable");
    [
        ("fleet.toml", rendered(&own)),
        ("golden-full", rendered(&fixture_text("golden-full"))),
        ("golden-minimal", rendered(&fixture_text("golden-minimal"))),
    ]
}

/// A rendering on disk.
fn written(files: &FileSet) -> TempDir {
    let folder = tempdir().expect("a folder");
    for (path, text) in files {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, text).expect("written");
    }
    folder
}

/// What a program says, or nothing where it is not installed.
fn output(command: &mut Command) -> Option<Output> {
    match command.output() {
        Ok(output) => Some(output),
        Err(error) => {
            skip(&format!("{}: {error}", command.get_program().display()));
            None
        }
    }
}

fn assert_success(what: &str, output: &Output) {
    assert!(
        output.status.success(),
        "{what}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The paths of these files, environment by environment.
fn paths(files: &FileSet, is: impl Fn(&str) -> bool) -> Vec<&String> {
    let of_image = files.keys().filter(|path| path.contains("/image/"));
    of_image.filter(|path| is(path)).collect()
}

#[test]
fn shellcheck_finds_nothing() {
    for (name, files) in fleets() {
        let folder = written(&files);
        let scripts = paths(&files, |path| path.ends_with(".sh"));
        assert!(!scripts.is_empty());
        let mut shellcheck = Command::new("shellcheck");
        shellcheck.current_dir(folder.path()).args(scripts);
        let Some(output) = output(&mut shellcheck) else {
            return;
        };
        assert_success(name, &output);
    }
}

/// The exposure that each unit may have, in tenths.
const EXPOSURES: [(&str, u32); 7] = [
    ("valet-orders", 30),
    ("valet-worker", 30),
    ("valet-xvfb", 30),
    ("valet-vnc", 30),
    ("valet-novnc", 30),
    ("valet-adspower", 35),
    ("valet-runtime", 35),
];

#[test]
fn no_unit_is_more_exposed_than_it_may_be() {
    for (name, files) in fleets() {
        let folder = written(&files);
        for (unit, most) in EXPOSURES {
            let units = paths(&files, |path| path.ends_with(&format!("/{unit}.service")));
            // Only a system whose polkit reads no rules has valet-orders, as one of golden-full.
            let is_there = unit != "valet-orders" || name == "golden-full";
            assert_eq!(!units.is_empty(), is_there, "{name}: {unit}");
            for path in units {
                let mut analyze = Command::new("systemd-analyze");
                analyze
                    .current_dir(folder.path())
                    .args(["security", "--offline=true", "--no-pager"])
                    .arg(format!("--threshold={most}"))
                    .arg(path);
                let Some(output) = output(&mut analyze) else {
                    return;
                };
                assert_success(&format!("{name}: {path}"), &output);
            }
        }
    }
}

/// systemd makes a private `/dev` in `/tmp` and then mounts it (`mount_private_dev` of systemd 249 to 255), and
/// `systemd-tmpfiles-setup` empties `/tmp` at a boot (`D /tmp` of its tmp.conf): a unit that starts between them fails with
/// 226. Whatever has its usual dependencies comes later.
#[test]
fn no_unit_makes_its_own_devices_while_tmp_is_emptied() {
    let mut early = Vec::new();
    let mut count = 0;
    for (name, files) in fleets() {
        for path in paths(&files, |path| path.ends_with(".service")) {
            let lines: Vec<&str> = files[path].lines().collect();
            let has = |line: &str| lines.contains(&line);
            let begins_late = !has("DefaultDependencies=no")
                || lines.iter().any(|line| {
                    let after = line.strip_prefix("After=").unwrap_or_default();
                    after
                        .split(' ')
                        .any(|unit| unit == "systemd-tmpfiles-setup.service")
                });
            count += 1;
            if has("PrivateDevices=yes") && !begins_late {
                early.push(format!("{name}: {path}"));
            }
        }
    }
    assert_eq!(early, Vec::<String>::new());
    assert!(count > 10, "only {count} units were looked at");
}

#[test]
fn sudo_accepts_its_rules() {
    for (name, files) in fleets() {
        let folder = written(&files);
        for path in paths(&files, |path| path.contains("/sudoers.d/")) {
            let mut visudo = Command::new("visudo");
            visudo
                .current_dir(folder.path())
                .args(["-c", "-q", "-f", path]);
            let Some(output) = output(&mut visudo) else {
                return;
            };
            assert_success(&format!("{name}: {path}"), &output);
        }
    }
}

/// A control without a part of its own holds by chance, and its waiver takes nothing away.
#[test]
fn every_control_of_the_image_has_its_part_of_a_template() {
    let of_image = FORMATS.iter().filter(|format| format.name == "image");
    let templates = of_image.flat_map(|format| (format.templates)());
    let text: String = templates.map(|template| template.text).collect();
    for control in controls::all() {
        let is_inside = matches!(control.enforced, EnforcedBy::Image | EnforcedBy::Unit);
        let has_part = text.contains(&format!("{{{{#control \"{}\"", control.id));
        assert_eq!(has_part, is_inside, "{}", control.id);
    }
}

/// One AMI goes from staging to production: an image has nothing of an environment.
#[test]
fn environments_with_the_same_image_have_the_same_files() {
    let own = fs::read_to_string(repository().join("fleet.toml")).expect("readable");
    // Different in everything that does not shape the image.
    let other = "[environments.staging.instances]\ntypes = [{ instance_type = \"m7i.xlarge\", slots = 3 }]\n\
                 [environments.staging.network]\ncidr_block = \"10.99.0.0/16\"\n\
                 [environments.staging.worker]\nmetrics = { namespace = \"Other\", interval_seconds = 30 }\n\
                 drain = { task_seconds = 50, safety_margin_seconds = 15 }\n\
                 [environments.staging.secrets]\nOTHER = { store = \"ssm\", read = \"boot\" }\n";
    let own = own.replace(
        "[environments.staging]\n",
        &format!("[environments.staging]\n{other}"),
    );
    let files = rendered(&own);
    let of = |environment: &str| -> BTreeSet<(String, String)> {
        let below = files.iter().filter_map(|(path, text)| {
            let path = path.strip_prefix(environment)?.strip_prefix('/')?;
            let is_in = path.starts_with("image/") || path.starts_with("cloudwatch/");
            is_in.then(|| (path.to_owned(), text.clone()))
        });
        below.collect()
    };
    let (staging, production) = (of("staging"), of("production"));
    assert!(staging.len() > 50, "{}", staging.len());
    let differ: Vec<_> = staging.symmetric_difference(&production).collect();
    assert!(differ.is_empty(), "{differ:#?}");
    for (path, text) in staging {
        for name in [
            "staging",
            "valet-production",
            "10.99.0.0",
            "Valet/Workers",
            "us-east-1",
        ] {
            assert!(!text.contains(name), "{path} has {name}");
        }
    }
    let settings = |environment: &str| &files[&format!("{environment}/terraform/instance.json")];
    assert_ne!(settings("staging"), settings("production"));
}

/// A check looks for units that nobody brought. What provisioning itself puts among them it has to know, or no image
/// passes: also what it writes only where the payload has a certain program.
#[test]
fn what_provisioning_puts_among_the_units_is_known() {
    for (fleet, files) in fleets() {
        let folder = written(&files);
        for check in files
            .keys()
            .filter(|path| path.ends_with("image/verify/foreign.sh"))
        {
            let image = check.trim_end_matches("verify/foreign.sh");
            let put = put_among_the_units(&files, image);
            assert!(put.len() > 5, "{fleet}: {put:?}");
            let script = format!(
                ". {check} && of_known_units <<'END'\n{}\nEND",
                put.join("\n")
            );
            let mut bash = Command::new("bash");
            let Some(output) = output(bash.current_dir(folder.path()).args(["-c", &script])) else {
                return;
            };
            let known = String::from_utf8_lossy(&output.stdout);
            assert_eq!(known.lines().collect::<Vec<_>>(), put, "{fleet} {image}");
        }
    }
}

/// The files below systemd's folder of units that the scripts of this image name.
fn put_among_the_units(files: &FileSet, image: &str) -> Vec<String> {
    let below = |folder: &str| {
        let folder = format!("{image}{folder}");
        (files.iter()).filter_map(move |(path, text)| Some((path.strip_prefix(&folder)?, text)))
    };
    let units: Vec<&str> = below("units/").map(|(name, _)| name).collect();
    let mut put = BTreeSet::new();
    for (_, text) in below("provision/") {
        let words = text.split(|letter: char| letter.is_whitespace() || "\"'>".contains(letter));
        for word in words.filter(|word| word.starts_with("/etc/systemd/system/")) {
            if word.contains("$unit") {
                put.extend(units.iter().map(|unit| word.replace("$unit", unit)));
            } else if !word.contains('*') && !word.ends_with(".d") {
                put.insert(word.to_owned());
            }
        }
    }
    put.into_iter().collect()
}

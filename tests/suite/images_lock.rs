//! images.lock decides which image Terraform launches, and nothing else changes by it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::{TempDir, tempdir};
use test_support::cli::valet_gen;
use test_support::pipeline::{files_of, plan_of, repository};
use test_support::programs::are_installed_or_skip;
use valet_gen::images::config_sha256;
use valet_images_lock::{FILE_NAME, ImagesLock};

/// A fleet without warnings that says nothing of where its image is read.
fn fleet() -> String {
    let starter = repository().join("templates/init/fleet.toml");
    let starter = fs::read_to_string(starter).expect("readable");
    let lines = starter.lines().filter(|line| !line.starts_with("source "));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The same with lines below `[image]`.
fn fleet_with(lines: &str) -> String {
    fleet().replace("[image]\n", &format!("[image]\n{lines}\n"))
}

const TFVARS: &str = "generated/production/terraform/images.auto.tfvars.json";

/// A lock with one image, made from the configuration of this digest.
fn lock_text(environment: &str, config_sha256: &str) -> String {
    let sha = "5".repeat(64);
    format!(
        r#"version = 1

[image.{environment}.x86_64.us-east-1]
ami = "ami-0123456789abcdef0"
name = "valet-x86_64-20261129t1200-0a1b2c3-5f5f5f5f"
snapshots = ["snap-0123456789abcdef0"]
source_ami = "ami-0f00ba40f00ba40f0"
bake_id = "b-0123456789abcdef"
commit = "{}"
config_sha256 = "{config_sha256}"
agent_sha256 = "{sha}"
bundle_sha256 = "{sha}"
sbom_sha256 = "{sha}"
builder = "imagebuilder"
status = "promoted"

[image.{environment}.x86_64.us-east-1.checks]
passed = 116
failed = 0
skipped = 8
"#,
        "a".repeat(40)
    )
}

/// A folder with this fleet and this lock.
fn folder(fleet: &str, lock: &str) -> TempDir {
    let folder = tempdir().expect("a folder");
    fs::write(folder.path().join("fleet.toml"), fleet).expect("written");
    fs::write(folder.path().join(FILE_NAME), lock).expect("written");
    folder
}

/// The digest of what the fleet makes of its image.
fn digest_of(fleet: &str) -> String {
    config_sha256(&files_of(&plan_of(fleet)), "production")
}

fn tfvars(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join(TFVARS)).ok()
}

#[test]
fn a_locked_image_becomes_terraform_s_variable_and_nothing_else_changes() {
    let before = tempdir().expect("a folder");
    fs::write(before.path().join("fleet.toml"), fleet()).expect("written");
    valet_gen(before.path(), ["render"]).success();
    assert_eq!(tfvars(before.path()), None);

    let locked = folder(&fleet(), &lock_text("production", &digest_of(&fleet())));
    let run = valet_gen(locked.path(), ["render", "--deny-warnings"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        tfvars(locked.path()).as_deref(),
        Some("{\n  \"ami_id\": \"ami-0123456789abcdef0\"\n}\n")
    );
    assert_eq!(
        valet_gen(locked.path(), ["render", "--check"]).code,
        Some(0)
    );
    let differ = |path: &str| {
        let read = |folder: &TempDir| fs::read(folder.path().join(path)).expect("readable");
        read(&before) != read(&locked)
    };
    for path in ["compute.tf", "variables.tf", "group.tf", "iam.tf"] {
        assert!(
            !differ(&format!("generated/production/terraform/{path}")),
            "{path}"
        );
    }
}

/// A fleet of an older version has no lock. When one comes, it takes the place of the parameter; when
/// it goes, the parameter is read again.
#[test]
fn a_lock_that_goes_gives_the_fleet_back_to_the_parameter() {
    let folder = folder(&fleet(), &lock_text("production", &digest_of(&fleet())));
    valet_gen(folder.path(), ["render"]).success();
    fs::remove_file(folder.path().join(FILE_NAME)).expect("removed");
    let check = valet_gen(folder.path(), ["render", "--check"]);
    assert_eq!(check.code, Some(12), "{check:#?}");
    valet_gen(folder.path(), ["render"]).success();
    assert_eq!(tfvars(folder.path()), None);
}

#[test]
fn with_the_parameter_as_its_source_a_fleet_ignores_the_lock_and_says_so() {
    let fleet = fleet_with("source = \"parameter\"");
    let folder = folder(&fleet, &lock_text("production", &digest_of(&fleet)));
    let run = valet_gen(folder.path(), ["render"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(
        run.stderr,
        "warning[images-lock.unused]: environment `production` reads its image from the SSM parameter
 --> images.lock:3:1
  |
3 | [image.production.x86_64.us-east-1]
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this entry changes nothing
  |
  = help: remove the entry, or take `source = \"parameter\"` out of `[image]`

1 warning
"
    );
    assert_eq!(tfvars(folder.path()), None);
}

#[test]
fn an_image_of_another_configuration_is_told_with_what_to_do() {
    let folder = folder(&fleet(), &lock_text("production", &"0".repeat(64)));
    valet_gen(folder.path(), ["render"]).success();
    let check = valet_gen(folder.path(), ["render", "--check"]);
    assert_eq!(check.code, Some(0), "a warning alone stops nothing");
    let digest = &digest_of(&fleet())[..12];
    let (zeros, carets) = ("0".repeat(64), "^".repeat(66));
    assert_eq!(
        check.stderr,
        format!(
            "warning[images-lock.other-configuration]: ami-0123456789abcdef0 of environment `production` was made from another configuration
  --> images.lock:10:17
   |
10 | config_sha256 = \"{zeros}\"
   |                 {carets} fleet.toml makes {digest}…
   |
   = help: bake an image of environment `production` and promote it; until then its instances run what was baked

1 warning
"
        )
    );
    let denied = valet_gen(folder.path(), ["render", "--check", "--deny-warnings"]);
    assert_eq!(denied.code, Some(1));
}

#[test]
fn an_image_of_nobody_is_told() {
    let folder = folder(&fleet(), &lock_text("prod", &digest_of(&fleet())));
    let run = valet_gen(folder.path(), ["validate", "--deny-warnings"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.stderr,
        "warning[images-lock.unknown-environment]: fleet.toml has no environment `prod`
 --> images.lock:3:1
  |
3 | [image.prod.x86_64.us-east-1]
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this image is launched by nobody
  |
  = help: remove the entry, or name one of: production

1 warning
"
    );
}

const NEWER_FORMAT: &str = "\
error[images-lock.newer-format]: the format's version is 2, and this program reads version 1
 --> images.lock:1:11
  |
1 | version = 2
  |           ^ written by a newer version
  |
  = help: use the version of valet-gen that wrote it, or a newer one

1 error
";

const NO_ID: &str = "\
error[images-lock.invalid]: images.lock is not valid: `ami-${x}` is not an AMI id such as ami-0123456789abcdef0
 --> images.lock:4:7
  |
4 | ami = \"ami-${x}\"
  |       ^^^^^^^^^^ here
  |
  = help: restore the file from version control; after a merge, take one side whole and promote again

1 error
";

const HALF_A_MERGE: &str = "\
error[images-lock.invalid]: images.lock is not valid: key with no value, expected `=`
 --> images.lock:1:9
  |
1 | <<<<<<< HEAD
  |         ^ here
  |
  = help: restore the file from version control; after a merge, take one side whole and promote again

1 error
";

#[test]
fn a_lock_that_cannot_be_used_stops_the_rendering() {
    let whole = lock_text("production", &digest_of(&fleet()));
    for (text, expected) in [
        (whole.replace("version = 1", "version = 2"), NEWER_FORMAT),
        (whole.replace("ami-0123456789abcdef0", "ami-${x}"), NO_ID),
        (format!("<<<<<<< HEAD\n{whole}"), HALF_A_MERGE),
    ] {
        let folder = folder(&fleet(), &text);
        let run = valet_gen(folder.path(), ["render"]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert_eq!(run.stderr, expected);
        assert!(
            !folder.path().join("generated").exists(),
            "nothing is written"
        );
    }
    let folder = tempdir().expect("a folder");
    fs::write(folder.path().join("fleet.toml"), fleet()).expect("written");
    fs::create_dir(folder.path().join(FILE_NAME)).expect("made");
    let run = valet_gen(folder.path(), ["validate"]);
    assert_eq!(
        run.parts(),
        (
            Some(3),
            "",
            "error: images.lock: Is a directory (os error 21)\n  help: restore the file from version control\n"
        )
    );
}

/// What Terraform makes of `var.ami_id` in a module with the rendered variables, and these arguments.
fn ami_by_terraform(folder: &Path, arguments: &[&str]) -> String {
    let module = tempdir().expect("a folder");
    let rendered = folder.join("generated/production/terraform");
    let declared = fs::read_to_string(rendered.join("variables.tf")).expect("rendered");
    // Behind the variables stand values that ask the account, which there is none of here.
    let (variables, _) = declared
        .split_once("\nlocals {")
        .expect("variables come first");
    fs::write(module.path().join("variables.tf"), variables).expect("written");
    let locked = rendered.join("images.auto.tfvars.json");
    if locked.exists() {
        fs::copy(locked, module.path().join("images.auto.tfvars.json")).expect("copied");
    }
    let mut console = Command::new("terraform")
        .args(["console", "-no-color"])
        .args(arguments)
        .current_dir(module.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("terraform runs");
    let mut stdin = console.stdin.take().expect("a pipe");
    stdin.write_all(b"var.ami_id\n").expect("written");
    drop(stdin);
    let output = console.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("Error"), "{errors}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Terraform itself reads the locked image, lets nobody be surprised without one, and still lets one
/// be tried out.
#[test]
fn terraform_takes_the_locked_image_unless_it_is_told_another() {
    if !are_installed_or_skip(&["terraform"]) {
        return;
    }
    let folder = folder(&fleet(), &lock_text("production", &digest_of(&fleet())));
    valet_gen(folder.path(), ["render"]).success();
    assert_eq!(
        ami_by_terraform(folder.path(), &[]),
        "\"ami-0123456789abcdef0\""
    );
    let another = ["-var", "ami_id=ami-0f0f0f0f"];
    assert_eq!(
        ami_by_terraform(folder.path(), &another),
        "\"ami-0f0f0f0f\""
    );
    fs::remove_file(folder.path().join(FILE_NAME)).expect("removed");
    valet_gen(folder.path(), ["render"]).success();
    assert_eq!(ami_by_terraform(folder.path(), &[]), "tostring(null)");
}

/// The digest does not hang on anything but what goes into the image.
#[test]
fn what_is_not_in_the_image_leaves_its_digest() {
    let digest = digest_of(&fleet());
    assert_eq!(
        digest_of(&fleet().replace("[scaling]\n", "[scaling]\nmax_size = 7\n")),
        digest
    );
    let packages = "packages = [\"xvfb\", \"novnc\", \"websockify\", \"jq\"]";
    assert_ne!(digest_of(&fleet_with(packages)), digest);
    assert!(ImagesLock::parse(&lock_text("production", &digest)).is_ok());
}

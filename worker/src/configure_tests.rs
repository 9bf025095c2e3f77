use std::path::PathBuf;

use tempfile::{TempDir, tempdir};
use valet_protocol::instance::CLOUDWATCH_PATH;

use super::*;

fn generated(path: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = own.parent().expect("the repository");
    repository.join("generated/staging").join(path)
}

/// The root folder of an image with the CloudWatch agent, without settings.
fn image() -> TempDir {
    let root = tempdir().expect("a folder");
    let copy = |from: &str, to: &str| {
        let to = below(root.path(), to);
        fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        fs::copy(generated(from), to).expect("copied");
    };
    copy("image/files/etc/valet/image.toml", IMAGE_PATH);
    copy(
        "cloudwatch/amazon-cloudwatch-agent.json",
        CLOUDWATCH_TEMPLATE_PATH,
    );
    let agent = below(root.path(), CLOUDWATCH_PATH);
    fs::create_dir_all(agent.parent().expect("a folder")).expect("made");
    root
}

/// The same with settings: the committed ones after a change.
fn instance(from: &str, to: &str) -> TempDir {
    let root = image();
    let settings = fs::read_to_string(generated("terraform/instance.json")).expect("committed");
    assert!(settings.contains(from), "{from}");
    fs::write(
        below(root.path(), SETTINGS_PATH),
        settings.replace(from, to),
    )
    .expect("written");
    root
}

fn text(root: &TempDir, path: &str) -> String {
    fs::read_to_string(below(root.path(), path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_program_gets_what_it_reads() {
    let root = instance("", "");
    assert_eq!(write_files(root.path()), Ok(Outcome::Configured));
    let config = Config::parse(&text(&root, config::PATH)).expect("the agent reads it");
    assert_eq!(config.environment, "staging");
    assert_eq!(config.runtime.user, "valet");
    assert_eq!(
        text(&root, ENVIRONMENT_PATH),
        "VALET_FLEET=valet\nVALET_ENVIRONMENT=staging\nVALET_REGION=us-east-1\n"
    );
    assert!(text(&root, RESOLVERS_PATH).ends_with("{ 10.40.0.0/16 }\n"));
    assert_eq!(
        text(
            &root,
            "/run/systemd/system/valet-runtime.service.d/50-instance.conf"
        ),
        "[Service]\nTimeoutStopSec=10\n"
    );
    let cloudwatch = text(&root, CLOUDWATCH_PATH);
    assert!(cloudwatch.contains("/valet/staging/worker"), "{cloudwatch}");
    assert!(!cloudwatch.contains("{valet:"), "{cloudwatch}");
    let mode = fs::metadata(below(root.path(), config::PATH)).expect("there");
    assert_eq!(mode.permissions().mode() & 0o777, 0o644);
}

/// Root writes here: what others have put there is replaced, and never followed.
#[test]
fn a_link_in_the_place_of_a_file_is_not_followed() {
    let root = instance("", "");
    let victim = root.path().join("victim");
    fs::write(&victim, "untouched").expect("written");
    let written = [
        config::PATH,
        ENVIRONMENT_PATH,
        RESOLVERS_PATH,
        CLOUDWATCH_PATH,
    ];
    for path in written {
        std::os::unix::fs::symlink(&victim, below(root.path(), path)).expect("made");
    }
    assert_eq!(write_files(root.path()), Ok(Outcome::Configured));
    for path in written {
        let metadata = fs::symlink_metadata(below(root.path(), path)).expect("there");
        assert!(metadata.is_file(), "{path}");
    }
    assert_eq!(fs::read_to_string(&victim).expect("there"), "untouched");
}

/// Image Builder's test instance has other user data.
#[test]
fn without_settings_nothing_is_written() {
    let root = image();
    assert_eq!(write_files(root.path()), Ok(Outcome::NoSettings));
    assert!(!below(root.path(), config::PATH).exists());
}

#[test]
fn settings_that_are_wrong_leave_no_file() {
    for (from, to, said) in [
        ("\"format\": 1", "\"format\": 7", "its format is 7"),
        ("\"agent\"", "\"agents\"", "unknown field `agents`"),
        (
            "\"restart_limit\": 3",
            "\"restart_limit\": 0",
            "heal.restart_limit = 0 is out of range",
        ),
        (
            "\"fleet\": \"valet\"",
            "\"fleet\": \"a\\nLD_PRELOAD=b\"",
            "is not the name of a fleet",
        ),
        (
            "\"agent\": {",
            "\"agent\": {\"proxy\": {\"url\": \"http://me:pw@proxy:1\"},",
            "proxy.url has credentials",
        ),
    ] {
        let root = instance(from, to);
        let error = write_files(root.path()).expect_err(said).to_string();
        assert!(
            error.contains(said) && error.contains("user data"),
            "{error}"
        );
        assert!(!below(root.path(), config::PATH).exists(), "{said}");
    }
}

#[test]
fn settings_that_are_too_large_are_not_read() {
    let root = instance("\n", &" ".repeat(400));
    let error = write_files(root.path()).expect_err("too large").to_string();
    assert!(error.contains("16384 at the most"), "{error}");
}

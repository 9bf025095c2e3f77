//! Credentials that somebody forgot in an image: each planted one is found, by the image's own scanner and by the one
//! that reads fleet.toml, and whatever gitleaks' default rules find is found as well.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::{TempDir, tempdir};
use test_support::judges::GITLEAKS;
use test_support::pipeline::{files_of, fixture_text, plan_of};
use test_support::programs::are_installed_or_skip;
use valet_gen::catalog::secret_scanner;

/// Letters and digits as a generator of keys draws them, always the same.
fn drawn(length: usize, letters: &str) -> String {
    let letters: Vec<char> = letters.chars().collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64 ^ (length as u64);
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    std::iter::repeat_with(next)
        .take(length)
        .map(|number| letters[usize::try_from(number % letters.len() as u64).expect("small")])
        .collect()
}

const WORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Credentials by what they are, put together here so that the repository holds none.
fn planted() -> Vec<(&'static str, String)> {
    let with = |before: &str, length, letters| format!("{before}{}", drawn(length, letters));
    let block = drawn(192, WORD);
    vec![
        ("an AWS access key", with("AKIA", 16, BASE32)),
        ("a temporary AWS access key", with("ASIA", 16, BASE32)),
        ("a GitHub token", with("ghp_", 36, WORD)),
        ("a GitHub token", with("github_pat_", 82, WORD)),
        ("a GitLab token", with("glpat-", 20, WORD)),
        (
            "a Slack token",
            format!(
                "xoxb-{}-{}-{}",
                drawn(12, "123456789"),
                drawn(12, "123456789"),
                drawn(24, WORD)
            ),
        ),
        ("a Stripe key", with("sk_live_", 24, WORD)),
        ("a Google API key", with("AIza", 35, WORD)),
        ("an npm token", with("npm_", 36, WORD)),
        ("a PyPI token", with("pypi-AgEIcHlwaS5vcmc", 60, WORD)),
        ("a Vault token", with("hvs.", 95, WORD)),
        (
            "an Anthropic API key",
            format!("{}AA", with("sk-ant-api03-", 93, WORD)),
        ),
        ("an OpenAI API key", with("sk-proj-", 74, WORD)),
        ("a Hugging Face token", with("hf_", 34, LETTERS)),
        (
            "a SendGrid token",
            format!("SG.{}.{}", drawn(22, WORD), drawn(43, WORD)),
        ),
        ("a DigitalOcean token", with("dop_v1_", 64, HEX)),
        ("a Databricks token", with("dapi", 32, HEX)),
        (
            "a Grafana token",
            format!("glsa_{}_{}", drawn(32, WORD), drawn(8, HEX)),
        ),
        (
            "a Terraform Cloud token",
            format!(
                "{}.atlasv1.{}",
                drawn(14, "abcdefghij123456789"),
                drawn(66, WORD)
            ),
        ),
        ("a Twilio key", with("SK", 32, HEX)),
        (
            "a Postman token",
            format!("PMAK-{}-{}", drawn(24, HEX), drawn(34, HEX)),
        ),
        ("a Doppler token", with("dp.pt.", 43, WORD)),
        ("a Linear key", with("lin_api_", 40, WORD)),
        ("a Shopify token", with("shpat_", 32, HEX)),
        ("a Pulumi token", with("pul-", 40, HEX)),
        ("a RubyGems token", with("rubygems_", 48, HEX)),
        (
            "a private key",
            format!(
                "-----BEGIN {}-----\n{block}\n-----END {}-----",
                "PRIVATE KEY", "PRIVATE KEY"
            ),
        ),
        (
            "a private key",
            format!(
                "-----BEGIN {}-----\n{block}\n-----END {}-----",
                "RSA PRIVATE KEY", "RSA PRIVATE KEY"
            ),
        ),
        (
            "a JSON Web Token",
            format!(
                "eyJ{}.eyJ{}.{}",
                drawn(33, WORD),
                drawn(60, WORD),
                drawn(43, WORD)
            ),
        ),
        (
            "a password in a URL",
            format!("postgres://valet:{}@db.internal/valet", drawn(12, WORD)),
        ),
    ]
}

/// The image's scanner, with these exceptions, in a folder.
fn scanned(folder: &Path, exceptions: &[String]) -> BTreeSet<String> {
    let mut plan = plan_of(&fixture_text("golden-minimal"));
    plan.environments[0].image.secret_exceptions = exceptions.to_vec();
    let script = &files_of(&plan)["production/image/verify/secrets.sh"];
    let run = Command::new("bash")
        .args(["-c", &format!("{script}\nsecrets_in \"$1\""), "secrets"])
        .arg(folder)
        .output()
        .expect("bash runs");
    assert!(
        run.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let text = String::from_utf8(run.stdout).expect("UTF-8");
    let own = format!("{}/", folder.display());
    text.lines().map(|line| line.replace(&own, "")).collect()
}

/// Each in a file of its own, named by its place in the list.
fn folder_of(secrets: &[(&str, String)]) -> TempDir {
    let folder = tempdir().expect("a folder");
    for (number, (_, secret)) in secrets.iter().enumerate() {
        let text = format!("const api_token = \"{secret}\";\n");
        fs::write(folder.path().join(format!("{number}.js")), text).expect("written");
    }
    folder
}

#[test]
fn each_planted_secret_is_found_in_an_image_and_in_a_fleet() {
    if !are_installed_or_skip(&["bash", "perl"]) {
        return;
    }
    let secrets = planted();
    let folder = folder_of(&secrets);
    let found = scanned(folder.path(), &[]);
    let missed: Vec<_> = (secrets.iter().enumerate())
        .map(|(number, (kind, _))| format!("{number}.js: {kind}"))
        .filter(|line| !found.contains(line))
        .collect();
    assert_eq!(missed, Vec::<String>::new(), "{found:#?}");
    for (kind, secret) in &secrets {
        let known = secret_scanner::find(secret).iter().any(|it| it.known);
        assert!(known, "{kind}: fleet.toml would take {secret}");
    }
}

#[test]
fn examples_and_exceptions_are_not() {
    if !are_installed_or_skip(&["bash", "perl"]) {
        return;
    }
    let examples = [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "postgres://user:password@localhost/db",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    ];
    let examples = examples.map(|text| ("an example", text.to_owned()));
    assert_eq!(scanned(folder_of(&examples).path(), &[]), BTreeSet::new());

    let folder = folder_of(&planted()[..2]);
    let excepted = folder.path().join("0.js").display().to_string();
    let found = scanned(folder.path(), &[excepted]);
    assert_eq!(
        found,
        BTreeSet::from(["1.js: a temporary AWS access key".to_owned()])
    );
}

/// A judge with rules of its own: what its default rules find in these files is ours too.
#[test]
fn what_gitleaks_finds_is_found() {
    let Some(gitleaks) = GITLEAKS.program_or_skip("gitleaks") else {
        return;
    };
    let folder = folder_of(&planted());
    let run = Command::new(gitleaks)
        .args(["dir", "--no-banner", "--no-color", "--redact"])
        .args(["--report-format", "json", "--report-path", "-", "."])
        .env_remove("GITLEAKS_CONFIG")
        .env_remove("GITLEAKS_CONFIG_TOML")
        .current_dir(folder.path())
        .output()
        .expect("gitleaks runs");
    let judged: Vec<Value> = serde_json::from_slice(&run.stdout).expect("JSON");
    let judged: BTreeSet<&str> = judged.iter().filter_map(|it| it["File"].as_str()).collect();
    assert!(judged.len() >= 20, "{judged:?}");
    let found = scanned(folder.path(), &[]);
    let own: BTreeSet<&str> = found
        .iter()
        .filter_map(|line| line.split(':').next())
        .collect();
    let missed: Vec<_> = judged.difference(&own).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

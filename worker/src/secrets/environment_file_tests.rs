use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use proptest::prelude::*;

use super::*;

/// systemd's own reader of such files, as a program: it prints what it read. It is part of every
/// systemd since 233.
const READER: &str =
    "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator";

fn text_of(name: &str, value: &str) -> String {
    let value = SecretString::from(value);
    let text = text([(name, &value)].into_iter());
    text.expose_secret().to_owned()
}

/// What systemd reads out of a file with these values, or nothing where systemd is not installed.
fn read_by_systemd(values: &BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    if !Path::new(READER).exists() {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "{READER} is missing: install systemd");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("environment.d");
    std::fs::create_dir(&place).unwrap();
    // This reader is the same parser with one step behind it: it expands variables, `$$` being a
    // dollar. Doubled dollars come out as they are in an EnvironmentFile.
    let doubled: BTreeMap<&str, SecretString> = values
        .iter()
        .map(|(name, value)| (name.as_str(), SecretString::from(value.replace('$', "$$"))))
        .collect();
    let text = text(doubled.iter().map(|(name, value)| (*name, value)));
    std::fs::write(place.join("60.conf"), text.expose_secret()).unwrap();
    let output = Command::new(READER)
        .env_clear()
        .env("XDG_CONFIG_HOME", folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let read = printed.lines().filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        Some((name.to_owned(), unescaped(value)))
    });
    Some(read.collect())
}

/// The reader prints as it is what needs no quoting, and the rest in `"..."` or `$'...'`, with C
/// escapes.
fn unescaped(printed: &str) -> String {
    let between = |begin: &str, end: &str| printed.strip_prefix(begin)?.strip_suffix(end);
    let Some(quoted) = between("\"", "\"").or_else(|| between("$'", "'")) else {
        return printed.to_owned();
    };
    let mut bytes = Vec::new();
    let mut rest = quoted.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next().unwrap() {
            b'n' => bytes.push(b'\n'),
            b't' => bytes.push(b'\t'),
            b'r' => bytes.push(b'\r'),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_four_are_escaped_and_newlines_stand() {
    assert_eq!(
        text_of("A", "x\"y\\z`$HOME\nlast'#; \t"),
        "A=\"x\\\"y\\\\z\\`\\$HOME\nlast'#; \t\"\n"
    );
}

#[test]
fn systemd_reads_what_was_written() {
    let values: BTreeMap<String, String> = [
        ("A_URL", "postgres://valet:p%40ss$word@db:5432/valet?x=1#y"),
        ("A_KEY", "-----BEGIN KEY-----\nab/c+=\n-----END KEY-----\n"),
        ("QUOTES", "'\"`\\ \\n \\\" $ $$ ${HOME} $(id)"),
        ("SPACES", "  \t between \t  "),
        ("COMMENT", "# none; none"),
        ("CONTINUED", "line\\\nnext\\"),
        ("BEYOND_ASCII", "Grüße, 世界 🎉"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    if let Some(read) = read_by_systemd(&values) {
        for (name, value) in &values {
            assert_eq!(read.get(name), Some(value), "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn systemd_reads_whatever_may_be_written(value in "[\\PC\r\n\t$\"'`\\\\#; ]{1,40}") {
        prop_assume!(unwritable(&value).is_none());
        let values = BTreeMap::from([("SECRET".to_owned(), value)]);
        if let Some(read) = read_by_systemd(&values) {
            prop_assert_eq!(read.get("SECRET"), values.get("SECRET"));
        }
    }
}

#[test]
fn a_pem_file_with_windows_line_ends_is_delivered_byte_for_byte() {
    let pem = "-----BEGIN PRIVATE KEY-----\r\nMIIB\r\n-----END PRIVATE KEY-----\r\n";
    assert_eq!(unwritable(pem), None);
    let values = BTreeMap::from([("KEY".to_owned(), pem.to_owned())]);
    if let Some(read) = read_by_systemd(&values) {
        assert_eq!(read.get("KEY"), values.get("KEY"));
    }
}

#[test]
fn what_systemd_would_leave_out_is_refused() {
    for value in ["a\0b", "a\u{1b}[0m", "a\u{7f}", "a\u{ffff}", "a\u{fdd0}"] {
        assert!(unwritable(value).is_some(), "{value:?}");
    }
    assert_eq!(unwritable("Grüße\t\n"), None);
}

#[test]
fn a_file_is_its_owners_alone_and_says_whether_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runtime.env");
    let one = SecretString::from("A=\"1\"\n");
    let two = SecretString::from("A=\"2\"\n");
    assert!(!write(&path, &one).unwrap(), "there was none before");
    assert!(!write(&path, &one).unwrap(), "it says the same");
    assert!(write(&path, &two).unwrap());
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "A=\"2\"\n");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/runtime.env");
    assert!(write(&path, &SecretString::from("A=\"1\"\n")).is_err());
}

//! The list of packages that `image/verify.sh --sbom` writes, of a database that is made up.
//! `tests/terraform/bill_of_materials.rs` holds one of a real machine against the schema.
#![cfg(unix)]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use test_support::programs::are_installed_or_skip;
use test_support::verify::{NEEDED, Verify};

const ADDUSER: &str = "\
Package: adduser
Status: install ok installed
Version: 3.137ubuntu1
Architecture: all
Maintainer: x
Description: x

";

const STDCXX: &str = "\
Package: libstdc++6
Status: install ok installed
Version: 1:14.2.0-4ubuntu2~24.04+b1
Architecture: amd64
Maintainer: x
Description: x

";

const REMOVED: &str = "\
Package: telnet
Status: deinstall ok config-files
Version: 0.17
Architecture: amd64
Maintainer: x
Description: x

";

/// The document that these entries of dpkg's database come to.
fn bill_of(status: &str) -> String {
    let verify = Verify::with(&[]);
    let database = verify.path("dpkg");
    fs::create_dir_all(database.join("info")).expect("made");
    fs::create_dir_all(database.join("updates")).expect("made");
    fs::write(database.join("status"), status).expect("written");
    let output = verify
        .command(&["--sbom", "sbom.json"])
        .env("DPKG_ADMINDIR", &database)
        .output()
        .expect("bash runs");
    assert!(output.status.success(), "{output:?}");
    assert!(!verify.path("sbom.json.part").exists());
    fs::read_to_string(verify.path("sbom.json")).expect("written")
}

#[test]
fn the_bill_of_materials_is_every_installed_package() {
    if !are_installed_or_skip(&[NEEDED[0], NEEDED[1], "dpkg-query"]) {
        return;
    }
    let bill: Value =
        serde_json::from_str(&bill_of(&[STDCXX, REMOVED, ADDUSER].concat())).expect("JSON");
    let system = bill["metadata"]["component"]["name"]
        .as_str()
        .expect("a name");
    let version = bill["metadata"]["component"]["version"]
        .as_str()
        .expect("one");
    let component = |name: &str, version_of: &str, encoded: &str, architecture: &str| {
        let purl =
            format!("pkg:deb/{system}/{encoded}?arch={architecture}&distro={system}-{version}");
        json!({
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version_of,
            "purl": purl,
            "properties": [{"name": "valet:architecture", "value": architecture}],
        })
    };
    assert_eq!(
        bill["components"],
        json!([
            component("adduser", "3.137ubuntu1", "adduser@3.137ubuntu1", "all"),
            component(
                "libstdc++6",
                "1:14.2.0-4ubuntu2~24.04+b1",
                "libstdc%2B%2B6@1:14.2.0-4ubuntu2~24.04%2Bb1",
                "amd64"
            ),
        ])
    );
}

#[test]
fn the_bill_of_materials_depends_on_the_packages_alone() {
    if !are_installed_or_skip(&[NEEDED[0], NEEDED[1], "dpkg-query"]) {
        return;
    }
    let both = bill_of(&[STDCXX, ADDUSER].concat());
    assert_eq!(both, bill_of(&[ADDUSER, STDCXX].concat()));
    assert_eq!(both, bill_of(&[ADDUSER, REMOVED, STDCXX].concat()));
    let number = |bill: &str| {
        let bill: Value = serde_json::from_str(bill).expect("JSON");
        bill["serialNumber"].as_str().expect("a number").to_owned()
    };
    assert_ne!(number(&both), number(&bill_of(ADDUSER)));
    let empty: Value = serde_json::from_str(&bill_of("")).expect("JSON");
    assert_eq!(empty["components"], json!([]));
}

#[test]
fn a_bill_of_materials_that_cannot_be_written_is_told_of() {
    if !are_installed_or_skip(&[NEEDED[0], NEEDED[1], "dpkg-query"]) {
        return;
    }
    let verify = Verify::with(&[]);
    let run = verify.run(&["--sbom", "no-such-folder/sbom.json"]);
    assert_eq!(run.code, Some(2));
    let told = "verify.sh: the packages could not be written to no-such-folder/sbom.json\n  help: see verify.sh --help\n";
    assert!(run.stderr.ends_with(told), "{}", run.stderr);
    assert!(!Path::new("no-such-folder").exists());
}

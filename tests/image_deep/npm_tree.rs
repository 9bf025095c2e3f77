//! The npm packages of a real runtime and the image's scanner for credentials: documented examples are no finding, and
//! what somebody left among 16,000 files is one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::pipeline::{files_of, plan_of, repository};
use test_support::skip;
use valet_test_kit::node;

use crate::agent::ran;
use crate::machine::{ENVIRONMENT, report};

/// What a runtime of browser automation depends on, by exact versions.
const PACKAGES: &str = r#"{
  "name": "npm-tree",
  "private": true,
  "dependencies": {
    "@aws-sdk/client-s3": "3.1175.0",
    "@browserbasehq/stagehand": "3.7.3",
    "@hatchet-dev/typescript-sdk": "1.33.2"
  }
}
"#;

/// The access key of AWS's documentation, put together here so that the repository holds none.
fn documented() -> String {
    ["AKIA", "IOSFODNN7", "EXAMPLE"].concat()
}

/// The tree as npm makes it, once for each list of packages.
pub fn tree() -> PathBuf {
    let folder = repository().join("target/image-npm");
    let list = folder.join("package.json");
    let stamp = folder.join("made");
    if !stamp.exists() || fs::read_to_string(&list).ok().as_deref() != Some(PACKAGES) {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("made");
        fs::write(&list, PACKAGES).expect("written");
        let mut install = Command::new("npm");
        install.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]);
        ran(install.current_dir(&folder));
        fs::write(stamp, "").expect("written");
    }
    folder.join("node_modules")
}

/// What the image's scanner finds in a folder.
fn scanned(folder: &Path) -> String {
    let fleet = fs::read_to_string(repository().join("fleet.toml")).expect("readable");
    let files = files_of(&plan_of(&fleet));
    let script = &files[&format!("{ENVIRONMENT}/image/verify/secrets.sh")];
    ran(Command::new("bash")
        .args(["-c", &format!("{script}\nsecrets_in \"$1\""), "secrets"])
        .arg(folder))
}

#[test]
fn a_real_runtime_holds_no_secret_until_somebody_leaves_one() {
    if !node::is_there() {
        skip("the packages of a runtime: node 20 and npm are needed");
        return;
    }
    let tree = tree();
    let documents = ran(Command::new("grep")
        .args(["--recursive", "--files-with-matches", &documented()])
        .arg(&tree));
    assert!(
        documents.lines().count() > 0,
        "AWS's packages document a key"
    );
    assert_eq!(scanned(&tree), "");
    let files = ran(Command::new("find").arg(&tree).args(["-type", "f"]));
    let left = tree.join("@aws-sdk/client-s3/left.txt");
    fs::write(&left, format!("{}{}\n", "AKIA", "Q3EGRVWA7ZKMTLXD")).expect("written");
    let found = scanned(&tree);
    fs::remove_file(&left).expect("removed");
    assert!(
        found.contains("left.txt") && found.contains("an AWS access key"),
        "{found}"
    );
    assert_eq!(found.lines().count(), 1, "{found}");
    report(
        "45-npm.md",
        &format!(
            "\n## The packages of a real runtime\n\n\
             Stagehand 3.7.3, Hatchet's SDK 1.33.2 and an AWS client: {} files, of which {} hold the access key of AWS's \
             documentation. The image's scanner finds nothing in them, and the one key that was left among them.\n",
            files.lines().count(),
            documents.lines().count()
        ),
    );
}

//! What Image Builder runs on its build instance and on its test instance.
//!
//! Nothing of fleet.toml is in it: whatever differs is in the bundle that it downloads. So there is
//! no text in which AWSTOE could find a `{{ }}` of somebody else's.

use serde_json::{Value, json};

/// Where the bundle lies: not below /tmp, from which nothing may be run.
const FOLDER: &str = "/opt/valet-bundle";

const MINUTE: u32 = 60;

/// The document, in AWSTOE's schema 1.0.
///
/// The build instance is never restarted: the last of provisioning takes away what makes a machine
/// this machine, and a start would bring it back. Every step can be run again.
pub fn document() -> Value {
    json!({
        "name": "valet-image",
        "description": "Provisions a browser worker's image from its bundle, and verifies it.",
        "schemaVersion": 1.0,
        "parameters": [
            { "BundleUri": {
                "type": "string",
                "description": "s3:// address of the bundle: a tar.zst with image/ and cloudwatch/, named by its digest.",
            } },
            { "BundleSha256": {
                "type": "string",
                "description": "The bundle's SHA-256 in hexadecimal digits.",
            } },
            { "ReportUri": {
                "type": "string",
                "description": "s3:// address below which the build host puts verify.json and sbom.cdx.json.",
            } },
        ],
        "phases": [
            { "name": "build", "steps": [
                download("DownloadBundle"),
                unpack("UnpackBundle"),
                bash("Provision", 60 * MINUTE, &[&format!("bash {FOLDER}/image/provision.sh")]),
            ] },
            { "name": "validate", "steps": [
                // The verdict is kept until the reports are up: they say why.
                bash("VerifyImage", 15 * MINUTE, &[
                    &format!("install -d -m 0700 {FOLDER}/reports"),
                    &format!(
                        "{} --format json --sbom {FOLDER}/reports/sbom.cdx.json > {FOLDER}/reports/verify.json \\",
                        verify_command("image"),
                    ),
                    &format!("  && touch {FOLDER}/passed || true"),
                ]),
                upload("UploadVerifyReport", "verify.json"),
                upload("UploadBillOfMaterials", "sbom.cdx.json"),
                bash("RefuseFailedControls", MINUTE, &[
                    &format!(
                        "test -e {FOLDER}/passed || {{ echo 'These controls do not hold:' >&2; \
                         grep '\"result\": \"failed\"' {FOLDER}/reports/verify.json >&2; exit 1; }}",
                    ),
                ]),
                bash("RemoveBundle", MINUTE, &[&format!("rm -rf {FOLDER}")]),
            ] },
            { "name": "test", "steps": [
                download("DownloadBundleForTest"),
                unpack("UnpackBundleForTest"),
                verify("VerifyFirstBoot", "first-boot"),
            ] },
        ],
    })
}

fn download(name: &str) -> Value {
    json!({
        "name": name,
        "action": "S3Download",
        "timeoutSeconds": 10 * MINUTE,
        "onFailure": "Abort",
        "maxAttempts": 3,
        "inputs": [{
            "source": "{{ BundleUri }}",
            "destination": format!("{FOLDER}/bundle.tar.zst"),
            "overwrite": true,
        }],
    })
}

/// The digest is a parameter as well: that the bucket has something of this name proves nothing. Small base images have no
/// zstd; an image that was provisioned has it.
fn unpack(name: &str) -> Value {
    bash(
        name,
        15 * MINUTE,
        &[
            "set -euo pipefail",
            "command -v zstd >/dev/null || { apt-get update && apt-get --yes -o DPkg::Lock::Timeout=600 \\",
            "  install --no-install-recommends zstd; }",
            &format!("cd {FOLDER}"),
            "echo '{{ BundleSha256 }}  bundle.tar.zst' | sha256sum --check --strict",
            "rm -rf image cloudwatch",
            "tar --extract --zstd --no-same-owner --file bundle.tar.zst image cloudwatch",
        ],
    )
}

fn verify(name: &str, phase: &str) -> Value {
    let with_sbom = format!(
        "{} --format tap --sbom {FOLDER}/sbom.cdx.json",
        verify_command(phase)
    );
    bash(name, 15 * MINUTE, &[&with_sbom])
}

fn verify_command(phase: &str) -> String {
    format!("bash {FOLDER}/image/verify.sh --phase {phase}")
}

fn upload(name: &str, report: &str) -> Value {
    json!({
        "name": name,
        "action": "S3Upload",
        "timeoutSeconds": 5 * MINUTE,
        "onFailure": "Abort",
        "maxAttempts": 3,
        "inputs": [{
            "source": format!("{FOLDER}/reports/{report}"),
            "destination": format!("{{{{ ReportUri }}}}/{report}"),
        }],
    })
}

fn bash(name: &str, timeout_seconds: u32, commands: &[&str]) -> Value {
    json!({
        "name": name,
        "action": "ExecuteBash",
        "timeoutSeconds": timeout_seconds,
        "onFailure": "Abort",
        "maxAttempts": 1,
        "inputs": { "commands": commands },
    })
}

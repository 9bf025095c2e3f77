//! Instance identity documents with a signature, made by OpenSSL in the form that AWS uses: PKCS #7 in BER with
//! indefinite lengths, by RSA 2048 and SHA-256.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::imds::Instance;

/// The account of every instance.
pub const ACCOUNT: &str = "123456789012";

/// A key with its certificate, as AWS has one in each region.
#[derive(Debug)]
pub struct Signer {
    folder: PathBuf,
}

impl Signer {
    /// Makes a key and a certificate in this folder.
    ///
    /// # Errors
    ///
    /// When OpenSSL is not there or fails; in words.
    pub fn new(folder: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        let folder = folder.to_owned();
        let signer = Self { folder };
        let mut command = Command::new("openssl");
        command
            .args([
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=signer",
            ])
            .arg("-keyout")
            .arg(signer.key())
            .arg("-out")
            .arg(signer.certificate());
        run(&mut command, b"")?;
        Ok(signer)
    }

    /// The private key in PEM.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.path("key.pem")
    }

    /// The certificate in PEM, which a server is to pin.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.path("certificate.pem")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Signs a text, with more options of `openssl cms`. Returns base64, as the metadata service has it.
    ///
    /// # Errors
    ///
    /// When OpenSSL fails; in words.
    pub fn sign(&self, text: &str, options: &[&str]) -> Result<String, String> {
        let mut command = Command::new("openssl");
        command
            .args([
                "cms",
                "-sign",
                "-binary",
                "-nodetach",
                "-stream",
                "-indef",
                "-nosmimecap",
                "-md",
                "sha256",
            ])
            .args(["-outform", "DER"])
            .arg("-inkey")
            .arg(self.key())
            .arg("-signer")
            .arg(self.certificate())
            .args(options);
        run(&mut command, text.as_bytes()).map(|bytes| STANDARD.encode(bytes))
    }

    /// What the metadata service of this instance has, signed.
    ///
    /// # Errors
    ///
    /// When OpenSSL fails; in words.
    pub fn rsa2048(
        &self,
        instance: &Instance,
        launched: jiff::Timestamp,
    ) -> Result<String, String> {
        self.sign(&document(instance, launched), &["-nocerts"])
    }
}

/// The document of an instance, as AWS writes it.
#[must_use]
pub fn document(instance: &Instance, launched: jiff::Timestamp) -> String {
    let document = json!({
        "accountId": ACCOUNT,
        "architecture": "x86_64",
        "availabilityZone": instance.zone,
        "billingProducts": null,
        "imageId": "ami-0123456789abcdef0",
        "instanceId": instance.id,
        "instanceType": instance.kind,
        "kernelId": null,
        "pendingTime": launched.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "privateIp": "10.0.1.23",
        "region": instance.region,
        "version": "2017-09-30",
    });
    format!("{document:#}")
}

fn run(command: &mut Command, input: &[u8]) -> Result<Vec<u8>, String> {
    let name = format!("{command:?}");
    let failed = |what: &dyn std::fmt::Display| format!("{name}: {what}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&error))?;
    let mut stdin = child.stdin.take().ok_or_else(|| failed(&"no input"))?;
    stdin.write_all(input).map_err(|error| failed(&error))?;
    drop(stdin);
    let output = child.wait_with_output().map_err(|error| failed(&error))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(failed(&String::from_utf8_lossy(&output.stderr)))
    }
}

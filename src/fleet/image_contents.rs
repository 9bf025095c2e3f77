//! What `[image]` puts into the image besides packages and programs: certificates, package sources, files, steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The certificate of an authority that every program of the host trusts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaCertificate {
    /// What it is called: lower-case letters, digits and single hyphens.
    pub name: String,

    /// The certificate in PEM. An image is made of a certificate of an authority only, and of none that has expired.
    pub certificate: String,
}

/// A package source besides the distribution's.
///
/// None of its packages replaces one of the distribution's, but those that `packages` names. It is asked for updates when
/// an image is made, and by no host.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AptSource {
    /// What it is called: lower-case letters, digits and single hyphens.
    pub name: String,

    /// The `https://` address below which its `dists` are, or the folder of a flat source.
    pub uri: String,

    /// The suites, such as `noble`. The one of a flat source ends with `/`.
    pub suites: Vec<String>,

    /// The components, such as `main`; a flat source has none.
    #[serde(default)]
    pub components: Vec<String>,

    /// The public key that signs it, as `OpenPGP`'s ASCII armour. It vouches for this source alone.
    pub key: String,

    /// Packages to install from it.
    #[serde(default)]
    pub packages: Vec<String>,
}

/// A file of the image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageFile {
    /// Its absolute path, below `/etc`, `/opt`, `/srv`, `/usr` or `/var`.
    pub path: String,

    /// What is in it, at most 64 KiB. What is larger is a package, or part of the payload.
    pub content: String,

    /// Its owner: `root`, the runtime's user or AdsPower's.
    #[serde(default = "ImageFile::root")]
    pub owner: String,

    /// Its group: `root`, or the group of the runtime's user or of AdsPower's.
    #[serde(default = "ImageFile::root")]
    pub group: String,

    /// Its mode, in four octal digits: `0644`, or `0755` for a program.
    #[serde(default = "ImageFile::mode_default")]
    pub mode: String,
}

impl ImageFile {
    fn root() -> String {
        "root".to_owned()
    }

    fn mode_default() -> String {
        "0644".to_owned()
    }
}

/// A script that changes the image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageStep {
    /// What it is called: lower-case letters, digits and single hyphens.
    pub name: String,

    /// What bash runs as root, with `set -euo pipefail`, in `/`, at most 64 KiB. `. "$VALET_IMAGE/apt.sh"` gives it `apt`,
    /// which waits for locks. A root file system that it has already run in has to stay as it is.
    pub script: String,
}

//! `[image]`

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Bounded;
use super::image_contents::{AptSource, CaCertificate, ImageFile, ImageStep};

/// The golden machine image.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Image {
    /// The system that the image is made from, found by its publisher's public SSM parameter.
    pub base: BaseImage,

    /// What makes the image.
    pub builder: Builder,

    /// Where Terraform reads the image that the fleet launches.
    ///
    /// `images.lock` where it has an image of the environment, and the SSM parameter elsewhere, when
    /// left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<ImageSource>,

    /// The instance type that it is made on; of the same architecture as the fleet.
    ///
    /// `m6i.large` or `m6g.large`, by the architecture, when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_instance_type: Option<String>,

    /// Regions that get a copy; the fleet's own when left out.
    pub regions: Vec<String>,

    /// Ids of AWS accounts, 12 digits each, that may launch it.
    ///
    /// Its snapshots are then encrypted with a KMS key of each region, which those accounts may use. Terraform makes it
    /// where `kms_keys` names none.
    pub share_with: Vec<String>,

    /// The KMS keys of an image that is shared, by region: `us-west-2 = "arn:aws:kms:us-west-2:...:key/..."`. A key of
    /// several regions is named in each by its ARN there.
    ///
    /// What their policies have to allow is the output `image_key_policies`.
    pub kms_keys: BTreeMap<String, String>,

    /// Another account whose image the fleet launches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_by: Option<SharedBy>,

    /// How long old images are kept.
    pub retain: ImageRetention,

    /// Packages to install besides those that the worker needs.
    pub packages: Vec<String>,

    /// Certificates of authorities that every program of the host trusts, before anything is fetched.
    pub ca_certificates: Vec<CaCertificate>,

    /// Package sources besides the distribution's.
    pub apt_sources: Vec<AptSource>,

    /// Files of your own, put in place before `steps`.
    pub files: Vec<ImageFile>,

    /// Scripts of your own, run in their order when everything else is installed and before the image is verified.
    pub steps: Vec<ImageStep>,

    /// The programs of the image that no package source has. A bake on AWS needs all of them.
    pub payload: Payload,

    /// Files of the image that hold what looks like a secret and is none.
    pub secret_exceptions: Vec<SecretException>,

    /// Which hardening controls apply.
    pub hardening: Hardening,
}

impl Default for Image {
    fn default() -> Self {
        Self {
            base: BaseImage::Ubuntu2404,
            builder: Builder::ImageBuilder,
            source: None,
            build_instance_type: None,
            regions: Vec::new(),
            share_with: Vec::new(),
            kms_keys: BTreeMap::new(),
            shared_by: None,
            retain: ImageRetention::default(),
            packages: ["xvfb", "novnc", "websockify"].map(str::to_owned).to_vec(),
            ca_certificates: Vec::new(),
            apt_sources: Vec::new(),
            files: Vec::new(),
            steps: Vec::new(),
            payload: Payload::default(),
            secret_exceptions: Vec::new(),
            hardening: Hardening::default(),
        }
    }
}

/// Another account whose image the fleet launches: the other side of `share_with`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharedBy {
    /// The id of the account that owns the image, 12 digits.
    pub account_id: String,

    /// The SSM parameter that names the image, by the ARN under which that account shares it; the
    /// fleet's own parameter when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,

    /// The KMS key of the image's snapshot, by ARN, where it is encrypted with a key of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
}

/// A system that an image is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum BaseImage {
    #[serde(rename = "ubuntu-24.04")]
    Ubuntu2404,
    /// Standard support ends in 2027.
    #[serde(rename = "ubuntu-22.04")]
    Ubuntu2204,
}

/// What makes images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Builder {
    /// EC2 Image Builder.
    ImageBuilder,
    /// Packer's amazon-ebs builder.
    Packer,
}

/// Where Terraform reads the image that a fleet launches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImageSource {
    /// `images.lock` beside fleet.toml: a new image is a change that people review and apply.
    Lock,
    /// The SSM parameter `<path>/ami`: a new image is rolled out without Terraform.
    Parameter,
}

/// How long old images are kept.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ImageRetention {
    /// Images kept besides those in use.
    pub count: Bounded<1, 100>,

    /// Days after which an image is marked as deprecated.
    pub deprecate_after_days: Bounded<1, 3650>,
}

impl Default for ImageRetention {
    fn default() -> Self {
        Self {
            count: Bounded::new(5),
            deprecate_after_days: Bounded::new(30),
        }
    }
}

/// The programs of the image that no package source has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Payload {
    /// The browser-automation program, which becomes `/opt/valet/runtime`: a folder, or an archive
    /// (`.tar`, `.tar.gz`, `.tar.xz`, `.tar.zst`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<PayloadSource>,

    /// Node.js, an archive of nodejs.org, which becomes `/opt/valet/node`: version 20 or newer, where the
    /// runtime's command is `node`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<PayloadSource>,

    /// The agent, `valet-worker`; when left out, the one of this version's release for the fleet's
    /// architecture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<PayloadSource>,

    /// AdsPower's package for Linux, a `.deb`. There is none for arm64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adspower: Option<PayloadSource>,

    /// The CloudWatch agent's package, a `.deb` of version 1.300070.0 or newer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloudwatch_agent: Option<PayloadSource>,
}

/// A file of the image that holds what looks like a secret and is none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretException {
    /// The file's absolute path in the image, such as `/opt/valet/runtime/test/key.pem`.
    pub path: String,

    /// Why it is none, for whoever reviews the file.
    pub reason: String,
}

/// Where a program of the image comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PayloadSource {
    /// A path relative to fleet.toml, an `https://` address without a query, or `s3://BUCKET/KEY`.
    pub source: String,

    /// The SHA-256 of the file, in 64 lower-case hexadecimal digits. An address needs it; a folder
    /// has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Which hardening controls apply.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Hardening {
    /// The set of controls.
    pub profile: Profile,

    /// Controls of the profile that do not apply, each for a reason and for a time.
    pub waivers: Vec<Waiver>,
}

/// A set of hardening controls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Every control of the registry that a browser can live with.
    #[default]
    BrowserWorker,
}

/// A control that does not apply.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The control's id, one of docs/controls.md.
    pub control: String,

    /// Why it does not apply, for whoever reviews the file.
    pub reason: String,

    /// The last day that the waiver holds, as a date without quotes.
    pub expires: Date,
}

/// A day, written in TOML as a local date: `2027-06-30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub civil::Date);

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let datetime = toml::value::Datetime::deserialize(deserializer)?;
        datetime
            .date
            .filter(|_| datetime.time.is_none())
            .and_then(|date| {
                let year = i16::try_from(date.year).ok()?;
                let month = i8::try_from(date.month).ok()?;
                civil::Date::new(year, month, i8::try_from(date.day).ok()?).ok()
            })
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("this is not a local date"))
    }
}

impl JsonSchema for Date {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Date")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date", "minLength": 10, "maxLength": 10 })
    }
}

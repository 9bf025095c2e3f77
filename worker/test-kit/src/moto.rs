//! SSM Parameter Store, Secrets Manager, and groups of instances: moto, from the environment that the tests of Terraform
//! make and use.

use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};

use test_support::mock_aws::MockAws;
use test_support::problem::Problem;
use url::form_urlencoded::Serializer;

use crate::http;

/// A running moto.
pub struct Moto(MockAws);

/// Environments are made one at a time.
static MAKING: Mutex<()> = Mutex::new(());

/// One moto for all harnesses of a process; each has parameters of its own.
static SHARED: OnceLock<Result<Moto, String>> = OnceLock::new();

/// The moto of this process, started by whoever asks first.
///
/// # Errors
///
/// As [`Moto::start`].
pub async fn shared() -> Result<&'static Moto, String> {
    static STARTING: Mutex<()> = Mutex::new(());
    let started = tokio::task::spawn_blocking(|| {
        let _one = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        SHARED.get_or_init(Moto::start).as_ref()
    });
    started
        .await
        .map_err(|error| error.to_string())?
        .map_err(Clone::clone)
}

/// The moto of this process, if it was started.
#[must_use]
pub fn started() -> Option<&'static Moto> {
    SHARED.get()?.as_ref().ok()
}

/// Calls a mock of AWS by the query protocol, and returns its answer in XML. It reads the service out of the signature and
/// checks nothing else of it.
///
/// # Errors
///
/// When it refuses; in words.
pub async fn query(
    address: &str,
    service: &str,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<String, String> {
    let version = match service {
        "autoscaling" => "2011-01-01",
        "ec2" => "2016-11-15",
        "sns" => "2010-03-31",
        "sts" => "2011-06-15",
        _ => "2010-08-01",
    };
    let body = Serializer::new(String::new())
        .append_pair("Action", action)
        .append_pair("Version", version)
        .extend_pairs(parameters)
        .finish();
    let signature = format!(
        "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let headers = [
        ("authorization", signature.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let answer = http::post(address, &headers, body).await?;
    match answer.status {
        200 => Ok(answer.body),
        status => Err(format!("{action}: {status} {}", answer.body)),
    }
}

impl Moto {
    /// Starts one on a free port. The first time in a checkout this installs the pinned packages.
    ///
    /// # Errors
    ///
    /// When Python is missing, or moto does not start; in words.
    pub fn start() -> Result<Self, String> {
        let _one = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        match MockAws::start() {
            Ok(mock) => Ok(Self(mock)),
            Err(Problem::Missing(what) | Problem::Failed(what)) => Err(what),
        }
    }

    /// Its address, for `AWS_ENDPOINT_URL_SSM` and `AWS_ENDPOINT_URL_SECRETS_MANAGER`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.0.address()
    }

    /// Writes a parameter, over an older version if there is one.
    ///
    /// # Errors
    ///
    /// When moto refuses it; in words.
    pub async fn put_parameter(&self, name: &str, value: &str) -> Result<(), String> {
        let request = json!({
            "Name": name, "Value": value, "Type": "SecureString", "Overwrite": true,
        });
        self.call("ssm", "AmazonSSM.PutParameter", &request).await
    }

    /// Takes a parameter away.
    ///
    /// # Errors
    ///
    /// When there is none; in words.
    pub async fn delete_parameter(&self, name: &str) -> Result<(), String> {
        let request = json!({ "Name": name });
        self.call("ssm", "AmazonSSM.DeleteParameter", &request)
            .await
    }

    /// Makes a secret with this value.
    ///
    /// # Errors
    ///
    /// When there is one already; in words.
    pub async fn create_secret(&self, id: &str, value: &str) -> Result<(), String> {
        let request = json!({ "Name": id, "SecretString": value });
        self.call("secretsmanager", "secretsmanager.CreateSecret", &request)
            .await
    }

    /// Gives a secret a new version.
    ///
    /// # Errors
    ///
    /// When there is no such secret; in words.
    pub async fn put_secret(&self, id: &str, value: &str) -> Result<(), String> {
        let request = json!({ "SecretId": id, "SecretString": value });
        self.call("secretsmanager", "secretsmanager.PutSecretValue", &request)
            .await
    }

    /// Makes an Auto Scaling group with a launch template, whose instances are in the first zones of the region. It has
    /// from 0 to `max` of them.
    ///
    /// # Errors
    ///
    /// When moto refuses it; in words.
    pub async fn make_group(
        &self,
        name: &str,
        instance_type: &str,
        size: u32,
        max: u32,
    ) -> Result<(), String> {
        let template = [
            ("LaunchTemplateName", name),
            // One of moto's own images.
            ("LaunchTemplateData.ImageId", "ami-12c6146b"),
            ("LaunchTemplateData.InstanceType", instance_type),
        ];
        query(self.url(), "ec2", "CreateLaunchTemplate", &template).await?;
        let (size, max) = (size.to_string(), max.to_string());
        let group = [
            ("AutoScalingGroupName", name),
            ("LaunchTemplate.LaunchTemplateName", name),
            ("MinSize", "0"),
            ("MaxSize", &max),
            ("DesiredCapacity", &size),
            ("AvailabilityZones.member.1", "us-east-1a"),
            ("AvailabilityZones.member.2", "us-east-1b"),
            ("AvailabilityZones.member.3", "us-east-1c"),
        ];
        query(self.url(), "autoscaling", "CreateAutoScalingGroup", &group)
            .await
            .map(drop)
    }

    /// moto reads the service out of the signature and checks nothing else of it.
    async fn call(&self, service: &str, target: &str, body: &Value) -> Result<(), String> {
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=0"
        );
        let headers = [
            ("authorization", signature.as_str()),
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target),
        ];
        let answer = http::post(self.url(), &headers, body.to_string()).await?;
        match answer.status {
            200 => Ok(()),
            status => Err(format!("{target}: {status} {}", answer.body)),
        }
    }
}

//! SSM Parameter Store and Secrets Manager: moto, from the environment that the tests of Terraform
//! make and use.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use test_support::mock_aws::MockAws;
use test_support::problem::Problem;

use crate::http;

/// A running moto.
pub struct Moto(MockAws);

/// Environments are made one at a time.
static MAKING: Mutex<()> = Mutex::new(());

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

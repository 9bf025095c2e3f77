//! SSM Parameter Store and Secrets Manager.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use secrecy::SecretString;
use valet_protocol::config::{Secret, SecretStore};

use super::error::StoreError;
use crate::aws::Aws;
use crate::error::chain;

/// A value and its version.
#[derive(Clone, Debug)]
pub struct Value {
    pub text: SecretString,
    pub version: String,
}

/// What the stores said of the secrets that they were asked for.
#[derive(Debug)]
pub struct Lookup<T> {
    pub found: BTreeMap<String, T>,
    /// What is wrong with the rest, each in words that begin with its name. Asking again helps only
    /// after somebody has put a value there.
    pub wrong: Vec<String>,
}

impl<T> Default for Lookup<T> {
    fn default() -> Self {
        Self {
            found: BTreeMap::new(),
            wrong: Vec::new(),
        }
    }
}

/// The most names that SSM takes in one `GetParameters`.
const BATCH: usize = 10;

/// By name: what the environment variable is called, and where its value is.
type Named<'s> = Vec<(&'s String, &'s Secret)>;

/// Reads values. Both stores are asked at the same time.
///
/// # Errors
///
/// Why a store could not be asked; nothing is known then.
pub async fn values<'s>(
    aws: &Aws,
    secrets: impl Iterator<Item = (&'s String, &'s Secret)>,
) -> Result<Lookup<Value>, StoreError> {
    let (parameters, secrets) = apart(secrets);
    let (parameters, secrets) = tokio::join!(
        parameters_of(aws, &parameters, true, |parameter| {
            let text = SecretString::from(parameter.value.clone().unwrap_or_default());
            let version = parameter.version.to_string();
            Value { text, version }
        }),
        secret_values(aws, &secrets),
    );
    Ok(together(parameters?, secrets?))
}

/// Reads versions alone, for which nothing has to be decrypted.
///
/// # Errors
///
/// Why a store could not be asked.
pub async fn versions<'s>(
    aws: &Aws,
    secrets: impl Iterator<Item = (&'s String, &'s Secret)>,
) -> Result<Lookup<String>, StoreError> {
    let (parameters, secrets) = apart(secrets);
    let (parameters, secrets) = tokio::join!(
        parameters_of(aws, &parameters, false, |parameter| {
            parameter.version.to_string()
        }),
        secret_versions(aws, &secrets),
    );
    Ok(together(parameters?, secrets?))
}

fn apart<'s>(secrets: impl Iterator<Item = (&'s String, &'s Secret)>) -> (Named<'s>, Named<'s>) {
    secrets.partition(|(_, secret)| secret.store == SecretStore::Ssm)
}

fn together<T>(mut one: Lookup<T>, other: Lookup<T>) -> Lookup<T> {
    one.found.extend(other.found);
    one.wrong.extend(other.wrong);
    one
}

fn missing(name: &str, secret: &Secret) -> String {
    let store = match secret.store {
        SecretStore::Ssm => "Parameter Store",
        SecretStore::SecretsManager => "Secrets Manager",
    };
    format!("{name} is not in {store} as {}", secret.key)
}

fn secrets_manager(name: &str, error: &dyn std::error::Error) -> StoreError {
    StoreError::SecretsManager {
        name: name.to_owned(),
        reason: chain(error),
    }
}

async fn parameters_of<T>(
    aws: &Aws,
    secrets: &Named<'_>,
    decrypt: bool,
    read: impl Fn(&aws_sdk_ssm::types::Parameter) -> T,
) -> Result<Lookup<T>, StoreError> {
    let mut answer = Lookup::default();
    for batch in secrets.chunks(BATCH) {
        let keys = batch.iter().map(|(_, secret)| secret.key.clone()).collect();
        let output = aws
            .ssm
            .get_parameters()
            .set_names(Some(keys))
            .with_decryption(decrypt)
            .send()
            .await
            .map_err(|error| StoreError::ParameterStore(chain(&error)))?;
        for (name, secret) in batch {
            let parameter = output
                .parameters()
                .iter()
                .find(|parameter| parameter.name() == Some(secret.key.as_str()));
            match parameter {
                Some(parameter) => {
                    answer.found.insert((*name).clone(), read(parameter));
                }
                // SSM lists it in InvalidParameters; in neither list, it is missing all the same.
                None => answer.wrong.push(missing(name, secret)),
            }
        }
    }
    Ok(answer)
}

async fn secret_values(aws: &Aws, secrets: &Named<'_>) -> Result<Lookup<Value>, StoreError> {
    let mut answer = Lookup::default();
    for (name, secret) in secrets {
        let output = aws
            .secretsmanager
            .get_secret_value()
            .secret_id(&secret.key)
            .send()
            .await;
        match output {
            Ok(output) => match output.secret_string {
                Some(text) => {
                    let value = Value {
                        text: SecretString::from(text),
                        version: output.version_id.unwrap_or_default(),
                    };
                    answer.found.insert((*name).clone(), value);
                }
                None => answer
                    .wrong
                    .push(format!("{name} is stored as binary; it must be text")),
            },
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                answer.wrong.push(missing(name, secret));
            }
            Err(error) => return Err(secrets_manager(name, &error)),
        }
    }
    Ok(answer)
}

async fn secret_versions(aws: &Aws, secrets: &Named<'_>) -> Result<Lookup<String>, StoreError> {
    let mut answer = Lookup::default();
    for (name, secret) in secrets {
        let output = aws
            .secretsmanager
            .describe_secret()
            .secret_id(&secret.key)
            .send()
            .await;
        match output {
            Ok(output) => {
                let stages = output.version_ids_to_stages.unwrap_or_default();
                let current = stages
                    .into_iter()
                    .find(|(_, stages)| stages.iter().any(|stage| stage == "AWSCURRENT"));
                match current {
                    Some((version, _)) => {
                        answer.found.insert((*name).clone(), version);
                    }
                    None => answer.wrong.push(missing(name, secret)),
                }
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeSecretError::is_resource_not_found_exception) =>
            {
                answer.wrong.push(missing(name, secret));
            }
            Err(error) => return Err(secrets_manager(name, &error)),
        }
    }
    Ok(answer)
}

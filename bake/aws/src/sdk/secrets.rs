//! Values of secrets, to where Terraform made their names, and what is known of them. A value is sent and never read.

use aws_sdk_ssm::types::{ParameterStringFilter, ParameterType};
use jiff::Timestamp;

use super::clients::{AwsClients, connect};
use super::refusal::{is_missing, refusal};
use super::tagged::moment;
use crate::error::{AwsError, ErrorKind};

/// The staging label of the version that Terraform made in Secrets Manager.
const PLACEHOLDER_LABEL: &str = "valet-gen-placeholder";

/// Where a secret is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretStore {
    Ssm,
    SecretsManager,
}

/// A secret that fleet.toml declares.
#[derive(Clone, Debug)]
pub struct DeclaredSecret {
    /// As fleet.toml has it.
    pub name: String,
    pub store: SecretStore,
    /// The whole name, `/<fleet>/<environment>/<name>`.
    pub path: String,
    /// Days between rotations; `None` for one that is never due.
    pub rotate_after_days: Option<u32>,
}

/// What is known of a secret's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretState {
    /// Terraform has not made the name.
    Missing,
    /// Terraform has made the name, and nobody has put a value there.
    Placeholder,
    /// It is older than fleet.toml allows.
    Old,
    /// It is in the account, and fleet.toml does not declare it.
    Unknown,
    Set,
}

/// A secret and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SecretStatus {
    pub name: String,
    pub store: SecretStore,
    pub state: SecretState,
    /// How old the value is, in whole days.
    pub days: Option<u64>,
}

/// Puts a value in the place that Terraform made for it.
///
/// # Errors
/// When Terraform has not made the name, or AWS refuses the value.
pub async fn push(
    region: &str,
    key: &str,
    secret: &DeclaredSecret,
    value: &str,
) -> Result<(), AwsError> {
    let account = connect(region).await?;
    if status_of(&account, secret).await?.state == SecretState::Missing {
        return Err(AwsError::new(
            ErrorKind::Refused,
            &secret.path,
            "it is not in the account; if it were created here, Terraform could not create it afterwards",
            "run `terraform apply` first: it makes the name, with its key and its tags",
        ));
    }
    match secret.store {
        SecretStore::Ssm => {
            let sent = account
                .ssm()
                .put_parameter()
                .name(&secret.path)
                .value(value);
            let sent = sent
                .r#type(ParameterType::SecureString)
                .key_id(key)
                .overwrite(true)
                .send()
                .await;
            sent.map_err(|error| refusal("ssm:PutParameter", &error))?;
        }
        SecretStore::SecretsManager => {
            let sent = account
                .secrets_manager()
                .put_secret_value()
                .secret_id(&secret.path);
            let sent = sent.secret_string(value).send().await;
            sent.map_err(|error| refusal("secretsmanager:PutSecretValue", &error))?;
        }
    }
    Ok(())
}

/// What is known of each secret, and of what else is below the environment's path but in `known`. No value is asked for.
///
/// # Errors
/// When AWS refuses a call.
pub async fn secret_status(
    region: &str,
    path: &str,
    secrets: &[DeclaredSecret],
    known: &[String],
) -> Result<Vec<SecretStatus>, AwsError> {
    let account = connect(region).await?;
    let mut all = Vec::new();
    for secret in secrets {
        all.push(status_of(&account, secret).await?);
    }
    let is_known = |store, name: &str| {
        let mut declared = secrets.iter();
        known.iter().any(|it| it == name)
            || declared.any(|secret| secret.store == store && secret.path == name)
    };
    for (store, name) in below(&account, path).await? {
        if !is_known(store, &name) {
            all.push(SecretStatus {
                name,
                store,
                state: SecretState::Unknown,
                days: None,
            });
        }
    }
    Ok(all)
}

async fn status_of(
    account: &AwsClients,
    secret: &DeclaredSecret,
) -> Result<SecretStatus, AwsError> {
    let (state, changed) = match secret.store {
        SecretStore::Ssm => of_parameter(account, &secret.path).await?,
        SecretStore::SecretsManager => of_secret(account, &secret.path).await?,
    };
    let age = changed.map(|changed| Timestamp::now().duration_since(changed));
    let days = age.and_then(|age| u64::try_from(age.as_hours() / 24).ok());
    let is_old = secret
        .rotate_after_days
        .zip(days)
        .is_some_and(|(limit, days)| days > u64::from(limit));
    Ok(SecretStatus {
        name: secret.name.clone(),
        store: secret.store,
        state: if state == SecretState::Set && is_old {
            SecretState::Old
        } else {
            state
        },
        days: days.filter(|_| state == SecretState::Set),
    })
}

/// Terraform sends a parameter's value once, so its first version is the placeholder.
async fn of_parameter(
    account: &AwsClients,
    path: &str,
) -> Result<(SecretState, Option<Timestamp>), AwsError> {
    let by_name = ParameterStringFilter::builder()
        .key("Name")
        .option("Equals")
        .values(path)
        .build();
    let by_name =
        by_name.map_err(|error| AwsError::new(ErrorKind::Usage, path, error, "report it"))?;
    let answer = account
        .ssm()
        .describe_parameters()
        .parameter_filters(by_name)
        .send()
        .await;
    let answer = answer.map_err(|error| refusal("ssm:DescribeParameters", &error))?;
    let Some(found) = answer.parameters().first() else {
        return Ok((SecretState::Missing, None));
    };
    let changed = moment(found.last_modified_date());
    let state = if found.version() <= 1 {
        SecretState::Placeholder
    } else {
        SecretState::Set
    };
    Ok((state, changed))
}

async fn of_secret(
    account: &AwsClients,
    path: &str,
) -> Result<(SecretState, Option<Timestamp>), AwsError> {
    let answer = match account
        .secrets_manager()
        .describe_secret()
        .secret_id(path)
        .send()
        .await
    {
        Ok(answer) => answer,
        Err(error) if is_missing(&error) => return Ok((SecretState::Missing, None)),
        Err(error) => return Err(refusal("secretsmanager:DescribeSecret", &error)),
    };
    if answer.deleted_date().is_some() {
        return Ok((SecretState::Missing, None));
    }
    let current = answer.version_ids_to_stages().into_iter().flatten();
    let mut current =
        current.filter(|(_, labels)| labels.iter().any(|label| label == "AWSCURRENT"));
    let is_placeholder = current
        .next()
        .is_none_or(|(_, labels)| labels.iter().any(|label| label == PLACEHOLDER_LABEL));
    let changed = moment(answer.last_changed_date());
    Ok((
        if is_placeholder {
            SecretState::Placeholder
        } else {
            SecretState::Set
        },
        changed,
    ))
}

/// Everything whose name begins with the environment's path: parameters that hold secrets, and secrets.
async fn below(account: &AwsClients, path: &str) -> Result<Vec<(SecretStore, String)>, AwsError> {
    let mut names = Vec::new();
    let filter = ParameterStringFilter::builder()
        .key("Path")
        .option("Recursive")
        .values(path)
        .build();
    let filter =
        filter.map_err(|error| AwsError::new(ErrorKind::Usage, path, error, "report it"))?;
    let mut pages = account
        .ssm()
        .describe_parameters()
        .parameter_filters(filter)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| refusal("ssm:DescribeParameters", &error))?;
        let secrets = page
            .parameters()
            .iter()
            .filter(|it| it.r#type() == Some(&ParameterType::SecureString));
        names.extend(secrets.filter_map(|it| Some((SecretStore::Ssm, it.name()?.to_owned()))));
    }
    let filter = aws_sdk_secretsmanager::types::Filter::builder()
        .key(aws_sdk_secretsmanager::types::FilterNameStringType::Name)
        .values(format!("{path}/"))
        .build();
    let mut pages = account
        .secrets_manager()
        .list_secrets()
        .filters(filter)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| refusal("secretsmanager:ListSecrets", &error))?;
        names.extend(
            page.secret_list()
                .iter()
                .filter_map(|it| Some((SecretStore::SecretsManager, it.name()?.to_owned()))),
        );
    }
    Ok(names)
}

//! `valet-gen secrets push` and `valet-gen secrets status`

use std::fs::File;
use std::io::{IsTerminal as _, Read as _, stdin};

use valet_bake_aws::sdk::{self, DeclaredSecret, SecretState, SecretStore};

use zeroize::Zeroizing;

use super::inputs::Inputs;
use super::protect::keep_out_of_core_dumps;
use super::show::run_plain;
use crate::cli::exit::{file_error, usage_error};
use crate::cli::secrets::{PushArgs, StatusArgs};
use crate::cli::{Exit, ResultFormat, print};
use crate::resolve::Environment;

/// The longest value that is read, in bytes: Secrets Manager takes 64 KB.
const MAX_VALUE_BYTES: u64 = 65_536;

/// The longest value of a standard parameter, in bytes.
const MAX_PARAMETER_BYTES: usize = 4096;

pub fn push(arguments: &PushArgs) -> Exit {
    pushed(arguments).unwrap_or_else(|exit| exit)
}

fn pushed(arguments: &PushArgs) -> Result<Exit, Exit> {
    keep_out_of_core_dumps();
    let inputs = Inputs::read(&arguments.fleet, arguments.environment.as_deref())?;
    let environment = inputs.environment();
    let all = declared(environment);
    let Some(secret) = all.iter().find(|secret| secret.name == arguments.name) else {
        let names: Vec<&str> = all.iter().map(|secret| secret.name.as_str()).collect();
        return Err(usage_error(
            &arguments.name,
            &"[secrets] has no such name",
            &format!(
                "declare it there and apply, or name one of: {}",
                names.join(", ")
            ),
        ));
    };
    let value = value(arguments)?;
    check_value(secret, &value)?;
    let key = key_of(environment);
    run_plain(sdk::push(
        &environment.identity.region,
        &key,
        secret,
        &value,
    ))?;
    print::line_to_stdout(format_args!("{} has a new value", secret.path));
    Ok(Exit::Success)
}

/// Refuses what is no value, or none for its store.
pub fn check_value(secret: &DeclaredSecret, value: &str) -> Result<(), Exit> {
    if let Some(problem) = valet_protocol::secrets::unusable(value) {
        return Err(usage_error(
            &secret.name,
            &format!("the value {problem}"),
            "give the value that its owner has",
        ));
    }
    let limit = match secret.store {
        SecretStore::Ssm => MAX_PARAMETER_BYTES,
        SecretStore::SecretsManager => MAX_VALUE_BYTES as usize,
    };
    if value.len() <= limit {
        return Ok(());
    }
    let (holder, help) = match secret.store {
        SecretStore::Ssm => (
            "a standard parameter",
            "keep it in Secrets Manager: `store = \"secretsmanager\"` in [secrets]",
        ),
        SecretStore::SecretsManager => ("Secrets Manager", "a secret is a short text"),
    };
    Err(usage_error(
        &secret.name,
        &format!(
            "the value has {} bytes, and {holder} holds {limit}",
            value.len()
        ),
        help,
    ))
}

/// The key that Terraform expects of the environment's parameters.
pub fn key_of(environment: &Environment) -> String {
    let alias = || format!("alias/{}", environment.identity.prefix);
    environment.existing_key.clone().unwrap_or_else(alias)
}

/// The service, in AWS's words.
pub fn store_name(store: SecretStore) -> &'static str {
    match store {
        SecretStore::Ssm => "Parameter Store",
        SecretStore::SecretsManager => "Secrets Manager",
    }
}

/// The value, without the newline that most programs print behind one. No error says anything of it.
fn value(arguments: &PushArgs) -> Result<Zeroizing<String>, Exit> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_VALUE_BYTES as usize + 1));
    let source = arguments.file.as_ref().map_or_else(
        || "standard input".to_owned(),
        |file| file.display().to_string(),
    );
    let help = "name a file that can be read, with --file, or pipe the value in";
    let read = match &arguments.file {
        Some(file) => {
            File::open(file).and_then(|file| file.take(MAX_VALUE_BYTES + 1).read_to_end(&mut bytes))
        }
        None if stdin().is_terminal() => {
            let typed = rpassword::prompt_password(format!("Value of {}: ", arguments.name));
            let typed = typed.map_err(|error| file_error(&"terminal", &error, help))?;
            return Ok(Zeroizing::new(typed));
        }
        None => stdin()
            .lock()
            .take(MAX_VALUE_BYTES + 1)
            .read_to_end(&mut bytes),
    };
    read.map_err(|error| file_error(&source, &error, help))?;
    if bytes.len() as u64 > MAX_VALUE_BYTES {
        return Err(usage_error(
            &source,
            &format!("it is larger than {MAX_VALUE_BYTES} bytes"),
            "a secret is a short text",
        ));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| usage_error(&source, &"it is not UTF-8", "a secret is a text"))?;
    let mut value = Zeroizing::new(text.to_owned());
    if value.ends_with('\n') {
        value.pop();
        if value.ends_with('\r') {
            value.pop();
        }
    }
    Ok(value)
}

pub fn secret_status(arguments: &StatusArgs) -> Exit {
    let listed = || {
        let inputs = Inputs::read(&arguments.fleet, arguments.environment.as_deref())?;
        let environment = inputs.environment();
        let known = [environment.image.parameter.clone()];
        let all = run_plain(sdk::secret_status(
            &environment.identity.region,
            &environment.identity.path,
            &declared(environment),
            &known,
        ))?;
        if arguments.format == ResultFormat::Json {
            print::line_to_stdout(serde_json::to_string_pretty(&all).unwrap_or_default());
        } else {
            for secret in &all {
                let age = secret
                    .days
                    .map_or(String::new(), |days| format!(", {days} days old"));
                print::line_to_stdout(format_args!(
                    "{:<32} {}{age}",
                    secret.name,
                    in_words(secret.state)
                ));
            }
        }
        let is_well = all.iter().all(|secret| secret.state == SecretState::Set);
        Ok(if is_well {
            Exit::Success
        } else {
            Exit::InvalidFleet
        })
    };
    listed().unwrap_or_else(|exit: Exit| exit)
}

fn in_words(state: SecretState) -> &'static str {
    match state {
        SecretState::Missing => "missing: run `terraform apply`",
        SecretState::Placeholder => "placeholder: no value was put here yet",
        SecretState::Old => "due for a new value",
        SecretState::Unknown => "unknown: [secrets] has no such name",
        SecretState::Set => "set",
    }
}

pub fn declared(environment: &Environment) -> Vec<DeclaredSecret> {
    let path = |name: &str| format!("{}/{name}", environment.identity.path);
    let parameters = environment
        .secrets
        .parameters
        .keys()
        .map(|name| DeclaredSecret {
            name: name.clone(),
            store: SecretStore::Ssm,
            path: path(name),
            rotate_after_days: None,
        });
    let managed = environment
        .secrets
        .secrets
        .iter()
        .map(|(name, secret)| DeclaredSecret {
            name: name.clone(),
            store: SecretStore::SecretsManager,
            path: path(name),
            rotate_after_days: secret.rotate_after_days,
        });
    parameters.chain(managed).collect()
}

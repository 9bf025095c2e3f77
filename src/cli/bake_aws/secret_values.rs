//! `valet-gen secrets push` and `valet-gen secrets status`

use std::fs::File;
use std::io::{IsTerminal as _, Read, stdin};

use valet_bake_aws::sdk::{self, Declared, State, Store};

use super::inputs::Inputs;
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
    if let Some(problem) = valet_protocol::secrets::unusable(&value) {
        return Err(usage_error(
            &arguments.name,
            &format!("the value {problem}"),
            "give the value that its owner has",
        ));
    }
    if secret.store == Store::Ssm && value.len() > MAX_PARAMETER_BYTES {
        return Err(usage_error(
            &arguments.name,
            &format!(
                "the value has {} bytes, and a standard parameter holds {MAX_PARAMETER_BYTES}",
                value.len()
            ),
            "keep it in Secrets Manager: `store = \"secretsmanager\"` in [secrets]",
        ));
    }
    let key = format!("alias/{}", environment.identity.prefix);
    run_plain(sdk::push(
        &environment.identity.region,
        &key,
        secret,
        &value,
    ))?;
    print::line_to_stdout(format_args!("{} has a new value", secret.path));
    Ok(Exit::Success)
}

/// The value, without the newline that most programs print behind one. No error says anything of it.
fn value(arguments: &PushArgs) -> Result<String, Exit> {
    let mut bytes = Vec::new();
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
            return Err(usage_error(
                &"secrets push",
                &"standard input is a terminal, which would show the value",
                help,
            ));
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
    let mut value = String::from_utf8(bytes)
        .map_err(|_| usage_error(&source, &"it is not UTF-8", "a secret is a text"))?;
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
        let all = run_plain(sdk::secret_status(
            &environment.identity.region,
            &declared(environment),
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
        let is_well = all.iter().all(|secret| secret.state == State::Set);
        Ok(if is_well {
            Exit::Success
        } else {
            Exit::InvalidFleet
        })
    };
    listed().unwrap_or_else(|exit: Exit| exit)
}

fn in_words(state: State) -> &'static str {
    match state {
        State::Missing => "missing: run `terraform apply`",
        State::Placeholder => "placeholder: no value was put here yet",
        State::Old => "due for a new value",
        State::Set => "set",
    }
}

fn declared(environment: &Environment) -> Vec<Declared> {
    let path = |name: &str| format!("{}/{name}", environment.identity.path);
    let parameters = environment.secrets.parameters.keys().map(|name| Declared {
        name: name.clone(),
        store: Store::Ssm,
        path: path(name),
        rotate_after_days: None,
    });
    let managed = environment
        .secrets
        .secrets
        .iter()
        .map(|(name, secret)| Declared {
            name: name.clone(),
            store: Store::SecretsManager,
            path: path(name),
            rotate_after_days: secret.rotate_after_days,
        });
    parameters.chain(managed).collect()
}

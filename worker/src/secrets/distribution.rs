//! Fetches the secrets, hands each to who uses it, and does so again when one changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;
use valet_protocol::Config;
use valet_protocol::config::{Secret, SecretReadTime, User};

use super::environment_file;
use super::error::SecretsError;
use super::stores::{self, Lookup, Value};
use crate::aws::Aws;
use crate::error::AgentError;
use crate::host::{Host, HostFor};
use crate::state::part::Secrets;

/// Between two restarts at a store that does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// The secrets in hand, by name.
type Values = BTreeMap<String, Value>;

/// Fetches the secrets for the start, which knows when they are needed and what becomes of a failure.
#[derive(Debug)]
pub struct Fetcher(HostFor<Secrets>);

impl Fetcher {
    #[must_use]
    pub const fn new(host: HostFor<Secrets>) -> Self {
        Self(host)
    }

    /// Fetches every secret and hands each to who uses it.
    ///
    /// # Errors
    ///
    /// The names of what is wrong with what, never a value.
    pub async fn fetch(&self) -> Result<(), AgentError> {
        fetch(&self.0).await
    }
}

/// Fetches every secret and hands each to who uses it.
///
/// A store that does not respond is asked again for `start.secrets_seconds`. A value that is missing or
/// empty is final, and so is Terraform's placeholder, with an error of its own: only a person can
/// help there. Errors name what is wrong with what, never a value.
async fn fetch(host: &HostFor<Secrets>) -> Result<(), AgentError> {
    let values = fetched(host).await?;
    let everybody = [User::Agent, User::Runtime, User::AdsPower].into();
    distribute(host, &values, &everybody).map_err(|error| {
        let folder = &host.config.paths.runtime_directory;
        AgentError::new(format!(
            "the secrets cannot be written to {folder}: {error}. It is the unit's \
             RuntimeDirectory and belongs to the agent's user"
        ))
    })?;
    host.update(|current| {
        *current.secrets_ready_mut() = true;
        *current.secret_versions_mut() = versions(&values);
        true
    });
    tracing::info!(names = ?values.keys().collect::<Vec<_>>(), "secrets fetched");
    Ok(())
}

async fn fetched(host: &Host) -> Result<Values, AgentError> {
    let until = Instant::now() + host.config.start.secrets_seconds.duration();
    let mut last = "no answer came in time".to_owned();
    loop {
        let asked = stores::values(&host.aws, host.config.secrets.iter());
        match tokio::time::timeout_at(until, asked).await {
            Ok(Ok(answer)) => {
                let only_placeholders = only_placeholders(&answer);
                return usable(answer).map_err(|wrong| refused(&wrong, only_placeholders));
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "fetching the secrets failed");
                last = error.to_string();
            }
            // Why is what the attempt before it said.
            Err(_) => {}
        }
        if Instant::now() + PAUSE > until {
            return Err(AgentError::new(format!(
                "the secrets cannot be read: {last}. Check the instance role and the route to \
                 the service's endpoint"
            )));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Looks whether every secret can be read and is good, and keeps none.
///
/// # Errors
///
/// The names of what is wrong with what, never a value.
pub async fn inspect(config: &Config, aws: &Aws) -> Result<(), SecretsError> {
    let answer = stores::values(aws, config.secrets.iter()).await?;
    match usable(answer) {
        Ok(_) => Ok(()),
        Err(wrong) => Err(SecretsError::Unusable(wrong)),
    }
}

fn refused(wrong: &[String], only_placeholders: bool) -> AgentError {
    let wrong = wrong.join("; ");
    if only_placeholders {
        AgentError::PlaceholderSecrets(format!(
            "waiting for secret values: {wrong}. Store the values (docs/secrets.md)"
        ))
    } else {
        AgentError::new(format!(
            "secrets are not usable: {wrong}. Store the values (docs/secrets.md) and restart the agent"
        ))
    }
}

/// Whether nothing is wrong but that some values are Terraform's placeholder.
fn only_placeholders(answer: &Lookup<Value>) -> bool {
    let fits = |value: &Value| {
        let text = value.text.expose_secret();
        let fault = valet_protocol::secrets::unusable(text);
        text.trim() == valet_protocol::secrets::PLACEHOLDER
            || (fault.is_none() && environment_file::unwritable(text).is_none())
    };
    answer.wrong.is_empty() && answer.found.values().all(fits)
}

/// The values, if every one of them is good.
fn usable(answer: Lookup<Value>) -> Result<Values, Vec<String>> {
    let mut wrong = answer.wrong;
    for (name, value) in &answer.found {
        let text = value.text.expose_secret();
        let fault =
            valet_protocol::secrets::unusable(text).or_else(|| environment_file::unwritable(text));
        wrong.extend(fault.map(|fault| format!("{name} {fault}")));
    }
    if wrong.is_empty() {
        Ok(answer.found)
    } else {
        Err(wrong)
    }
}

fn versions(values: &Values) -> BTreeMap<String, String> {
    values
        .iter()
        .map(|(name, value)| (name.clone(), value.version.clone()))
        .collect()
}

/// Gives the agent what it uses and writes the environment files of the others, for these users.
/// Whose file said something else before, by an earlier look or an agent before this one, has become
/// stale.
fn distribute(
    host: &HostFor<Secrets>,
    values: &Values,
    users: &BTreeSet<User>,
) -> std::io::Result<()> {
    let used_by = |user: User| {
        host.config
            .secrets
            .iter()
            .filter(move |(_, secret)| secret.used_by.contains(&user))
            .filter_map(|(name, _)| Some((name.as_str(), &values.get(name)?.text)))
    };
    let folder = Path::new(&host.config.paths.runtime_directory);
    for user in users {
        match user.file() {
            Some(file) => {
                let text = environment_file::text(used_by(*user));
                if environment_file::write(&folder.join(file), &text)? {
                    host.update(|current| current.stale_mut().insert(*user));
                }
            }
            None => {
                let own = used_by(*user).map(|(name, text)| (name.to_owned(), text.clone()));
                host.keep_secrets(own.collect::<BTreeMap<String, SecretString>>());
            }
        }
    }
    Ok(())
}

/// Looks at the versions of the secrets that are read at run time, and fetches what has changed.
pub async fn run(host: HostFor<Secrets>) {
    let interval = host.config.rotation.interval_seconds.duration();
    if !host.config.secrets.values().any(read_at_run_time) {
        return;
    }
    tokio::select! {
        () = host.wait_until(|current| current.secrets_ready) => {}
        () = host.ending().cancelled() => return,
    }
    loop {
        let pause = interval.mul_f64(0.8 + 0.4 * fastrand::f64());
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = host.ending().cancelled() => return,
        }
        if let Err(error) = check_versions(&host).await {
            // What runs has its values: a store that is down harms nobody until a restart.
            tracing::warn!(
                %error,
                "checking the secrets for changes failed; the current values stay in use"
            );
        }
    }
}

/// Whether a change is noticed while the host runs. What only the agent uses always is: it is read again
/// without restarting anything, and so without a drain.
fn read_at_run_time(secret: &Secret) -> bool {
    secret.read == SecretReadTime::Runtime || secret.used_by == [User::Agent]
}

/// One look.
async fn check_versions(host: &HostFor<Secrets>) -> Result<(), SecretsError> {
    let watched = || {
        let secrets = host.config.secrets.iter();
        secrets.filter(|(_, secret)| read_at_run_time(secret))
    };
    let now = stores::versions(&host.aws, watched()).await?;
    let known = host.read(|current| current.secret_versions.clone());
    let changed: BTreeSet<&String> = now
        .found
        .iter()
        .filter(|(name, version)| known.get(*name) != Some(*version))
        .map(|(name, _)| name)
        .collect();
    if !now.wrong.is_empty() {
        return Err(SecretsError::Unusable(now.wrong));
    }
    if changed.is_empty() {
        return Ok(());
    }
    let users: BTreeSet<User> = watched()
        .filter(|(name, _)| changed.contains(name))
        .flat_map(|(_, secret)| secret.used_by.iter().copied())
        .collect();
    // A file holds all that its reader uses, so what is read at boot alone is read again with it:
    // its reader is started again, which is what it waits for. Nobody else's file is touched.
    let of_users = host
        .config
        .secrets
        .iter()
        .filter(|(_, secret)| secret.used_by.iter().any(|user| users.contains(user)));
    let answer = stores::values(&host.aws, of_users).await?;
    let values = usable(answer).map_err(SecretsError::Unusable)?;
    distribute(host, &values, &users).map_err(|error| SecretsError::Write(error.to_string()))?;
    tracing::info!(?changed, used_by = ?users, "secrets changed");
    host.update(|current| {
        current.secret_versions_mut().extend(versions(&values));
        true
    });
    Ok(())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

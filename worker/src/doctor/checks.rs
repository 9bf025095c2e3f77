//! What is examined, in this order.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use hyper::Method;
use valet_protocol::config::User;
use valet_protocol::local_api::{State, Status};
use valet_protocol::{Config, units};

use super::finding::{Finding, Unmet};
use super::{metadata, ports};
use crate::api::access;
use crate::aws::Aws;
use crate::cli::client::{self, CallError};
use crate::http_client::HttpClient;
use crate::secrets::{self, SecretsError};
use crate::systemd::Systemd;
use crate::timeout::within;
use crate::{passwd, services};

/// Examines everything. Nothing is changed.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::new(
        "configuration",
        "worker.toml is valid",
        Ok(format!("{}, {}", config.fleet, config.environment)),
    )];
    findings.extend(users(config));
    findings.extend(of_units(config).await);
    findings.extend(of_services(config).await);
    findings.extend(ports::check(config));
    findings.extend(permissions(config));
    findings.extend(metadata::check().await);
    findings.push(of_secrets(config).await);
    findings.extend(agent(config).await);
    findings
}

fn users(config: &Config) -> Vec<Finding> {
    let of = |name: &str| match passwd::user_id(name) {
        Ok(Some(0)) => Err(Unmet("it is root, and must not be".to_owned())),
        Ok(Some(id)) => Ok(format!("uid {id}")),
        Ok(None) => Err(Unmet(
            "the user does not exist: the image creates it".to_owned(),
        )),
        Err(error) => Err(error.into()),
    };
    let (runtime, adspower) = (&config.runtime.user, &config.services.adspower.user);
    let apart = if runtime == adspower {
        Err(Unmet(format!("both are {runtime}")))
    } else {
        Ok(String::new())
    };
    vec![
        Finding::new(
            "users",
            format!("the agent's user {}", units::AGENT_USER),
            of(units::AGENT_USER),
        ),
        Finding::new(
            "users",
            format!("the runtime's user {runtime}"),
            of(runtime),
        ),
        Finding::new("users", format!("AdsPower's user {adspower}"), of(adspower)),
        Finding::new(
            "users",
            "the runtime and AdsPower run as different users",
            apart,
        ),
    ]
}

async fn of_units(config: &Config) -> Vec<Finding> {
    let systemd = Systemd::default();
    let services = &config.services;
    let names = [
        units::WORKER,
        &config.runtime.unit,
        &services.adspower.unit,
        &services.xvfb.unit,
        &services.novnc.vnc_unit,
        &services.novnc.unit,
    ];
    let mut findings = Vec::new();
    for name in names {
        let found = match systemd.loaded(name).await {
            Ok(loaded) if loaded == "loaded" => active(&systemd, name).await,
            Ok(loaded) => Err(Unmet(format!(
                "systemd says {loaded}: the image installs it"
            ))),
            Err(error) => Err(error.into()),
        };
        findings.push(Finding::new("units", name, found));
    }
    findings
}

async fn active(systemd: &Systemd, name: &str) -> Result<String, Unmet> {
    let unit = systemd.unit(name).await?;
    if unit.running() {
        Ok(unit.active)
    } else {
        Err(Unmet(format!(
            "{}: read `journalctl -u {name}`",
            unit.active
        )))
    }
}

async fn of_services(config: &Config) -> Vec<Finding> {
    let found = services::probe_all(config).await.by_service(config);
    crate::state::Service::ALL
        .into_iter()
        .zip(found)
        .map(|(service, probe)| {
            Finding::new(
                "services",
                service.name(),
                probe.map(|()| "well".to_owned()).map_err(Unmet::from),
            )
        })
        .collect()
}

fn permissions(config: &Config) -> Vec<Finding> {
    let folder = Path::new(&config.paths.runtime_directory);
    let mut findings = vec![
        mode(Path::new(valet_protocol::config::PATH), 0o022, "writable"),
        mode(folder, 0o022, "writable"),
    ];
    for user in [User::Runtime, User::AdsPower] {
        if let Some(file) = user.file() {
            findings.push(mode(&folder.join(file), 0o077, "readable"));
        }
    }
    findings.push(Finding::new(
        "permissions",
        format!("{} accepts connections", config.paths.socket),
        socket_mode(&config.paths.socket),
    ));
    findings
}

/// Whether none of these bits, which would make it so for others, is set.
fn mode(place: &Path, forbidden: u32, what: &str) -> Finding {
    let found = match place.metadata() {
        Ok(metadata) => {
            let mode = metadata.permissions().mode() & 0o7777;
            let words = format!("mode {mode:04o}, owner {}", metadata.uid());
            if mode & forbidden == 0 {
                Ok(words)
            } else {
                Err(Unmet(words))
            }
        }
        Err(error) => Err(error.into()),
    };
    Finding::new(
        "permissions",
        format!("{} is not {what} by others", place.display()),
        found,
    )
}

fn socket_mode(socket: &str) -> Result<String, Unmet> {
    let metadata = Path::new(socket).metadata()?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode == access::SOCKET_MODE {
        Ok("for the runtime's user and operators".to_owned())
    } else {
        let expected = access::SOCKET_MODE;
        Err(Unmet(format!(
            "mode {mode:04o} instead of {expected:04o}: restart the agent"
        )))
    }
}

async fn of_secrets(config: &Config) -> Finding {
    let aws = Aws::new(config, HttpClient::through(config.proxy.as_ref())).await;
    let timeout = config.start.secrets_seconds.duration();
    // The SDK's futures are large.
    let inspected = Box::pin(secrets::inspect(config, &aws));
    let found = match within(timeout, inspected).await {
        Ok(()) => Ok(format!(
            "{} can be read and have usable values",
            config.secrets.len()
        )),
        Err(error @ SecretsError::TimedOut(_)) => Err(error.into()),
        Err(error) => Err(Unmet(format!(
            "{error}. See docs/secrets.md for how to store values"
        ))),
    };
    Finding::new("secrets", "the instance role can read every secret", found)
}

async fn agent(config: &Config) -> Vec<Finding> {
    let asked: Result<Status, CallError> =
        client::call(&config.paths.socket, Method::GET, "/v1/status", None::<&()>).await;
    let status = match asked {
        Ok(status) => status,
        Err(CallError::NoAgent(why)) => {
            return vec![Finding::new("agent", "the agent responds", Err(Unmet(why)))];
        }
        Err(CallError::Refused(refusal)) => {
            return vec![Finding::new(
                "agent",
                "the agent responds",
                Err(Unmet(refusal.message)),
            )];
        }
    };
    let state = format!("{}: {}", status.state.as_str(), status.cause);
    let found = if matches!(status.state, State::Ready | State::Draining) {
        Ok(state)
    } else {
        Err(Unmet(state))
    };
    let connected = if status.hatchet == "connected" {
        Ok(status.hatchet)
    } else {
        Err(Unmet(format!(
            "{}: check HATCHET_CLIENT_TOKEN and the route to the engine",
            status.hatchet
        )))
    };
    vec![
        Finding::new("agent", "the agent responds and is ready", found),
        Finding::new("hatchet", "Hatchet lists the worker as active", connected),
    ]
}

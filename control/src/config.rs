//! `control.toml`: which fleets the server hears, and where it listens.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::aws::AwsSettings;
use crate::identity::{CertificateError, Certificates};
use crate::leader::LeaderSettings;
use crate::page::PageSettings;
use crate::queue::{HatchetSettings, QueueSettings};
use crate::reaper::ReaperSettings;

/// The server's configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The database's address, such as `postgres://user@host/valet?sslmode=require`. The environment's
    /// `VALET_CONTROL_DATABASE` wins.
    #[serde(default)]
    pub database: Option<String>,
    /// Where the API and the page are served, without TLS: a load balancer in front of it ends TLS.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Where `/metrics` is served for Prometheus, to whoever reaches it. Left out: nowhere.
    #[serde(default)]
    pub metrics_listen: Option<SocketAddr>,
    /// Connections of the pool.
    #[serde(default = "default_connections")]
    pub database_connections: usize,
    /// Connections of clients at a time.
    #[serde(default = "default_clients")]
    pub max_clients: usize,
    /// The fleets that may enrol.
    #[serde(default)]
    pub fleets: Vec<FleetSettings>,
    #[serde(default)]
    pub identity: IdentitySettings,
    /// The page's links.
    #[serde(default)]
    pub page: PageSettings,
    #[serde(default)]
    pub aws: AwsSettings,
    #[serde(default)]
    pub leader: LeaderSettings,
    #[serde(default)]
    pub reaper: ReaperSettings,
    #[serde(default)]
    pub hatchet: HatchetSettings,
}

/// One environment of a fleet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetSettings {
    /// The Auto Scaling group's name.
    pub group: String,
    /// The AWS account, 12 digits.
    pub account: String,
    pub region: String,
    /// The SNS topic by which people are told what is wrong with the fleet, by its ARN.
    #[serde(default)]
    pub alerts_topic: Option<String>,
    /// What is published of the fleet's queue. Left out: nothing.
    #[serde(default)]
    pub queue: Option<QueueSettings>,
}

/// How instances prove who they are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySettings {
    /// Certificates in PEM that are pinned besides AWS's published ones, by region. Paths are relative to control.toml.
    #[serde(default)]
    pub certificates: BTreeMap<String, PathBuf>,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path} cannot be read: {error}")]
    Read {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("{path} is not valid:\n{error}")]
    Parse { path: PathBuf, error: String },
    #[error("the certificate of {region} in {path} is not valid: {error}")]
    Certificate {
        region: String,
        path: PathBuf,
        error: CertificateError,
    },
    #[error(
        "two fleets have the group `{0}`: a group is told from others by its name, here and in commands; run a server of its own for one of them"
    )]
    SameGroup(String),
    #[error("no database is named: set `database` in control.toml or VALET_CONTROL_DATABASE")]
    NoDatabase,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

const fn default_connections() -> usize {
    16
}

const fn default_clients() -> usize {
    20_000
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: None,
            listen: default_listen(),
            metrics_listen: None,
            database_connections: default_connections(),
            max_clients: default_clients(),
            fleets: Vec::new(),
            identity: IdentitySettings::default(),
            page: PageSettings::default(),
            aws: AwsSettings::default(),
            leader: LeaderSettings::default(),
            reaper: ReaperSettings::default(),
            hatchet: HatchetSettings::default(),
        }
    }
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is not TOML, or has a key that is unknown.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read {
            path: path.to_owned(),
            error,
        })?;
        let mut config: Self = toml::from_str(&text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            error: error.to_string(),
        })?;
        let mut groups = BTreeSet::new();
        if let Some(twice) = config
            .fleets
            .iter()
            .find(|fleet| !groups.insert(&fleet.group))
        {
            return Err(ConfigError::SameGroup(twice.group.clone()));
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        for certificate in config.identity.certificates.values_mut() {
            *certificate = folder.join(&*certificate);
        }
        if let Some(file) = &mut config.hatchet.token_file {
            *file = folder.join(&*file);
        }
        Ok(config)
    }

    /// AWS's published certificates and those that the configuration pins.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or is not a certificate.
    pub fn certificates(&self) -> Result<Certificates, ConfigError> {
        let mut certificates = Certificates::published();
        for (region, path) in &self.identity.certificates {
            let pem = std::fs::read_to_string(path).map_err(|error| ConfigError::Read {
                path: path.clone(),
                error,
            })?;
            certificates
                .pin(region, &pem)
                .map_err(|error| ConfigError::Certificate {
                    region: region.clone(),
                    path: path.clone(),
                    error,
                })?;
        }
        Ok(certificates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fleets_of_one_name_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("control.toml");
        let fleet = |group: &str, region: &str| {
            format!(
                "[[fleets]]\ngroup = \"{group}\"\naccount = \"123456789012\"\nregion = \"{region}\"\n"
            )
        };
        let load = |groups: [&str; 2]| {
            let text = fleet(groups[0], "us-east-1") + &fleet(groups[1], "eu-west-1");
            std::fs::write(&path, text).expect("written");
            Config::load(&path)
        };
        load(["a", "b"]).expect("each has a name");
        let refused = load(["a", "a"]).expect_err("one name for two");
        assert!(refused.to_string().contains("`a`"), "{refused}");
    }
}

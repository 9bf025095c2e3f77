//! What is wrong with the agent's files.

use super::proxy::ProxyError;

/// Why worker.toml, or the settings that it is made from, are not valid for this agent.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// The parser's message, with line and column.
    #[error("{0}")]
    Parse(String),
    #[error("its format is {found}, and this image understands {understood}")]
    Format { found: u32, understood: u32 },
    #[error("{key} = {value} is too short: at least {least} s")]
    TooShort {
        key: &'static str,
        value: f64,
        least: f64,
    },
    #[error("{key} = {value} is out of range: {least} to {most}")]
    OutOfRange {
        key: &'static str,
        value: u32,
        least: u32,
        most: u32,
    },
    #[error("network.resolvers: `{0}` is not a range of IPv4 addresses")]
    Resolver(String),
    #[error(transparent)]
    Proxy(#[from] ProxyError),
}

impl From<toml::de::Error> for ConfigError {
    fn from(error: toml::de::Error) -> Self {
        Self::Parse(error.to_string())
    }
}

impl From<serde_json::Error> for ConfigError {
    fn from(error: serde_json::Error) -> Self {
        Self::Parse(error.to_string())
    }
}

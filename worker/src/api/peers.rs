//! Who is at the other end of a connection, and what they may.

use std::io;

use tokio::net::UnixStream;
use valet_protocol::Config;

use crate::error::AgentError;
use crate::passwd;

/// What a peer may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Give orders.
    pub operator: bool,
    /// Hold leases.
    pub runtime: bool,
}

/// The rule by which rights are given.
#[derive(Clone, Debug)]
pub struct Peers {
    own: u32,
    runtime: u32,
    operators: String,
}

impl Peers {
    /// The rule of this configuration.
    ///
    /// # Errors
    ///
    /// When the runtime's user does not exist: nobody could ever take a lease.
    pub fn new(config: &Config) -> Result<Self, AgentError> {
        let user = &config.runtime.user;
        let runtime = passwd::user_id(user)
            .map_err(|error| AgentError::new(format!("/etc/passwd cannot be read: {error}")))?
            .ok_or_else(|| {
                AgentError::new(format!(
                    "user `{user}` (runtime.user in worker.toml) does not exist: the image creates it"
                ))
            })?;
        Ok(Self {
            own: rustix::process::getuid().as_raw(),
            runtime,
            operators: config.api.operators_group.clone(),
        })
    }

    /// The runtime's user.
    #[must_use]
    pub const fn runtime(&self) -> u32 {
        self.runtime
    }

    /// Whether this is the runtime's user.
    #[must_use]
    pub const fn is_runtime(&self, user: u32) -> bool {
        user == self.runtime
    }

    /// The rights of whoever opened the connection; nobody's are `None`.
    ///
    /// # Errors
    ///
    /// When the kernel or the lists of users do not say who it is.
    pub fn rights(&self, connection: &UnixStream) -> io::Result<Option<Rights>> {
        let peer = connection.peer_cred()?;
        let (user, group) = (peer.uid(), peer.gid());
        let runtime = user == self.runtime;
        let operator = user == 0
            || user == self.own
            || (!runtime && passwd::belongs(user, group, &self.operators)?);
        Ok((operator || runtime).then_some(Rights { operator, runtime }))
    }
}

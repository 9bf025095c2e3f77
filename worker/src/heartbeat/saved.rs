//! What the agent keeps of its enrolment over a restart, in memory that a boot empties.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use valet_protocol::Config;

use super::orders::Orders;
use crate::persist;

/// Where the kernel says which boot this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The enrolment, what was sent last, and the orders.
#[derive(Default)]
pub struct Enrolment {
    /// The kernel's id of this boot.
    pub boot_id: String,
    /// The number of the last heartbeat.
    pub seq: u64,
    /// This instance's token; nothing before it is enrolled, and where the server refused it.
    pub token: Option<SecretString>,
    /// The last token that was refused. It proves to the server that this agent had enrolled.
    pub previous_token: Option<SecretString>,
    pub orders: Orders,
}

/// The same in a file of the runtime directory, readable by the agent alone.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct SavedEnrolment {
    boot_id: String,
    seq: u64,
    token: Option<String>,
    previous_token: Option<String>,
    orders: Orders,
}

/// Whether this boot has been enrolled at some time.
#[must_use]
pub fn is_enrolled(config: &Config) -> bool {
    Enrolment::load(config)
        .is_ok_and(|saved| saved.token.is_some() || saved.previous_token.is_some())
}

impl Enrolment {
    /// What was saved in this boot, or nothing yet.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say which boot this is.
    pub fn load(config: &Config) -> std::io::Result<Self> {
        let boot_id = std::fs::read_to_string(BOOT_ID)?.trim().to_owned();
        let saved: Option<SavedEnrolment> = persist::read(config, persist::ENROLMENT);
        let saved = saved.filter(|saved| saved.boot_id == boot_id);
        let saved = saved.unwrap_or_default();
        Ok(Self {
            boot_id,
            seq: saved.seq,
            token: saved.token.map(SecretString::from),
            previous_token: saved.previous_token.map(SecretString::from),
            orders: saved.orders,
        })
    }

    /// Saves it.
    pub fn save(&self, config: &Config) {
        let text = |token: &Option<SecretString>| {
            token.as_ref().map(|token| token.expose_secret().to_owned())
        };
        let saved = SavedEnrolment {
            boot_id: self.boot_id.clone(),
            seq: self.seq,
            token: text(&self.token),
            previous_token: text(&self.previous_token),
            orders: self.orders.clone(),
        };
        persist::write(config, persist::ENROLMENT, &saved);
    }

    /// The server does not accept the token any more.
    pub fn refuse_token(&mut self) {
        if let Some(token) = self.token.take() {
            self.previous_token = Some(token);
        }
    }
}

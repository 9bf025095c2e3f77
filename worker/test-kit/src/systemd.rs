//! systemd's D-Bus interface, on a bus of the test's own: a real dbus-daemon, and as much of
//! `org.freedesktop.systemd1` as somebody needs who starts, stops and watches units.
//!
//! A unit is a real process, or one of the other fakes. Names, states, signals and errors are
//! those of org.freedesktop.systemd1(5).

mod bus;
mod environment;
mod objects;
mod program;
mod units;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use zbus::Connection;

pub use program::Program;

use crate::server::Server;
use crate::shared::Shared;
use crate::x_server::XServer;
use bus::Bus;
use units::{Unit, Units};

/// What a unit stands for.
#[derive(Clone)]
pub enum Behind {
    /// A process, which is a child of the test.
    Program(Program),
    /// A fake with a port.
    Server(Arc<Server>),
    /// A fake with a socket.
    XServer(Arc<XServer>),
    /// Nothing: it starts and stops.
    Nothing,
}

/// One job that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// `start`, `stop` or `restart`.
    pub kind: &'static str,
    pub unit: String,
    pub at: Instant,
}

/// The running bus with systemd on it.
pub struct Systemd {
    bus: Bus,
    connection: Connection,
    units: Units,
}

impl Systemd {
    /// Starts a bus with its socket and its configuration in this folder, and systemd on it without
    /// a unit.
    ///
    /// # Errors
    ///
    /// When there is no dbus-daemon, or it does not start.
    pub async fn start(folder: &Path) -> io::Result<Self> {
        let bus = Bus::start(folder).await?;
        let units = Units::new(Shared::default());
        let connection = objects::serve(bus.address(), units.clone())
            .await
            .map_err(io::Error::other)?;
        Ok(Self {
            bus,
            connection,
            units,
        })
    }

    /// The bus, for `DBUS_SYSTEM_BUS_ADDRESS`.
    #[must_use]
    pub fn address(&self) -> &str {
        self.bus.address()
    }

    /// Makes a unit known. It does not run until somebody starts it.
    ///
    /// # Errors
    ///
    /// When it cannot be put on the bus.
    pub async fn add(&self, name: &str, behind: Behind) -> io::Result<()> {
        self.units.add(Unit::new(name, behind));
        objects::add(&self.connection, &self.units, name)
            .await
            .map_err(io::Error::other)
    }

    /// Starts a unit, as an administrator would.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn start_unit(&self, name: &str) -> io::Result<()> {
        units::start(&self.units, name).await
    }

    /// Says that a job of this type is under way for a unit, such as the restart in the middle of which its process is
    /// told to stop.
    ///
    /// # Errors
    ///
    /// When it cannot be put on the bus.
    pub async fn announce_job(&self, name: &str, kind: &'static str) -> io::Result<()> {
        // Above those that come over the bus.
        static NUMBERS: AtomicU32 = AtomicU32::new(10_000);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        objects::add_job(&self.connection, number, kind)
            .await
            .map_err(io::Error::other)?;
        self.units
            .with(name, |unit| unit.job = Some((number, kind)));
        Ok(())
    }

    /// Kills what is behind a unit, as a crash would. It stays down until somebody starts it.
    pub async fn kill(&self, name: &str) {
        units::crash(&self.units, name).await;
    }

    /// Lets every start of this unit fail, or succeed again.
    pub fn refuse_starts(&self, name: &str, refused: bool) {
        self.units.with(name, |unit| unit.refuses = refused);
    }

    /// `active`, `inactive`, `failed`, `activating` or `deactivating`; nothing for a unit that is
    /// not known.
    #[must_use]
    pub fn active_state(&self, name: &str) -> Option<&'static str> {
        self.units.with(name, |unit| unit.active_state)
    }

    /// The process behind a unit, while there is one.
    #[must_use]
    pub fn main_pid(&self, name: &str) -> Option<u32> {
        let pid = self.units.with(name, |unit| unit.main_pid)?;
        (pid != 0).then_some(pid)
    }

    /// How often a unit was started, by whomever.
    #[must_use]
    pub fn starts(&self, name: &str) -> usize {
        self.units.with(name, |unit| unit.starts).unwrap_or(0)
    }

    /// Every job that came over the bus.
    #[must_use]
    pub fn jobs(&self) -> Vec<Job> {
        self.units.jobs()
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        self.units.kill_all();
    }
}

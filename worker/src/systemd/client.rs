//! The connection to systemd.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::Mutex;

use super::error::SystemdError;
use super::interfaces::{ManagerProxy, job_object, service_object, slice_object, unit_object};
use super::unit::{Unit, UnitAction};
use super::unit_spool;
use crate::error::chain;

/// How long systemd may take to answer. It answers before a job is done.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A job of systemd's that stops a unit and starts it again (`JobType` in org.freedesktop.systemd1(5)). While it starts,
/// the job is `start`.
const RESTART: &str = "restart";

/// A connection to systemd, made when it is first needed and again when it breaks.
#[derive(Debug, Default)]
pub struct Systemd {
    connection: Mutex<Option<zbus::Connection>>,
    /// Where orders are left that systemd itself would not take from us.
    orders: Option<PathBuf>,
}

impl Systemd {
    /// systemd as the agent may use it, which is root only in tests.
    #[must_use]
    pub fn of_agent(runtime_directory: &str) -> Self {
        let is_root = rustix::process::geteuid().is_root();
        Self {
            connection: Mutex::default(),
            orders: unit_spool::folder(runtime_directory).filter(|_| !is_root),
        }
    }

    /// How a unit is.
    ///
    /// # Errors
    ///
    /// Why systemd could not be called.
    pub async fn unit(&self, name: &str) -> Result<Unit, SystemdError> {
        self.call(async |connection| {
            let path = ManagerProxy::new(connection).await?.load_unit(name).await?;
            let unit = unit_object(connection, &path).await?;
            let service = service_object(connection, &path).await?;
            let pid = service.main_pid().await?;
            Ok(Unit {
                active: unit.active_state().await?,
                main_pid: (pid != 0).then_some(pid),
            })
        })
        .await
    }

    /// Whether systemd knows the unit: its word for that, such as `loaded` or `not-found`.
    ///
    /// # Errors
    ///
    /// Why systemd could not be called.
    pub async fn loaded(&self, name: &str) -> Result<String, SystemdError> {
        self.call(async |connection| {
            let path = ManagerProxy::new(connection).await?.load_unit(name).await?;
            unit_object(connection, &path).await?.load_state().await
        })
        .await
    }

    /// Whether systemd is restarting the unit: stops it now and starts it right after.
    ///
    /// # Errors
    ///
    /// Why systemd could not be called.
    pub async fn is_restarting(&self, name: &str) -> Result<bool, SystemdError> {
        self.call(async |connection| {
            let path = ManagerProxy::new(connection).await?.load_unit(name).await?;
            let (id, job) = unit_object(connection, &path).await?.job().await?;
            if id == 0 {
                return Ok(false);
            }
            let job = job_object(connection, &job).await?;
            Ok(job.job_type().await? == RESTART)
        })
        .await
    }

    /// Memory of a service's processes in bytes, where systemd accounts for it.
    ///
    /// # Errors
    ///
    /// Why systemd could not be called.
    pub async fn memory(&self, service: &str) -> Result<Option<u64>, SystemdError> {
        self.call(async |connection| {
            let path = ManagerProxy::new(connection)
                .await?
                .load_unit(service)
                .await?;
            let bytes = service_object(connection, &path)
                .await?
                .memory_current()
                .await?;
            Ok(limit(bytes))
        })
        .await
    }

    /// The memory that a slice may use at most, in bytes, if it is limited.
    ///
    /// # Errors
    ///
    /// Why systemd could not be called.
    pub async fn memory_limit(&self, slice: &str) -> Result<Option<u64>, SystemdError> {
        self.call(async |connection| {
            let path = ManagerProxy::new(connection)
                .await?
                .load_unit(slice)
                .await?;
            let slice = slice_object(connection, &path).await?;
            Ok(limit(slice.memory_max().await?))
        })
        .await
    }

    /// Starts, stops or restarts a unit. The job may still be under way when this returns. A unit
    /// that had failed too often is given a new chance first, if we may.
    ///
    /// # Errors
    ///
    /// Why systemd refused or could not be called.
    pub async fn apply(&self, verb: UnitAction, name: &str) -> Result<(), SystemdError> {
        if let Some(folder) = &self.orders {
            return Ok(unit_spool::leave(folder, verb, name).await?);
        }
        self.call(async |connection| {
            let manager = ManagerProxy::new(connection).await?;
            if verb != UnitAction::Stop {
                // It fails for a unit that has never been loaded, which is then not failed either.
                let _ = manager.reset_failed_unit(name).await;
            }
            match verb {
                UnitAction::Start => manager.start_unit(name, "replace").await?,
                // Where the host goes down, systemd's own job for the unit waits until the agent has
                // ended, and another in its order would wait with it.
                UnitAction::Stop => manager.stop_unit(name, "ignore-dependencies").await?,
                UnitAction::Restart => manager.restart_unit(name, "replace").await?,
            };
            Ok(())
        })
        .await
    }

    async fn call<T>(
        &self,
        method: impl AsyncFnOnce(&zbus::Connection) -> zbus::Result<T>,
    ) -> Result<T, SystemdError> {
        let asked = async {
            let connection = self.connected().await?;
            method(&connection).await
        };
        let answer = tokio::time::timeout(TIMEOUT, asked).await;
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                if !matches!(error, zbus::Error::MethodError(..)) {
                    self.connection.lock().await.take();
                }
                Err(SystemdError::Call(chain(&error)))
            }
            Err(_) => {
                self.connection.lock().await.take();
                Err(SystemdError::TimedOut(TIMEOUT))
            }
        }
    }

    async fn connected(&self) -> zbus::Result<zbus::Connection> {
        let mut cached = self.connection.lock().await;
        if let Some(connection) = &*cached {
            return Ok(connection.clone());
        }
        let connection = zbus::Connection::system().await?;
        Ok(cached.insert(connection).clone())
    }
}

/// systemd writes "no figure" as the largest number.
fn limit(bytes: u64) -> Option<u64> {
    (bytes != u64::MAX).then_some(bytes)
}

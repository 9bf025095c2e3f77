//! The connection to systemd.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use zbus::zvariant::OwnedObjectPath;

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
    session: Mutex<Option<Session>>,
    /// Where orders are left that systemd itself would not take from us.
    orders: Option<PathBuf>,
}

impl Systemd {
    /// systemd as the agent may use it, which is root only in tests.
    #[must_use]
    pub fn of_agent(runtime_directory: &str) -> Self {
        let is_root = rustix::process::geteuid().is_root();
        Self {
            session: Mutex::default(),
            orders: unit_spool::folder(runtime_directory).filter(|_| !is_root),
        }
    }

    /// How a unit is.
    ///
    /// # Errors
    ///
    /// Why systemd could not be called.
    pub async fn unit(&self, name: &str) -> Result<Unit, SystemdError> {
        self.call(async |session| {
            let connection = &session.connection;
            let path = session.path(name).await?;
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
        self.call(async |session| {
            let connection = &session.connection;
            let path = session.path(name).await?;
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
        self.call(async |session| {
            let connection = &session.connection;
            let path = session.path(name).await?;
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
        self.call(async |session| {
            let connection = &session.connection;
            let path = session.path(service).await?;
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
        self.call(async |session| {
            let connection = &session.connection;
            let path = session.path(slice).await?;
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
        self.call(async |session| {
            let manager = ManagerProxy::new(&session.connection).await?;
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
        method: impl AsyncFnOnce(&Session) -> zbus::Result<T>,
    ) -> Result<T, SystemdError> {
        let asked = async {
            let session = self.connected().await?;
            let answer = method(&session).await;
            if answer.is_err() {
                session.paths.lock().await.clear();
            }
            answer
        };
        let answer = tokio::time::timeout(TIMEOUT, asked).await;
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                if !matches!(error, zbus::Error::MethodError(..)) {
                    self.session.lock().await.take();
                }
                Err(SystemdError::Call(chain(&error)))
            }
            Err(_) => {
                self.session.lock().await.take();
                Err(SystemdError::TimedOut(TIMEOUT))
            }
        }
    }

    async fn connected(&self) -> zbus::Result<Session> {
        let mut cached = self.session.lock().await;
        if let Some(session) = &*cached {
            return Ok(session.clone());
        }
        let session = Session {
            connection: zbus::Connection::system().await?,
            paths: Arc::default(),
        };
        Ok(cached.insert(session).clone())
    }
}

/// A connection, and the units that systemd was asked for by it.
#[derive(Clone, Debug)]
struct Session {
    connection: zbus::Connection,
    /// The object of each unit by its name. systemd loads a unit again when its object is asked for.
    paths: Arc<Mutex<BTreeMap<String, OwnedObjectPath>>>,
}

impl Session {
    /// The object of a unit.
    async fn path(&self, name: &str) -> zbus::Result<OwnedObjectPath> {
        let known = self.paths.lock().await.get(name).cloned();
        if let Some(path) = known {
            return Ok(path);
        }
        let manager = ManagerProxy::new(&self.connection).await?;
        let path = manager.load_unit(name).await?;
        let mut paths = self.paths.lock().await;
        Ok(paths.entry(name.to_owned()).or_insert(path).clone())
    }
}

/// systemd writes "no figure" as the largest number.
fn limit(bytes: u64) -> Option<u64> {
    (bytes != u64::MAX).then_some(bytes)
}

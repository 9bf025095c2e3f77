//! systemd, over D-Bus.

mod unit_spool;

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::Mutex;
use zbus::zvariant::OwnedObjectPath;

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

/// Whether a unit runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// systemd's word: `active`, `activating`, `deactivating`, `inactive`, `failed`, `reloading`.
    pub active: String,
    /// Its main process, if it has one.
    pub main_pid: Option<u32>,
}

impl Unit {
    /// Whether it runs.
    #[must_use]
    pub fn running(&self) -> bool {
        matches!(self.active.as_str(), "active" | "reloading")
    }

    /// Whether it has come to rest.
    #[must_use]
    pub fn resting(&self) -> bool {
        matches!(self.active.as_str(), "inactive" | "failed")
    }
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn restart_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn reset_failed_unit(&self, name: &str) -> zbus::Result<()>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Unit",
    default_service = "org.freedesktop.systemd1"
)]
trait UnitObject {
    #[zbus(property(emits_changed_signal = "false"))]
    fn active_state(&self) -> zbus::Result<String>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn load_state(&self) -> zbus::Result<String>;
    /// The id of the job that is under way and its object; 0 without one.
    #[zbus(property(emits_changed_signal = "false"))]
    fn job(&self) -> zbus::Result<(u32, OwnedObjectPath)>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Job",
    default_service = "org.freedesktop.systemd1"
)]
trait JobObject {
    #[zbus(property(emits_changed_signal = "false"))]
    fn job_type(&self) -> zbus::Result<String>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Service",
    default_service = "org.freedesktop.systemd1"
)]
trait ServiceObject {
    #[zbus(property(emits_changed_signal = "false"), name = "MainPID")]
    fn main_pid(&self) -> zbus::Result<u32>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn memory_current(&self) -> zbus::Result<u64>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Slice",
    default_service = "org.freedesktop.systemd1"
)]
trait SliceObject {
    #[zbus(property(emits_changed_signal = "false"))]
    fn memory_max(&self) -> zbus::Result<u64>;
}

/// What is done to a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitAction {
    Start,
    Stop,
    Restart,
}

impl UnitAction {
    /// systemctl's word for it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }
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
    pub async fn unit(&self, name: &str) -> Result<Unit, String> {
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
    pub async fn loaded(&self, name: &str) -> Result<String, String> {
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
    pub async fn is_restarting(&self, name: &str) -> Result<bool, String> {
        self.call(async |connection| {
            let path = ManagerProxy::new(connection).await?.load_unit(name).await?;
            let (id, job) = unit_object(connection, &path).await?.job().await?;
            if id == 0 {
                return Ok(false);
            }
            let job = JobObjectProxy::builder(connection)
                .path(job)?
                .cache_properties(zbus::proxy::CacheProperties::No)
                .build()
                .await?;
            Ok(job.job_type().await? == RESTART)
        })
        .await
    }

    /// Memory of a service's processes in bytes, where systemd accounts for it.
    ///
    /// # Errors
    ///
    /// Why systemd could not be called.
    pub async fn memory(&self, service: &str) -> Result<Option<u64>, String> {
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
    pub async fn memory_limit(&self, slice: &str) -> Result<Option<u64>, String> {
        self.call(async |connection| {
            let path = ManagerProxy::new(connection)
                .await?
                .load_unit(slice)
                .await?;
            let slice = SliceObjectProxy::builder(connection)
                .path(path)?
                .cache_properties(zbus::proxy::CacheProperties::No)
                .build()
                .await?;
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
    pub async fn apply(&self, verb: UnitAction, name: &str) -> Result<(), String> {
        if let Some(folder) = &self.orders {
            return unit_spool::leave(folder, verb, name).await;
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
    ) -> Result<T, String> {
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
                Err(chain(&error))
            }
            Err(_) => {
                self.connection.lock().await.take();
                Err(format!(
                    "systemd did not answer within {} s",
                    TIMEOUT.as_secs()
                ))
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

async fn unit_object<'a>(
    connection: &zbus::Connection,
    path: &'a OwnedObjectPath,
) -> zbus::Result<UnitObjectProxy<'a>> {
    UnitObjectProxy::builder(connection)
        .path(path)?
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
}

async fn service_object<'a>(
    connection: &zbus::Connection,
    path: &'a OwnedObjectPath,
) -> zbus::Result<ServiceObjectProxy<'a>> {
    ServiceObjectProxy::builder(connection)
        .path(path)?
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
}

/// systemd writes "no figure" as the largest number.
fn limit(bytes: u64) -> Option<u64> {
    (bytes != u64::MAX).then_some(bytes)
}

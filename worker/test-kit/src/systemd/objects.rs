//! What stands on the bus: the manager and the units.
#![allow(
    clippy::disallowed_types,
    clippy::needless_pass_by_value,
    clippy::unused_self,
    clippy::used_underscore_binding,
    reason = "zbus's macro writes a HashMap and names every argument; a property takes self"
)]

use zbus::fdo;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{ObjectPath, OwnedObjectPath};
use zbus::{Connection, DBusError, interface};

use rustix::process::Signal;

use super::units::{self, Units};

const MANAGER: &str = "/org/freedesktop/systemd1";

/// Connects, takes systemd's name and serves the manager.
pub async fn serve(address: &str, units: Units) -> zbus::Result<Connection> {
    let connection = zbus::connection::Builder::address(address)?
        .serve_at(
            MANAGER,
            Manager {
                units: units.clone(),
                jobs: std::sync::atomic::AtomicU32::new(1),
            },
        )?
        .name("org.freedesktop.systemd1")?
        .build()
        .await?;
    tokio::spawn(announce(connection.clone(), units));
    Ok(connection)
}

/// Puts a unit on the bus.
pub async fn add(connection: &Connection, units: &Units, name: &str) -> zbus::Result<()> {
    let path = path_of(name)?;
    let (units, name) = (units.clone(), name.to_owned());
    let objects = connection.object_server();
    objects
        .at(
            &path,
            UnitObject {
                units: units.clone(),
                name: name.clone(),
            },
        )
        .await?;
    if name.ends_with(".slice") {
        objects.at(&path, SliceObject).await?;
    } else {
        objects.at(&path, ServiceObject { units, name }).await?;
    }
    Ok(())
}

/// Puts a job of a unit on the bus.
pub async fn add_job(connection: &Connection, number: u32, kind: &'static str) -> zbus::Result<()> {
    let objects = connection.object_server();
    objects.at(job_path(number)?, JobObject { kind }).await?;
    Ok(())
}

fn job_path(number: u32) -> zbus::Result<ObjectPath<'static>> {
    Ok(ObjectPath::try_from(format!("{MANAGER}/job/{number}"))?)
}

/// Tells the bus of every change of a unit's state.
async fn announce(connection: Connection, units: Units) {
    let mut changes = units.changes();
    while let Ok(name) = changes.recv().await {
        // A connection that has ended ends the test's harness; there is nobody to tell.
        let _ = announce_one(&connection, &name).await;
    }
}

async fn announce_one(connection: &Connection, name: &str) -> zbus::Result<()> {
    let path = path_of(name)?;
    let objects = connection.object_server();
    let unit = objects.interface::<_, UnitObject>(&path).await?;
    let emitter = unit.signal_emitter();
    unit.get().await.active_state_changed(emitter).await?;
    unit.get().await.sub_state_changed(emitter).await?;
    if name.ends_with(".slice") {
        return Ok(());
    }
    let service = objects.interface::<_, ServiceObject>(&path).await?;
    let emitter = service.signal_emitter();
    service.get().await.main_p_i_d_changed(emitter).await
}

/// systemd writes a name into a path with every character but letters and digits as `_` and two
/// hexadecimal digits.
fn path_of(name: &str) -> zbus::Result<ObjectPath<'static>> {
    let escaped: String = name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            other => format!("_{other:02x}"),
        })
        .collect();
    Ok(ObjectPath::try_from(format!("{MANAGER}/unit/{escaped}"))?)
}

#[derive(Debug, DBusError)]
#[zbus(prefix = "org.freedesktop.systemd1")]
enum Error {
    #[zbus(error)]
    ZBus(zbus::Error),
    NoSuchUnit(String),
}

struct Manager {
    units: Units,
    jobs: std::sync::atomic::AtomicU32,
}

#[derive(Clone, Copy)]
enum Kind {
    Start,
    Stop,
    Restart,
}

impl Manager {
    fn known(&self, name: &str) -> Result<OwnedObjectPath, Error> {
        match self.units.with(name, |_| ()) {
            Some(()) => Ok(path_of(name)?.into()),
            None => Err(Error::NoSuchUnit(format!("Unit {name} not found."))),
        }
    }

    /// Begins a job and answers with its path; its end is a signal.
    fn begin(
        &self,
        kind: Kind,
        name: String,
        emitter: SignalEmitter<'_>,
    ) -> Result<OwnedObjectPath, Error> {
        self.known(&name)?;
        let word = match kind {
            Kind::Start => "start",
            Kind::Stop => "stop",
            Kind::Restart => "restart",
        };
        self.units.note_job(word, &name);
        let number = self.jobs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let job = job_path(number)?;
        let answer = OwnedObjectPath::from(job.clone());
        let (units, emitter) = (self.units.clone(), emitter.to_owned());
        tokio::spawn(async move {
            let done = match kind {
                Kind::Start => units::start(&units, &name).await,
                Kind::Stop => units::stop(&units, &name).await,
                Kind::Restart => units::restart(&units, &name).await,
            };
            let result = if done.is_ok() { "done" } else { "failed" };
            let _ = Self::job_removed(&emitter, number, job, &name, result).await;
        });
        Ok(answer)
    }
}

#[interface(name = "org.freedesktop.systemd1.Manager")]
impl Manager {
    fn get_unit(&self, name: &str) -> Result<OwnedObjectPath, Error> {
        self.known(name)
    }

    fn load_unit(&self, name: &str) -> Result<OwnedObjectPath, Error> {
        self.known(name)
    }

    fn start_unit(
        &self,
        name: String,
        _mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<OwnedObjectPath, Error> {
        self.begin(Kind::Start, name, emitter)
    }

    fn stop_unit(
        &self,
        name: String,
        _mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<OwnedObjectPath, Error> {
        self.begin(Kind::Stop, name, emitter)
    }

    fn restart_unit(
        &self,
        name: String,
        _mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<OwnedObjectPath, Error> {
        self.begin(Kind::Restart, name, emitter)
    }

    fn kill_unit(&self, name: &str, _whom: &str, signal: i32) -> Result<(), Error> {
        self.known(name)?;
        if let Some(signal) = Signal::from_named_raw(signal) {
            units::send(&self.units, name, signal);
        }
        Ok(())
    }

    fn reset_failed_unit(&self, name: &str) -> Result<(), Error> {
        self.known(name)?;
        self.units.with(name, |unit| {
            if unit.active_state == "failed" {
                unit.active_state = "inactive";
                unit.sub_state = "dead";
            }
        });
        Ok(())
    }

    fn subscribe(&self) {}

    fn unsubscribe(&self) {}

    #[zbus(signal)]
    async fn job_removed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        job: ObjectPath<'_>,
        unit: &str,
        result: &str,
    ) -> zbus::Result<()>;
}

struct UnitObject {
    units: Units,
    name: String,
}

impl UnitObject {
    fn look<R>(&self, look: impl FnOnce(&mut units::Unit) -> R) -> fdo::Result<R> {
        let gone = || fdo::Error::UnknownObject(self.name.clone());
        self.units.with(&self.name, look).ok_or_else(gone)
    }
}

#[interface(name = "org.freedesktop.systemd1.Unit")]
impl UnitObject {
    #[zbus(property)]
    fn id(&self) -> String {
        self.name.clone()
    }

    #[zbus(property)]
    fn load_state(&self) -> String {
        "loaded".to_owned()
    }

    #[zbus(property)]
    fn active_state(&self) -> fdo::Result<String> {
        self.look(|unit| unit.active_state.to_owned())
    }

    #[zbus(property)]
    fn sub_state(&self) -> fdo::Result<String> {
        self.look(|unit| unit.sub_state.to_owned())
    }

    /// As systemd says that there is none: number 0 and the root.
    #[zbus(property)]
    fn job(&self) -> fdo::Result<(u32, OwnedObjectPath)> {
        let number = self.look(|unit| unit.job.map_or(0, |(number, _)| number))?;
        let path = if number == 0 {
            ObjectPath::from_static_str("/").map_err(zbus::Error::from)?
        } else {
            job_path(number)?
        };
        Ok((number, path.into()))
    }
}

struct JobObject {
    kind: &'static str,
}

#[interface(name = "org.freedesktop.systemd1.Job")]
impl JobObject {
    #[zbus(property)]
    fn job_type(&self) -> String {
        self.kind.to_owned()
    }
}

struct SliceObject;

#[interface(name = "org.freedesktop.systemd1.Slice")]
impl SliceObject {
    /// As systemd says that there is no limit.
    #[zbus(property)]
    fn memory_max(&self) -> u64 {
        u64::MAX
    }
}

struct ServiceObject {
    units: Units,
    name: String,
}

impl ServiceObject {
    fn look<R>(&self, look: impl FnOnce(&mut units::Unit) -> R) -> fdo::Result<R> {
        let gone = || fdo::Error::UnknownObject(self.name.clone());
        self.units.with(&self.name, look).ok_or_else(gone)
    }
}

#[interface(name = "org.freedesktop.systemd1.Service")]
impl ServiceObject {
    #[zbus(property, name = "MainPID")]
    fn main_pid(&self) -> fdo::Result<u32> {
        self.look(|unit| unit.main_pid)
    }

    /// Resident bytes of the main process; systemd counts the whole cgroup.
    #[zbus(property)]
    fn memory_current(&self) -> fdo::Result<u64> {
        let pid = self.look(|unit| unit.main_pid)?;
        Ok(super::program::resident_bytes(pid).unwrap_or(u64::MAX))
    }

    #[zbus(property)]
    fn exec_main_status(&self) -> fdo::Result<i32> {
        self.look(|unit| unit.exit_status)
    }

    #[zbus(property, name = "NRestarts")]
    fn restarts(&self) -> u32 {
        // Nothing is started again without being asked to.
        0
    }

    #[zbus(property)]
    fn result(&self) -> fdo::Result<String> {
        self.look(|unit| match unit.active_state {
            "failed" => "exit-code".to_owned(),
            _ => "success".to_owned(),
        })
    }
}

//! The units: their states, and what starting and stopping does.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::process::Child;
use tokio::sync::{Mutex, broadcast};

use super::program::signal;
use super::{Behind, Job, Program};
use crate::shared::Shared;

/// A unit as it is now.
pub struct Unit {
    pub name: String,
    pub behind: Behind,
    pub active_state: &'static str,
    pub sub_state: &'static str,
    pub main_pid: u32,
    /// The last exit code, or the number of the signal that ended it.
    pub exit_status: i32,
    pub starts: usize,
    pub refuses: bool,
    /// The number and the type of the job that is under way, if somebody has said so.
    pub job: Option<(u32, &'static str)>,
    /// Jobs of one unit run one after another.
    turn: Arc<Mutex<()>>,
}

impl Unit {
    pub fn new(name: &str, behind: Behind) -> Self {
        Self {
            name: name.to_owned(),
            behind,
            active_state: "inactive",
            sub_state: "dead",
            main_pid: 0,
            exit_status: 0,
            starts: 0,
            refuses: false,
            job: None,
            turn: Arc::default(),
        }
    }
}

#[derive(Default)]
pub struct Known {
    units: BTreeMap<String, Unit>,
    jobs: Vec<Job>,
}

/// All units. Whoever wants to hear of changes subscribes.
#[derive(Clone)]
pub struct Units {
    known: Shared<Known>,
    changes: broadcast::Sender<String>,
}

impl Units {
    pub fn new(known: Shared<Known>) -> Self {
        Self {
            known,
            changes: broadcast::channel(256).0,
        }
    }

    pub fn add(&self, unit: Unit) {
        self.known
            .with(|known| known.units.insert(unit.name.clone(), unit));
    }

    /// Looks at a unit, if there is one of this name.
    pub fn with<R>(&self, name: &str, look: impl FnOnce(&mut Unit) -> R) -> Option<R> {
        self.known.with(|known| known.units.get_mut(name).map(look))
    }

    /// The names of units whose state has changed, from now on.
    pub fn changes(&self) -> broadcast::Receiver<String> {
        self.changes.subscribe()
    }

    pub fn note_job(&self, kind: &'static str, unit: &str) {
        self.known.with(|known| {
            known.jobs.push(Job {
                kind,
                unit: unit.to_owned(),
                at: Instant::now(),
            });
        });
    }

    pub fn jobs(&self) -> Vec<Job> {
        self.known.with(|known| known.jobs.clone())
    }

    /// Kills every process, without waiting: the runtime that would wait may be gone.
    pub fn kill_all(&self) {
        self.known.with(|known| {
            for unit in known.units.values().filter(|unit| unit.main_pid != 0) {
                if matches!(unit.behind, Behind::Program(_)) {
                    signal(unit.main_pid, Signal::KILL);
                }
            }
        });
    }

    fn set(&self, name: &str, active: &'static str, sub: &'static str) {
        self.with(name, |unit| {
            unit.active_state = active;
            unit.sub_state = sub;
        });
        // Nobody may be listening.
        let _ = self.changes.send(name.to_owned());
    }
}

/// Starts a unit. One that runs is left alone.
pub async fn start(units: &Units, name: &str) -> io::Result<()> {
    let turn = turn_of(units, name)?;
    let _turn = turn.lock().await;
    start_now(units, name).await
}

/// Stops a unit. One that does not run is left alone.
pub async fn stop(units: &Units, name: &str) -> io::Result<()> {
    let turn = turn_of(units, name)?;
    let _turn = turn.lock().await;
    stop_now(units, name).await
}

/// Stops a unit and starts it again.
pub async fn restart(units: &Units, name: &str) -> io::Result<()> {
    let turn = turn_of(units, name)?;
    let _turn = turn.lock().await;
    stop_now(units, name).await?;
    start_now(units, name).await
}

/// Ends what is behind a unit without being asked to.
pub async fn crash(units: &Units, name: &str) {
    let Some(behind) = units.with(name, |unit| unit.behind.clone()) else {
        return;
    };
    match behind {
        // Its watcher sees it end.
        Behind::Program(_) => send(units, name, Signal::KILL),
        other => {
            turn_off(&other);
            units.with(name, |unit| unit.main_pid = 0);
            units.set(name, "failed", "failed");
        }
    }
    while units.with(name, |unit| unit.active_state == "active") == Some(true) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Sends a signal to a unit's process.
pub fn send(units: &Units, name: &str, number: Signal) {
    let of_process = |unit: &mut Unit| (matches!(unit.behind, Behind::Program(_)), unit.main_pid);
    if let Some((true, pid)) = units.with(name, of_process) {
        signal(pid, number);
    }
}

fn turn_of(units: &Units, name: &str) -> io::Result<Arc<Mutex<()>>> {
    units
        .with(name, |unit| Arc::clone(&unit.turn))
        .ok_or_else(|| io::Error::other(format!("no unit {name}")))
}

async fn start_now(units: &Units, name: &str) -> io::Result<()> {
    let (active, refuses, behind) = units
        .with(name, |unit| {
            (unit.active_state, unit.refuses, unit.behind.clone())
        })
        .ok_or_else(|| io::Error::other(format!("no unit {name}")))?;
    if active == "active" {
        return Ok(());
    }
    units.with(name, |unit| unit.starts += 1);
    units.set(name, "activating", "start");
    let started = match (&behind, refuses) {
        (_, true) => Err(io::Error::other(format!("{name} does not start"))),
        (Behind::Program(program), _) => start_program(units, name, program),
        (other, _) => turn_on(other).await.map(|()| std::process::id()),
    };
    match started {
        Ok(pid) => {
            units.with(name, |unit| unit.main_pid = pid);
            units.set(name, "active", "running");
            Ok(())
        }
        Err(error) => {
            units.set(name, "failed", "failed");
            Err(error)
        }
    }
}

fn start_program(units: &Units, name: &str, program: &Program) -> io::Result<u32> {
    let child = program.spawn()?;
    let pid = child.id().unwrap_or(0);
    tokio::spawn(watch(units.clone(), name.to_owned(), child, pid));
    Ok(pid)
}

/// Waits for the end of a process, so that none is left unwaited for.
async fn watch(units: Units, name: String, mut child: Child, pid: u32) {
    use std::os::unix::process::ExitStatusExt as _;
    let ended = child.wait().await;
    let is_clean = ended.as_ref().is_ok_and(|status| {
        // systemd counts an end by SIGTERM as clean.
        status.success() || status.signal() == Some(Signal::TERM.as_raw())
    });
    let status = ended.ok().and_then(|end| end.code().or(end.signal()));
    let is_current = units.with(&name, |unit| {
        if unit.main_pid == pid {
            unit.main_pid = 0;
            unit.exit_status = status.unwrap_or(0);
        }
        unit.main_pid == 0
    });
    if is_current == Some(true) {
        if is_clean {
            units.set(&name, "inactive", "dead");
        } else {
            units.set(&name, "failed", "failed");
        }
    }
}

async fn stop_now(units: &Units, name: &str) -> io::Result<()> {
    let known = units.with(name, |unit| (unit.active_state, unit.behind.clone()));
    let (active, behind) = known.ok_or_else(|| io::Error::other(format!("no unit {name}")))?;
    if active != "active" {
        // Stopping a unit that failed clears the failure.
        units.set(name, "inactive", "dead");
        return Ok(());
    }
    let Behind::Program(program) = behind else {
        turn_off(&behind);
        units.with(name, |unit| unit.main_pid = 0);
        units.set(name, "inactive", "dead");
        return Ok(());
    };
    units.set(name, "deactivating", "stop-sigterm");
    send(units, name, Signal::TERM);
    if !gone_within(units, name, program.stop_limit).await {
        send(units, name, Signal::KILL);
        gone_within(units, name, Duration::from_secs(10)).await;
    }
    Ok(())
}

async fn gone_within(units: &Units, name: &str, limit: Duration) -> bool {
    let began = Instant::now();
    let is_gone = || units.with(name, |unit| unit.main_pid == 0) != Some(false);
    while !is_gone() && began.elapsed() < limit {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    is_gone()
}

async fn turn_on(behind: &Behind) -> io::Result<()> {
    match behind {
        Behind::Server(server) => server.restart().await,
        Behind::XServer(server) => server.restart(),
        Behind::Program(_) | Behind::Nothing => Ok(()),
    }
}

fn turn_off(behind: &Behind) {
    match behind {
        Behind::Server(server) => server.stop(),
        Behind::XServer(server) => server.stop(),
        Behind::Program(_) | Behind::Nothing => {}
    }
}

//! The runtime: its unit is started when the host is prepared, started again with longer and longer
//! pauses when it ends by itself, and stopped when the drain says that no task runs.
//!
//! systemd runs it, as its own user and in its own control group; the agent only tells systemd
//! when. systemd also kills what does not stop in the unit's `TimeoutStopSec`.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use valet_protocol::config::User;

use crate::drain::command::DrainCommand;
use crate::host::HostFor;
use crate::process::{self, ProcessHandle};
use crate::restart_limiter::{Decision, RestartLimiter};
use crate::state::{HostState, RuntimeTarget, part};
use crate::systemd::{SystemdError, Unit, UnitAction};

/// How often the unit is looked at while something is to change. systemd tells its listeners of changes, but a look is
/// what survives a broken bus.
const INTERVAL: Duration = Duration::from_secs(1);

/// The same while the runtime runs as it should and the kernel tells of its end: a look costs systemd and the agent more
/// than anything else that an idle host does every second.
const STEADY_INTERVAL: Duration = Duration::from_secs(10);

/// From the end of the main process to the look: systemd hears of it at the same moment as the agent.
const AFTER_EXIT: Duration = Duration::from_millis(100);

/// Looks after the runtime until the agent exits.
pub async fn run(host: HostFor<part::Runtime>) {
    let mut part = Part::new(host.clone());
    let mut current = host.subscribe();
    loop {
        part.check().await;
        let due = part.next_look();
        let changed = async {
            // Only what is wanted of the runtime makes an earlier look worth it.
            let wanted = part.wanted;
            let _ = current
                .wait_for(|current| current.runtime_wanted() != wanted)
                .await;
        };
        tokio::select! {
            () = changed => {}
            () = due => {}
            () = host.ending().cancelled() => return,
        }
    }
}

struct Part {
    host: HostFor<part::Runtime>,
    restarts: RestartLimiter,
    wanted: RuntimeTarget,
    /// The main process of the last look.
    pid: Option<u32>,
    /// Tells of its end, where it is to go on running and has not ended yet.
    main_process: Option<Arc<ProcessHandle>>,
    /// Whether this process of the agent has started it, or found it running.
    begun: bool,
    /// Whether it was told to stop since it ran.
    told_to_stop: bool,
    /// The last trouble with systemd, so that it is logged once.
    trouble: String,
    given_up: bool,
}

impl Part {
    fn new(host: HostFor<part::Runtime>) -> Self {
        let (runtime, heal) = (&host.config.runtime, &host.config.heal);
        Self {
            restarts: RestartLimiter::new(
                heal.restart_limit,
                heal.window_seconds.duration(),
                runtime.backoff_seconds.duration(),
                runtime.longest_backoff_seconds.duration(),
            ),
            host,
            wanted: RuntimeTarget::default(),
            pid: None,
            main_process: None,
            begun: false,
            told_to_stop: false,
            trouble: String::new(),
            given_up: false,
        }
    }

    /// Resolves when the next look is due.
    fn next_look(&self) -> impl Future<Output = ()> + 'static {
        let main_process = self.main_process.clone();
        async move {
            match main_process {
                Some(process) => tokio::select! {
                    () = process.exited() => tokio::time::sleep(AFTER_EXIT).await,
                    () = tokio::time::sleep(STEADY_INTERVAL) => {}
                },
                None => tokio::time::sleep(INTERVAL).await,
            }
        }
    }

    async fn check(&mut self) {
        // Noted first: where systemd does not answer, the next look is not due before its time.
        self.wanted = self.host.read(HostState::runtime_wanted);
        let unit = match self.host.systemd.unit(&self.host.config.runtime.unit).await {
            Ok(unit) => unit,
            Err(error) => {
                return self.troubled(&format!(
                    "the state of the runtime's unit cannot be read: {error}"
                ));
            }
        };
        if unit.running() {
            self.runs(&unit).await;
        } else if unit.resting() {
            self.rests(&unit).await;
        }
    }

    async fn runs(&mut self, unit: &Unit) {
        self.begun = true;
        self.forget_the_dead();
        self.follow(unit.main_pid);
        self.host.update(|current| {
            let news = !current.runtime.running || !current.runtime.seen;
            let runtime = current.runtime_mut();
            runtime.seen = true;
            runtime.running = true;
            news
        });
        if self.wanted == RuntimeTarget::Stopped {
            self.stop().await;
        }
    }

    /// Follows the main process, if it is the one that has registered: of another's end nobody would tell.
    fn follow(&mut self, main_pid: Option<u32>) {
        let is_other = self.pid != main_pid;
        self.pid = main_pid;
        let registered = self.host.read(|current| {
            let registration = current.runtime.registration.as_ref();
            registration.map(|registration| registration.pid)
        });
        let is_steady = self.wanted != RuntimeTarget::Stopped && registered == main_pid;
        self.main_process = match self.main_process.take() {
            _ if !is_steady => None,
            // One that has ended, and that systemd does not know of yet, is looked at as before.
            Some(process) if !is_other => Some(process).filter(|process| !process.has_exited()),
            _ => main_pid.and_then(ProcessHandle::open).map(Arc::new),
        };
    }

    async fn stop(&mut self) {
        if self.told_to_stop {
            return;
        }
        let leases = self.host.read(|current| current.leases);
        match self.apply(UnitAction::Stop).await {
            Ok(()) => {
                self.told_to_stop = true;
                tracing::info!(leases, "stopping the runtime");
            }
            Err(error) => self.troubled(&format!("the runtime cannot be stopped: {error}")),
        }
    }

    async fn rests(&mut self, unit: &Unit) {
        let ended = self.begun && self.pid.is_some();
        if ended && !self.told_to_stop {
            tracing::warn!(state = unit.active, "the runtime exited unexpectedly");
        }
        self.pid = None;
        self.main_process = None;
        self.told_to_stop = false;
        self.host.update(|current| {
            let runtime = &current.runtime;
            let news = !runtime.is_stopped() || runtime.registration.is_some();
            let runtime = current.runtime_mut();
            runtime.seen = true;
            runtime.running = false;
            runtime.registration = None;
            // Its next process reads the new ones.
            current.stale_mut().remove(&User::Runtime) || news
        });
        if self.wanted == RuntimeTarget::Running && !self.given_up {
            self.start().await;
        }
    }

    async fn start(&mut self) {
        let now = Instant::now();
        let restart = self.begun;
        if restart {
            match self.restarts.decide(now) {
                Decision::Now => self.restarts.note(now),
                Decision::Later(_) => return,
                Decision::Enough => return self.give_up().await,
            }
        }
        match self.apply(UnitAction::Start).await {
            Ok(()) => {
                self.begun = true;
                tracing::info!(restart, "starting the runtime");
                self.host.update(|current| {
                    let runtime = current.runtime_mut();
                    runtime.restarts += u32::from(restart);
                    // As good as: a drain that begins before the next look must not think otherwise.
                    runtime.running = true;
                    true
                });
            }
            Err(error) => {
                self.begun = true;
                self.troubled(&format!("the runtime cannot be started: {error}"));
            }
        }
    }

    async fn give_up(&mut self) {
        self.given_up = true;
        let heal = &self.host.config.heal;
        let cause = format!(
            "the runtime exited again after {} restarts within {} s",
            heal.restart_limit,
            f64::from(heal.window_seconds)
        );
        self.host
            .send_command(DrainCommand::unhealthy(&self.host.config, cause))
            .await;
    }

    /// A process that has ended is registered no longer, even if the unit has another one already.
    fn forget_the_dead(&self) {
        self.host.update(|current| {
            let registered = current.runtime.registration.as_ref();
            let dead = registered.is_some_and(|registered| !process::alive(registered.pid));
            if dead {
                current.runtime_mut().registration = None;
            }
            dead
        });
    }

    async fn apply(&self, verb: UnitAction) -> Result<(), SystemdError> {
        let unit = &self.host.config.runtime.unit;
        self.host.systemd.apply(verb, unit).await
    }

    fn troubled(&mut self, trouble: &str) {
        if self.trouble != trouble {
            tracing::error!("{trouble}");
            self.trouble = trouble.to_owned();
        }
    }
}

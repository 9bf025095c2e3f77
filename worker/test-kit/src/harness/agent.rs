//! One process of the agent, as systemd would start it.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::net::UnixDatagram;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::shared::Shared;

/// A process of the agent. It is killed with this value.
pub struct Agent {
    child: Child,
    pid: u32,
    pub started: Instant,
    notified: Shared<Vec<String>>,
    listening: JoinHandle<()>,
}

impl Agent {
    /// Starts it. What it logs is added to `agent.log` in the folder.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(
        binary: &Path,
        configuration: &Path,
        folder: &Path,
        environment: &[(&str, String)],
    ) -> io::Result<Self> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join("agent.log"))?;
        let socket = folder.join("notify");
        let _ = std::fs::remove_file(&socket);
        let notified = Shared::default();
        let listening = tokio::spawn(listen(UnixDatagram::bind(&socket)?, notified.clone()));
        let started = Instant::now();
        let child = Command::new(binary)
            .arg("run")
            .arg("--config")
            .arg(configuration)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("NOTIFY_SOCKET", &socket)
            .env("RUST_BACKTRACE", "1")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().unwrap_or(0);
        Ok(Self {
            child,
            pid,
            started,
            notified,
            listening,
        })
    }

    /// Its process, also when it has ended.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends SIGTERM, as systemd does.
    pub fn terminate(&self) {
        self.send(Signal::TERM);
    }

    /// Stops the process as a frozen machine would: it runs no more until it is thawed.
    pub fn freeze(&self) {
        self.send(Signal::STOP);
    }

    /// Lets a frozen process go on.
    pub fn thaw(&self) {
        self.send(Signal::CONT);
    }

    /// Kills it with SIGKILL and waits for its end.
    ///
    /// # Errors
    ///
    /// When there is no such process.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When it does not end within the limit.
    pub async fn end(&mut self, limit: Duration) -> ExitStatus {
        let ended = tokio::time::timeout(limit, self.child.wait()).await;
        ended
            .expect("the agent exits within the limit")
            .expect("it is our child")
    }

    /// What it has told systemd, such as `READY=1`, oldest first.
    #[must_use]
    pub fn notified(&self) -> Vec<String> {
        self.notified.get()
    }

    fn send(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.pid as i32) {
            // It may have ended.
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// systemd's end of the socket for notifications.
async fn listen(socket: UnixDatagram, notified: Shared<Vec<String>>) {
    let mut message = [0; 4096];
    while let Ok(length) = socket.recv(&mut message).await {
        let text = String::from_utf8_lossy(&message[..length]);
        notified.with(|notified| notified.extend(text.lines().map(str::to_owned)));
    }
}

//! What systemd is notified of the agent: that it is ready, how it is, and that it is alive.

use std::fmt::Write as _;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use sd_notify::NotifyState;
use valet_protocol::local_api::State;

use crate::host::Shared;
use crate::state::HostState;
use crate::text::one_line;

/// How often a start that has not come to its end asks for more time, and how much.
const STRETCH: Duration = Duration::from_secs(10);
const MORE: u32 = 30_000_000;

/// Where systemd listens.
const SOCKET: &str = "NOTIFY_SOCKET";

/// Tells systemd until the agent exits. Without systemd there is nobody to tell, and nothing is.
///
/// Every part shares one thread, so one that blocks it blocks this too, and systemd's watchdog
/// kills the agent.
pub async fn run(host: Shared) {
    let Some(systemd) = NotifySocket::find() else {
        return;
    };
    let interval = sd_notify::watchdog_enabled().map_or(STRETCH, |limit| (limit / 3).min(STRETCH));
    let mut ticks = tokio::time::interval(interval);
    let mut current = host.subscribe();
    let mut ready = false;
    let mut notified = None;
    loop {
        let (state, line) = status_line(&current.borrow_and_update());
        if notified != Some(state) && systemd.notify(&[NotifyState::Status(&line)]) {
            notified = Some(state);
        }
        if !ready && state == State::Ready {
            ready = systemd.notify(&[NotifyState::Ready]);
        }
        tokio::select! {
            _ = ticks.tick() => {
                systemd.notify(&alive(ready));
            }
            changed = current.changed() => if changed.is_err() { return },
            () = host.ending().cancelled() => return,
        }
    }
}

/// A host that is not ready is no failed start as long as the agent works on it: it may drain what
/// an agent before it had begun to, or wait to be replaced.
fn alive(ready: bool) -> Vec<NotifyState<'static>> {
    let mut states = vec![NotifyState::Watchdog];
    if !ready {
        states.push(NotifyState::ExtendTimeoutUsec(MORE));
    }
    states
}

fn status_line(current: &HostState) -> (State, String) {
    let state = current.state;
    // The cause is one line already; a line protocol does not rely on that.
    (
        state,
        one_line(&format!("{}: {}", state.as_str(), current.cause)),
    )
}

/// Tells systemd that the agent stops.
pub fn stopping() {
    if let Some(systemd) = NotifySocket::find() {
        systemd.notify(&[NotifyState::Stopping]);
    }
}

/// systemd's end of the socket. `sd_notify`'s own sending waits for as long as systemd does not
/// read; an agent that has a running drain does not.
struct NotifySocket(UnixDatagram);

impl NotifySocket {
    fn find() -> Option<Self> {
        let place = std::env::var_os(SOCKET)?;
        let connect = || -> io::Result<UnixDatagram> {
            let address = match place.as_bytes() {
                [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
                _ => SocketAddr::from_pathname(&place)?,
            };
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            socket.connect_addr(&address)?;
            Ok(socket)
        };
        connect()
            .inspect_err(
                |error| tracing::warn!(%error, "systemd's notification socket cannot be opened"),
            )
            .map(Self)
            .ok()
    }

    /// Answers whether it was notified. What it could not be notified is notified again with the next chance.
    fn notify(&self, states: &[NotifyState<'_>]) -> bool {
        let mut message = String::new();
        for state in states {
            let _ = writeln!(message, "{state}");
        }
        self.0
            .send(message.as_bytes())
            .inspect_err(
                |error| tracing::debug!(%error, "systemd's notification socket is full or closed"),
            )
            .is_ok()
    }
}

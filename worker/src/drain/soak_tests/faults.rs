//! What goes wrong, at random.

use std::time::Duration;

use valet_protocol::config::User;

use super::simulation::{Frozen, Simulation, Who};
use crate::drain::command::DrainCommand;
use crate::state::{Deadline, DrainSource};

impl Simulation {
    /// One fault. How often each comes is a guess.
    pub async fn fault(&mut self) {
        let within = |random: &mut fastrand::Rng| {
            random
                .bool()
                .then(|| Duration::from_secs(random.u64(1..400)))
        };
        match self.random.u32(0..17) {
            0 | 1 => self.kill_agent(),
            2 => self.break_connection(),
            3 => self.crash_runtime(),
            4 => self.unwell_until = self.now + self.random.u64(5..120),
            5 => {
                self.agent.host.edit(|current| {
                    current.stale.insert(User::Runtime);
                    current.refresh_permitted = true;
                    true
                });
            }
            6 => {
                let deadline = Some(Duration::from_secs(100));
                self.drain(DrainSource::Spot, deadline, true).await;
            }
            7 => {
                let deadline = within(&mut self.random);
                self.drain(DrainSource::Operator, deadline, true).await;
            }
            8 => {
                let deadline = within(&mut self.random);
                self.drain(DrainSource::ValetApi, deadline, true).await;
            }
            9 => self.drain(DrainSource::RestartRuntime, None, false).await,
            10 => self.drain(DrainSource::RestartServices, None, false).await,
            11..14 => self.freeze(),
            14 | 15 => {
                self.counts.cuts += 1;
                self.cut_until = Some(self.now + self.random.u64(10..=60));
            }
            _ if self.random.u32(0..4) == 0 => {
                let deadline = Some(Duration::from_mins(1));
                self.drain(DrainSource::Sick, deadline, false).await;
            }
            _ => self.drain(DrainSource::Rebalance, None, true).await,
        }
    }

    async fn drain(&mut self, source: DrainSource, within: Option<Duration>, undone: bool) {
        let command = DrainCommand::Drain {
            source,
            cause: format!("{source:?} at {}", self.now),
            deadline: within.map(Deadline::within),
        };
        self.agent.host.send_command(command).await;
        if undone {
            let cause = "it is over".to_owned();
            let after = self.now + self.random.u64(1..300);
            self.undo
                .push((after, DrainCommand::Withdraw { source, cause }));
        }
    }

    /// The machine, the runtime or the agent stands still: too short to matter, about as long as the engine waits, or
    /// long.
    fn freeze(&mut self) {
        let seconds = match self.random.u32(0..3) {
            0 => self.random.u64(1..24),
            1 => self.random.u64(24..36),
            _ => self.random.u64(36..180),
        };
        let who = match self.random.u32(0..4) {
            // Who but the client itself could notice.
            0 if self.client_notices => Who::Runtime,
            1 => Who::Agent,
            _ => Who::Host,
        };
        self.counts.freezes += 1;
        self.frozen = Some(Frozen {
            who,
            since: self.now,
            until: self.now + seconds,
            // A suspended machine's clock stands still, a stopped process's goes on.
            monotonic_goes_on: self.random.bool(),
        });
    }
}

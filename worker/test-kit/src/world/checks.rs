//! What has to hold after every case: nothing panicked, no secret shows, no process is left over,
//! every metric is accounted for, and the stand-ins understood everything.

use std::fs;
use std::time::Duration;

use super::World;

/// How long the agent may take from SIGTERM to its end, when nothing runs.
const END: Duration = Duration::from_secs(40);

/// What `/proc` says of one process.
struct Process {
    pid: u32,
    parent: u32,
    state: String,
    command: String,
}

impl World {
    /// Ends the agent, if it runs, and checks what has to hold after every case.
    ///
    /// # Panics
    ///
    /// With everything that does not hold.
    pub async fn end(mut self) {
        let mut wrong = self.secrets_in_command_lines();
        wrong.extend(self.zombies());
        if self
            .agents
            .last_mut()
            .is_some_and(|agent| agent.ended().is_none())
        {
            self.agent().terminate();
            let status = self.agent().end(END).await;
            if !status.success() {
                wrong.push(format!("the agent ended with {status}"));
            }
        }
        wrong.extend(self.panics());
        wrong.extend(self.secrets_in_logs());
        wrong.extend(self.aws.malformed());
        assert!(
            wrong.is_empty(),
            "{}\n\nthe agent's log:\n{}\nthe runtime's:\n{}",
            wrong.join("\n"),
            self.agent_log(),
            self.runtime_log()
        );
    }

    fn panics(&self) -> Vec<String> {
        let log = self.agent_log();
        let panicked = log.lines().filter(|line| line.contains("panicked"));
        panicked.map(|line| format!("a panic: {line}")).collect()
    }

    fn secrets_in_logs(&self) -> Vec<String> {
        let (agent, runtime) = (self.agent_log(), self.runtime_log());
        self.shown_in(&agent, "the agent's log")
            .chain(self.shown_in(&runtime, "the runtime's log"))
            .collect()
    }

    fn secrets_in_command_lines(&self) -> Vec<String> {
        processes()
            .iter()
            .flat_map(|process| {
                let place = format!("the command line of {}", process.pid);
                self.shown_in(&process.command, &place).collect::<Vec<_>>()
            })
            .collect()
    }

    fn shown_in(&self, text: &str, place: &str) -> impl Iterator<Item = String> {
        let shown = self.values.all().filter(|value| text.contains(*value));
        shown
            .map(|value| format!("{place} has a secret of {} characters", value.len()))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// Children that the agents have not waited for.
    fn zombies(&self) -> Vec<String> {
        let agents: Vec<u32> = self.agents.iter().map(super::Agent::pid).collect();
        processes()
            .into_iter()
            .filter(|process| process.state == "Z" && agents.contains(&process.parent))
            .map(|process| format!("a zombie: {}", process.pid))
            .collect()
    }
}

fn processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(process)
        .collect()
}

/// A process may end while it is looked at, and is then left out.
fn process(pid: u32) -> Option<Process> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.map(str::trim)
    };
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    Some(Process {
        pid,
        parent: field("PPid:")?.parse().ok()?,
        state: field("State:")?.chars().next()?.to_string(),
        command: String::from_utf8_lossy(&command).into_owned(),
    })
}

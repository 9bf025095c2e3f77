//! What the runtime itself wrote down of its tasks: the last word on who worked when.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::Harness;

/// One line of the journal.
#[derive(Clone, Debug)]
pub struct Line {
    /// `assigned`, `began`, `ended`, `aborted`, `refused`, `given back`; `registered`, `crashed`,
    /// `host`.
    pub event: String,
    pub pid: u32,
    /// Milliseconds since 1970.
    pub at: u64,
    /// The task's id, where the line is about one.
    pub task: Option<String>,
    /// Everything else that the line says.
    pub details: Value,
}

impl Harness {
    /// Where the runtime writes.
    #[must_use]
    pub fn journal_file(&self) -> PathBuf {
        self.folder().join("journal.jsonl")
    }

    /// Every whole line, oldest first.
    #[must_use]
    pub fn journal(&self) -> Vec<Line> {
        let text = std::fs::read_to_string(self.journal_file()).unwrap_or_default();
        text.lines().filter_map(line).collect()
    }

    /// The lines of this event.
    #[must_use]
    pub fn journal_of(&self, event: &str) -> Vec<Line> {
        let lines = self.journal().into_iter();
        lines.filter(|line| line.event == event).collect()
    }

    /// Tasks that began while they already ran, by the runtime's own word or by the engine's.
    #[must_use]
    pub fn ran_twice(&self) -> Vec<String> {
        let mut running = BTreeMap::new();
        let mut twice = Vec::new();
        for line in self.journal() {
            let Some(task) = line.task else { continue };
            match line.event.as_str() {
                "began" => {
                    let other = running.insert(task.clone(), line.pid);
                    // A process that was killed has not written down that its tasks ended.
                    if other.is_some_and(|pid| pid == line.pid || is_alive(pid)) {
                        twice.push(task);
                    }
                }
                "ended" | "aborted" => {
                    running.remove(&task);
                }
                _ => {}
            }
        }
        let by_engine = self.engine.tasks().into_iter();
        let by_engine = by_engine.filter(crate::hatchet::TaskRun::ran_twice_at_once);
        twice.extend(by_engine.map(|task| task.id));
        twice
    }
}

fn line(text: &str) -> Option<Line> {
    let details: Value = serde_json::from_str(text).ok()?;
    Some(Line {
        event: details["event"].as_str()?.to_owned(),
        pid: details["pid"].as_u64()? as u32,
        at: details["at"].as_u64()?,
        task: details["task"].as_str().map(str::to_owned),
        details,
    })
}

fn is_alive(pid: u32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}

//! Hatchet's engine as a model, with the ledger of every task.
//!
//! What the real one (0.90) was seen to do: it still sends tasks for two seconds after a pause, and none for five after a
//! resume; a worker of which it hears nothing for 30 s loses its tasks to others. From its source: a failure counts only
//! for the attempt that is under way, so that one of an attempt that was given to somebody else is ignored. Guesses: how
//! long the other hosts take.
//!
//! A task may be carried out on a host that is cut off while it is still that host's, and its result may arrive too late: then
//! it is carried out once more elsewhere, and the ledger says so. No agent can know better.

use std::collections::BTreeMap;

/// Seconds without a heartbeat after which tasks are given to others.
const REASSIGN: u64 = 30;

/// Seconds for which a task waits before another host takes it, and that it takes there.
const ELSEWHERE_AFTER: u64 = 120;
const ELSEWHERE_TAKES: u64 = 10;

/// A worker's registration.
pub type Worker = u32;

/// Which try at which task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub task: usize,
    number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TaskPlace {
    /// Since, and not to be sent before.
    Queued(u64),
    With(Worker),
    /// Until.
    Elsewhere(u64),
    Over,
}

#[derive(Clone, Debug)]
struct Task {
    place: TaskPlace,
    attempt: u32,
    /// How often it was carried out, by whomever.
    completions: u32,
    /// How often of these it was the worker's own at that moment, and its result arrived too late.
    late: u32,
    given_back: u32,
}

/// What the ledger says in the end.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    pub tasks: usize,
    /// Attempts that ended without the task being done.
    pub given_back: u32,
    #[expect(dead_code, reason = "printed")]
    pub elsewhere: u32,
    /// Carried out in time, told too late.
    #[expect(dead_code, reason = "printed")]
    pub late: u32,
}

/// The engine.
#[derive(Debug, Default)]
pub struct Engine {
    tasks: Vec<Task>,
    heartbeats: BTreeMap<Worker, u64>,
    /// The second since when the worker has been paused, or not.
    since: u64,
    paused: bool,
    elsewhere: u32,
}

impl Engine {
    pub fn push(&mut self, now: u64) {
        self.tasks.push(Task {
            place: TaskPlace::Queued(now),
            attempt: 0,
            completions: 0,
            late: 0,
            given_back: 0,
        });
    }

    pub fn heartbeat(&mut self, worker: Worker, now: u64) {
        self.heartbeats.insert(worker, now);
    }

    /// When the worker was heard of last, and how many tasks it has.
    pub fn seen(&self, worker: Worker) -> Option<(u64, u32)> {
        let heard = *self.heartbeats.get(&worker)?;
        let has = |task: &&Task| task.place == TaskPlace::With(worker);
        Some((heard, self.tasks.iter().filter(has).count() as u32))
    }

    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    pub fn set_paused(&mut self, paused: bool, now: u64) {
        if self.paused != paused {
            (self.paused, self.since) = (paused, now);
        }
    }

    /// A second passes: silent workers lose their tasks, and other hosts work.
    pub fn second(&mut self, now: u64) {
        for task in &mut self.tasks {
            match task.place {
                TaskPlace::With(worker) => {
                    let last = self.heartbeats.get(&worker).copied().unwrap_or_default();
                    if now > last + REASSIGN {
                        task.attempt += 1;
                        task.given_back += 1;
                        task.place = TaskPlace::Queued(now);
                    }
                }
                TaskPlace::Queued(since) if now >= since + ELSEWHERE_AFTER => {
                    task.place = TaskPlace::Elsewhere(now + ELSEWHERE_TAKES);
                    self.elsewhere += 1;
                }
                TaskPlace::Elsewhere(until) if now >= until => {
                    task.completions += 1;
                    task.place = TaskPlace::Over;
                }
                TaskPlace::Queued(_) | TaskPlace::Elsewhere(_) | TaskPlace::Over => {}
            }
        }
    }

    /// The next task for this worker, if it is sent any.
    pub fn send(&mut self, worker: Worker, now: u64) -> Option<Attempt> {
        let delay = if self.paused { 2 } else { 5 };
        let sends = (now < self.since + delay) == self.paused;
        let beats = self
            .heartbeats
            .get(&worker)
            .is_some_and(|last| now < last + 5);
        if !sends || !beats {
            return None;
        }
        let due = |task: &Task| matches!(task.place, TaskPlace::Queued(since) if since <= now);
        let task = self.tasks.iter().position(due)?;
        self.tasks[task].place = TaskPlace::With(worker);
        let number = self.tasks[task].attempt;
        Some(Attempt { task, number })
    }

    /// The task is carried out, whatever the engine thinks of the attempt.
    pub fn carry_out(&mut self, attempt: Attempt) {
        let task = &mut self.tasks[attempt.task];
        task.completions += 1;
        // Until the result arrives.
        task.late += u32::from(task.attempt == attempt.number);
    }

    /// The result of an attempt arrives.
    pub fn complete(&mut self, attempt: Attempt) {
        let task = &mut self.tasks[attempt.task];
        if task.attempt == attempt.number {
            task.late -= 1;
            task.place = TaskPlace::Over;
        }
    }

    /// The attempt failed retryably: it is tried again later, unless it is somebody else's by now.
    pub fn fail(&mut self, attempt: Attempt, now: u64) {
        let task = &mut self.tasks[attempt.task];
        if task.attempt == attempt.number && matches!(task.place, TaskPlace::With(_)) {
            task.attempt += 1;
            task.given_back += 1;
            task.place = TaskPlace::Queued(now + 2);
        }
    }

    pub fn is_done(&self) -> bool {
        self.tasks.iter().all(|task| task.place == TaskPlace::Over)
    }

    pub fn summary(&self) -> Summary {
        Summary {
            tasks: self.tasks.len(),
            given_back: self.tasks.iter().map(|task| task.given_back).sum(),
            elsewhere: self.elsewhere,
            late: self.tasks.iter().map(|task| task.late).sum(),
        }
    }

    /// Tasks that were lost or carried out twice.
    pub fn not_run_once(&self) -> Vec<String> {
        let tasks = self.tasks.iter().enumerate();
        tasks
            .filter(|(_, task)| task.completions != 1 + task.late)
            .map(|(number, task)| format!("task {number}: {task:?}"))
            .collect()
    }
}

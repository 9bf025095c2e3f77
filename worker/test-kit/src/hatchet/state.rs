//! What the engine knows: workers, tasks, and what became of each.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use hatchet_proto::root::AssignedAction;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tonic::Status;

use super::Pace;

/// The value of a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    Text(String),
    Number(i32),
}

/// How one attempt at a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    Completed(String),
    /// It may be tried again, as often as the task allows.
    Failed(String),
    /// It said that trying again is no use.
    FailedForGood(String),
    /// The engine gave the task to somebody else because the worker's heartbeats ended.
    Reassigned,
}

/// One assignment of a task to a worker.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub worker: String,
    pub retry: u32,
    pub assigned: Instant,
    pub started: Option<Instant>,
    pub ended: Option<(Instant, AttemptOutcome)>,
    /// Results that came after the engine had given the attempt up: they change nothing. A completion says that
    /// somebody worked twice.
    pub late: Vec<(Instant, AttemptOutcome)>,
}

/// A task with its attempts, oldest first.
#[derive(Clone, Debug)]
pub struct TaskRun {
    pub id: String,
    pub action: String,
    pub input: Value,
    pub retries: u32,
    pub queued: Instant,
    pub attempts: Vec<Attempt>,
}

impl TaskRun {
    /// Whether it came to an end: completed, or failed for good.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let Some((_, outcome)) = self.last_end() else {
            return false;
        };
        match outcome {
            AttemptOutcome::Completed(_) | AttemptOutcome::FailedForGood(_) => true,
            AttemptOutcome::Failed(_) => self.failures() > self.retries as usize,
            AttemptOutcome::Reassigned => false,
        }
    }

    /// Attempts that failed. Those that the engine gave up do not count against the retries.
    fn failures(&self) -> usize {
        let ends = self
            .attempts
            .iter()
            .filter_map(|attempt| attempt.ended.as_ref());
        ends.filter(|(_, outcome)| matches!(outcome, AttemptOutcome::Failed(_)))
            .count()
    }

    /// Whether it completed.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        matches!(self.last_end(), Some((_, AttemptOutcome::Completed(_))))
    }

    /// Whether a worker has it now.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.attempts
            .last()
            .is_some_and(|last| last.ended.is_none())
    }

    /// Whether it waits in the queue.
    #[must_use]
    pub fn is_queued(&self) -> bool {
        !self.is_running() && !self.is_over()
    }

    /// Whether two workers had it at once, or a worker went on after the engine had given it up.
    #[must_use]
    pub fn ran_twice_at_once(&self) -> bool {
        let is_done = |(_, outcome): &(Instant, AttemptOutcome)| {
            matches!(outcome, AttemptOutcome::Completed(_))
        };
        let mut attempts = self.attempts.iter();
        let given_up_and_done = attempts.any(|attempt| attempt.late.iter().any(is_done));
        let overlaps = self.attempts.windows(2).any(|pair| {
            let next = pair[1].assigned;
            !matches!(&pair[0].ended, Some((ended, _)) if *ended <= next)
        });
        given_up_and_done || overlaps
    }

    fn last_end(&self) -> Option<&(Instant, AttemptOutcome)> {
        self.attempts.last()?.ended.as_ref()
    }
}

/// A worker as others may see it.
#[derive(Clone, Debug)]
pub struct WorkerView {
    pub id: String,
    pub name: String,
    pub actions: Vec<String>,
    pub slots: u32,
    pub labels: BTreeMap<String, Label>,
    /// Every upsert, oldest first.
    pub upserts: Vec<(Instant, BTreeMap<String, Label>)>,
    pub registered: Instant,
    pub last_heartbeat: Option<Instant>,
    pub heartbeats: usize,
    pub paused: Option<Instant>,
    /// When it was let go on last.
    pub resumed: Option<Instant>,
    pub unsubscribed: Option<Instant>,
    /// How often a stream of assignments was opened.
    pub streams: usize,
    pub running: usize,
    /// `ACTIVE`, `INACTIVE` or `PAUSED`.
    pub status: &'static str,
}

pub struct Worker {
    pub view: WorkerView,
    pub stream: Option<UnboundedSender<Result<AssignedAction, Status>>>,
    /// Set for a host of the engine's own: how long a task takes there.
    pub takes: Option<Duration>,
}

pub struct State {
    pub pace: Pace,
    /// When each token expires, in seconds since 1970.
    pub tokens: BTreeMap<String, u64>,
    /// In the order of their registration.
    pub workers: Vec<Worker>,
    pub tasks: Vec<TaskRun>,
    /// Requests for statistics within the last second.
    pub statistics_recent: VecDeque<Instant>,
    pub statistics_asked: Vec<Instant>,
    pub statistics_refused: usize,
    pub api_fails: bool,
    /// Looks at a worker that are still to show a task fewer than it has.
    pub miscounts: usize,
    made: u64,
}

impl State {
    pub fn new(pace: Pace) -> Self {
        Self {
            pace,
            tokens: BTreeMap::new(),
            workers: Vec::new(),
            tasks: Vec::new(),
            statistics_recent: VecDeque::new(),
            statistics_asked: Vec::new(),
            statistics_refused: 0,
            api_fails: false,
            miscounts: 0,
            made: 0,
        }
    }

    /// An id of the form that Hatchet uses, never given out before.
    pub fn new_id(&mut self) -> String {
        self.made += 1;
        format!("4d1f5a20-0000-4000-8000-{:012}", self.made)
    }

    pub fn accepts(&self, token: &str) -> bool {
        let now = crate::clock::unix_seconds();
        self.tokens.get(token).is_some_and(|expires| now < *expires)
    }

    pub fn register(
        &mut self,
        name: String,
        actions: Vec<String>,
        slots: u32,
        labels: BTreeMap<String, Label>,
    ) -> String {
        let id = self.new_id();
        let view = WorkerView {
            id: id.clone(),
            name,
            actions,
            slots,
            labels,
            upserts: Vec::new(),
            registered: Instant::now(),
            last_heartbeat: None,
            heartbeats: 0,
            paused: None,
            resumed: None,
            unsubscribed: None,
            streams: 0,
            running: 0,
            status: "INACTIVE",
        };
        self.workers.push(Worker {
            view,
            stream: None,
            takes: None,
        });
        id
    }

    pub fn add_other_host(&mut self, actions: &[&str], slots: u32, takes: Duration) {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        self.register("another-host".to_owned(), actions, slots, BTreeMap::new());
        if let Some(host) = self.workers.last_mut() {
            host.takes = Some(takes);
        }
    }

    pub fn worker_mut(&mut self, id: &str) -> Option<&mut Worker> {
        self.workers.iter_mut().find(|worker| worker.view.id == id)
    }

    pub fn view(&self, id: &str) -> Option<WorkerView> {
        let worker = self.workers.iter().find(|worker| worker.view.id == id)?;
        Some(self.seen(worker))
    }

    pub fn views(&self) -> Vec<WorkerView> {
        self.workers
            .iter()
            .map(|worker| self.seen(worker))
            .collect()
    }

    fn seen(&self, worker: &Worker) -> WorkerView {
        let mut view = worker.view.clone();
        view.running = self.running_on(&view.id);
        view.status = if !self.is_alive(worker) {
            "INACTIVE"
        } else if view.paused.is_some() {
            "PAUSED"
        } else {
            "ACTIVE"
        };
        view
    }

    /// Whether its heartbeats come and it listens.
    pub fn is_alive(&self, worker: &Worker) -> bool {
        if worker.takes.is_some() {
            return true;
        }
        let beats = |beat: Instant| beat.elapsed() < self.pace.inactive_after;
        let view = &worker.view;
        view.unsubscribed.is_none()
            && worker.stream.is_some()
            && view.last_heartbeat.is_some_and(beats)
    }

    pub fn running_on(&self, worker: &str) -> usize {
        let running = self.tasks.iter().filter(|task| task.is_running());
        running
            .filter(|task| {
                task.attempts
                    .last()
                    .is_some_and(|last| last.worker == worker)
            })
            .count()
    }

    pub fn push(&mut self, action: &str, input: &Value, retries: u32) -> String {
        let id = self.new_id();
        self.tasks.push(TaskRun {
            id: id.clone(),
            action: action.to_owned(),
            input: input.clone(),
            retries,
            queued: Instant::now(),
            attempts: Vec::new(),
        });
        id
    }

    /// The worker says that the attempt has begun.
    pub fn started(&mut self, task: &str, retry: u32) {
        if let Some(attempt) = self.attempt_mut(task, retry) {
            attempt.started = Some(Instant::now());
        }
    }

    /// The worker says how the attempt ended.
    pub fn ended(&mut self, task: &str, retry: u32, outcome: AttemptOutcome) {
        let now = Instant::now();
        if let Some(attempt) = self.attempt_mut(task, retry) {
            if attempt.ended.is_none() {
                attempt.ended = Some((now, outcome));
            } else {
                attempt.late.push((now, outcome));
            }
        }
    }

    pub fn attempt_mut(&mut self, task: &str, retry: u32) -> Option<&mut Attempt> {
        let task = self.tasks.iter_mut().find(|known| known.id == task)?;
        let mut attempts = task.attempts.iter_mut();
        attempts.find(|attempt| attempt.retry == retry)
    }

    pub fn cut_streams(&mut self) {
        for worker in &mut self.workers {
            if let Some(stream) = worker.stream.take() {
                let _ = stream.send(Err(Status::unavailable("the stream was cut")));
            }
        }
    }
}

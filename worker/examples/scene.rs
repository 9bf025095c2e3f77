//! One instance from its boot to its end, told as it happens: `cargo run -p valet-worker --example scene`.
//!
//! The agent is the real program, the runtime is Hatchet's own TypeScript SDK, and everything around
//! them is the test kit. The host comes up, runs two tasks under leases, is given notice by EC2, lets
//! the one task end, gives the other back at the deadline, and stops.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use valet_protocol::local_api::State;
use valet_test_kit::harness::{ACTION, Harness};
use valet_test_kit::hatchet::AttemptOutcome;
use valet_test_kit::imds::SpotAction;

/// What EC2 gives is two minutes; so long would nobody watch.
const NOTICE: Duration = Duration::from_secs(16);

/// Between two looks at what has happened.
const PAUSE: Duration = Duration::from_millis(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let agent = build()?;
    println!("starting the harness around the agent; the first time this installs what it needs");
    let mut harness = Harness::start(&agent, |_| {}).await?;
    harness.run_agent()?;
    let mut story = Story::new();
    story.tell("EC2", "the instance boots");
    story.follow(&harness, State::Ready).await;

    story.tell("user", "two tasks: one takes 5 s, one never ends");
    let ends = harness.engine.push(ACTION, &json!({ "ms": 5000 }), 3);
    let endless = harness.engine.push(ACTION, &json!({ "endless": true }), 3);
    story
        .follow_until(&harness, |harness| harness.journal_of("began").len() == 2)
        .await;

    harness
        .engine
        .add_other_host(&[ACTION], 2, Duration::from_millis(500));
    harness.imds.announce_spot(SpotAction::Terminate, NOTICE);
    let noticed = Instant::now();
    let words = format!(
        "spot notice: this instance is terminated in {} s",
        NOTICE.as_secs()
    );
    story.tell("EC2", &words);
    story.follow(&harness, State::Stopped).await;
    let stopped = noticed.elapsed();
    story
        .follow_until(&harness, |harness| {
            let over = |id: &String| harness.engine.task(id).is_some_and(|task| task.is_over());
            over(&ends) && over(&endless)
        })
        .await;

    let paused = harness.engine.workers()[0].paused;
    let paused = paused.map_or(Duration::ZERO, |at| at.duration_since(noticed));
    println!("\nnotice to paused in Hatchet: {} ms", paused.as_millis());
    println!(
        "notice to the runtime's end: {:.1} s, of {} s until the instance ends",
        stopped.as_secs_f64(),
        NOTICE.as_secs()
    );
    println!(
        "tasks that ran on two hosts at once: {}",
        harness.ran_twice().len()
    );
    harness.end().await;
    Ok(())
}

/// Builds the agent as this program was built, and says where it is.
fn build() -> Result<PathBuf, Box<dyn Error>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args([
        "build",
        "--quiet",
        "--package",
        "valet-worker",
        "--bin",
        "valet-worker",
    ]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    if !build.status()?.success() {
        return Err("the agent does not build".into());
    }
    let example = std::env::current_exe()?;
    let folder = example.ancestors().nth(2).unwrap_or(Path::new("."));
    Ok(folder.join("valet-worker"))
}

/// What has been told already.
struct Story {
    began: Instant,
    agent_lines: usize,
    journal_lines: usize,
    jobs: usize,
    attempts: Vec<(String, u32, bool)>,
    heartbeats: usize,
    reports: usize,
    paused: bool,
    unsubscribed: bool,
}

impl Story {
    fn new() -> Self {
        println!("\n{:>8}  {:<10} what", "seconds", "who");
        Self {
            began: Instant::now(),
            agent_lines: 0,
            journal_lines: 0,
            jobs: 0,
            attempts: Vec::new(),
            heartbeats: 0,
            reports: 0,
            paused: false,
            unsubscribed: false,
        }
    }

    fn tell(&self, who: &str, what: &str) {
        let seconds = self.began.elapsed().as_secs_f64();
        println!("{seconds:>8.2}  {who:<10} {what}");
    }

    /// Tells what happens until the host is in this state.
    async fn follow(&mut self, harness: &Harness, state: State) {
        loop {
            let reached = harness
                .status()
                .await
                .is_some_and(|status| status.state == state);
            self.news(harness);
            if reached {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Tells what happens until this is so.
    async fn follow_until(&mut self, harness: &Harness, is_so: impl Fn(&Harness) -> bool) {
        loop {
            let so = is_so(harness);
            self.news(harness);
            if so {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn news(&mut self, harness: &Harness) {
        self.of_agent(harness);
        self.of_systemd(harness);
        self.of_runtime(harness);
        self.of_hatchet(harness);
        self.of_others(harness);
    }

    fn of_agent(&mut self, harness: &Harness) {
        let log = harness.agent_log();
        let lines: Vec<&str> = log.lines().collect();
        for line in &lines[self.agent_lines..] {
            if let Ok(Value::Object(mut entry)) = serde_json::from_str(line) {
                for dull in ["timestamp", "level", "target"] {
                    entry.remove(dull);
                }
                let message = entry.remove("message").unwrap_or_default();
                let details: Vec<String> = entry
                    .iter()
                    .filter(|(_, value)| value.as_str() != Some(""))
                    .map(|(key, value)| format!("{key}={}", plain(value)))
                    .collect();
                self.tell(
                    "agent",
                    &format!("{} {}", plain(&message), details.join(" ")),
                );
            }
        }
        self.agent_lines = lines.len();
    }

    fn of_systemd(&mut self, harness: &Harness) {
        let jobs = harness.systemd.jobs();
        for job in &jobs[self.jobs..] {
            self.tell("systemd", &format!("{} {}", job.kind, job.unit));
        }
        self.jobs = jobs.len();
    }

    fn of_runtime(&mut self, harness: &Harness) {
        let journal = harness.journal();
        for line in &journal[self.journal_lines..] {
            let what = match &line.task {
                Some(task) => format!("task {}: {}", short(task), line.event),
                None if line.event == "host" => {
                    format!("learns that the host is {}", plain(&line.details["state"]))
                }
                None => format!("{} (process {})", line.event, line.pid),
            };
            self.tell("runtime", &what);
        }
        self.journal_lines = journal.len();
    }

    fn of_hatchet(&mut self, harness: &Harness) {
        let workers = harness.engine.workers();
        if let Some(worker) = workers.first() {
            if worker.paused.is_some() && !self.paused {
                self.tell("Hatchet", "the worker is paused");
            }
            if worker.unsubscribed.is_some() && !self.unsubscribed {
                self.tell("Hatchet", "the worker has left");
            }
            self.paused = worker.paused.is_some();
            self.unsubscribed = worker.unsubscribed.is_some();
        }
        let name = |id: &str| {
            let worker = workers.iter().find(|worker| worker.id == id);
            worker.map_or("nobody".to_owned(), |worker| worker.name.clone())
        };
        for task in harness.engine.tasks() {
            for attempt in &task.attempts {
                let (key, ended) = ((task.id.clone(), attempt.retry), attempt.ended.as_ref());
                let given = (key.0.clone(), key.1, false);
                if !self.attempts.contains(&given) {
                    let words =
                        format!("task {} goes to {}", short(&task.id), name(&attempt.worker));
                    self.tell("Hatchet", &words);
                    self.attempts.push(given);
                }
                let over = (key.0, key.1, true);
                if let Some((_, outcome)) = ended
                    && !self.attempts.contains(&over)
                {
                    let words = match outcome {
                        AttemptOutcome::Completed(_) => "is completed",
                        AttemptOutcome::Failed(_) => "is given back, to be tried again",
                        AttemptOutcome::FailedForGood(_) => "has failed",
                        AttemptOutcome::Reassigned => "is taken from a silent worker",
                    };
                    self.tell("Hatchet", &format!("task {} {words}", short(&task.id)));
                    self.attempts.push(over);
                }
            }
        }
    }

    /// Heartbeats and reports go on all the time: the first of each is shown.
    fn of_others(&mut self, harness: &Harness) {
        let (heartbeats, reports) = (harness.valet_api.heartbeats(), harness.aws.puts().len());
        if self.heartbeats == 0
            && let Some(first) = heartbeats.first()
        {
            let status = plain(&first.body["status"]);
            self.tell("Valet API", &format!("the first heartbeat: {status}"));
        }
        if self.reports == 0 && reports > 0 {
            self.tell("CloudWatch", "the first report");
        }
        (self.heartbeats, self.reports) = (heartbeats.len(), reports);
    }
}

/// The end of an id, which is where those of the kit differ.
fn short(id: &str) -> &str {
    &id[id.len().saturating_sub(2)..]
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

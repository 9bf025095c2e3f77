//! What the agent costs a host: time to the first heartbeat, memory, processor time, size.
//!
//! Run by `cargo bench -p valet-worker --bench cost`. The agent is a process of its own in the harness of
//! the tests, with the real runtime, and everything that it talks to over TLS on an instance is
//! behind TLS here. `VALET_WORKER` names another binary to measure.
//!
//! `cargo bench -p valet-worker --bench cost -- cadence` measures the pace of production alone: ten minutes, or as many as
//! `VALET_BENCH_MINUTES` says. `-- reference` measures one cycle a second, for as long, beside a program in Node.

mod cadence;
mod reference;
mod stores;

use std::path::PathBuf;
use std::time::Duration;

use valet_protocol::Seconds;
use valet_protocol::local_api::State;
use valet_test_kit::harness::Harness;
use valet_test_kit::tls::Authority;

/// How often a start is measured; the median counts.
const STARTS: usize = 11;

/// The first of the four looks at the notices.
const SPOT: &str = "/latest/meta-data/spot/instance-action";

/// One cycle is a heartbeat, a report and a look at the notices.
const CYCLE: Duration = Duration::from_millis(10);

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("an event loop");
    runtime.block_on(measure());
}

async fn measure() {
    if std::env::args().any(|argument| argument == "cadence") {
        return cadence::production_hour().await;
    }
    if std::env::args().any(|argument| argument == "reference") {
        return reference::beside_node().await;
    }
    let size = std::fs::metadata(binary()).expect("a binary").len();
    println!("binary: {:.1} MiB", mebibytes(size));
    first_sign_of_life(false).await;
    first_sign_of_life(true).await;
    whole_life().await;
    reference::beside_node().await;
    cadence::production_hour().await;
}

/// How long what goes by time is measured, where `VALET_BENCH_MINUTES` does not say it. All of the agent's turns come within
/// five minutes, but for those of Hatchet's queue in a large fleet.
const MINUTES: u64 = 10;

fn minutes() -> Duration {
    let minutes = std::env::var("VALET_BENCH_MINUTES");
    let minutes = minutes.ok().and_then(|text| text.parse().ok());
    Duration::from_mins(minutes.unwrap_or(MINUTES))
}

fn binary() -> PathBuf {
    let named = std::env::var_os("VALET_WORKER");
    named.map_or_else(|| env!("CARGO_BIN_EXE_valet-worker").into(), PathBuf::from)
}

/// A harness, and the environment in which its agent talks TLS where it would on an instance.
struct Setup {
    harness: Harness,
    environment: Vec<(&'static str, String)>,
}

impl Setup {
    async fn new(tls: bool, times: impl FnOnce(&mut valet_protocol::Config)) -> Self {
        let mut harness = Harness::start(&binary(), times).await.expect("it starts");
        let values = harness.config.secrets.iter();
        let values =
            values.map(|(name, secret)| (secret.key.clone(), harness.values.get(name).to_owned()));
        let stores = stores::serve(values.collect()).await;
        let environment = if tls {
            let authority = Authority::new();
            let bundle = harness.folder().join("bundle.pem");
            authority.write_bundle(&bundle).expect("written");
            let fronts = harness.behind_tls(&authority, Some(stores)).await;
            let mut environment = fronts.expect("ports");
            environment.push(("SSL_CERT_FILE", bundle.display().to_string()));
            environment
        } else {
            vec![("AWS_ENDPOINT_URL", format!("http://{stores}"))]
        };
        Self {
            harness,
            environment,
        }
    }

    fn run(&mut self) {
        let environment: Vec<(&str, &str)> = self
            .environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.harness
            .run_agent_with(&environment)
            .expect("the agent starts");
    }
}

/// From the start of the process to the first heartbeat at the API.
async fn first_sign_of_life(tls: bool) {
    let mut setup = Setup::new(tls, |_| {}).await;
    let mut times = Vec::new();
    let mut spent = Vec::new();
    for _ in 0..STARTS {
        let before = setup.harness.valet_api.accepted();
        setup.run();
        let started = setup.harness.agent().started;
        let first = loop {
            if setup.harness.valet_api.accepted() > before {
                break setup.harness.valet_api.heartbeats()[before].at;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        times.push(first - started);
        spent.push(scheduled(setup.harness.agent().pid()));
        setup.harness.agent().kill().await.expect("killed");
    }
    times.sort();
    let how = if tls { "TLS" } else { "plain HTTP" };
    spent.sort();
    println!(
        "first heartbeat, {how}: {:.1} ms (least {:.1}), of which {:.1} ms on a processor",
        milliseconds(times[STARTS / 2]),
        milliseconds(times[0]),
        milliseconds(spent[STARTS / 2]),
    );
}

/// How long a process's threads have been on a processor, to the nanosecond.
fn scheduled(pid: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    let nanoseconds = threads
        .filter_map(|thread| {
            let schedule = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            schedule.split_whitespace().next()?.parse::<u64>().ok()
        })
        .sum();
    Duration::from_nanos(nanoseconds)
}

/// Memory of a host that is ready, and after 1,000 and 10,000 cycles, with their processor time.
async fn whole_life() {
    let mut setup = Setup::new(true, |config| {
        let cycle = seconds(CYCLE);
        config.heartbeat.interval_seconds = cycle;
        config.metrics.interval_seconds = cycle;
        config.notices.interval_seconds = cycle;
        config.services.interval_seconds = seconds(Duration::from_secs(5));
        config.rotation.interval_seconds = seconds(Duration::from_mins(5));
    })
    .await;
    setup.run();
    setup.harness.reaches(State::Ready).await;
    let pid = setup.harness.agent().pid();
    memory("ready", pid);
    for cycles in [1_000, 9_000] {
        let (before, spent) = (Done::of(&setup.harness), processor(pid));
        let done = loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let done = Done::of(&setup.harness).since(before);
            if done.cycles() >= cycles {
                break done;
            }
        };
        let spent = processor(pid).saturating_sub(spent);
        let per_thousand = spent.as_secs_f64() * 1000.0 / done.cycles() as f64;
        println!(
            "processor: {per_thousand:.2} s per 1,000 cycles, over {} heartbeats, {} reports, {} \
             looks",
            done.signs_of_life, done.reports, done.looks
        );
        memory(&format!("after {} more cycles", done.cycles()), pid);
    }
}

/// What the agent has done so far.
#[derive(Clone, Copy)]
struct Done {
    signs_of_life: usize,
    reports: usize,
    looks: usize,
}

impl Done {
    fn of(harness: &Harness) -> Self {
        Self {
            signs_of_life: harness.valet_api.accepted(),
            reports: harness.aws.accepted_puts(),
            looks: harness.imds.count(SPOT, 404),
        }
    }

    fn since(self, before: Self) -> Self {
        Self {
            signs_of_life: self.signs_of_life - before.signs_of_life,
            reports: self.reports - before.reports,
            looks: self.looks - before.looks,
        }
    }

    /// Each keeps its own time. What was done least often counts, so that a cycle is never less than
    /// one of each.
    fn cycles(self) -> usize {
        self.signs_of_life.min(self.reports).min(self.looks)
    }
}

/// The kernel's count of a process's processor time, in ticks of 10 ms.
fn processor(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    // The name, in brackets, may hold anything.
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = behind_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

fn memory(when: &str, pid: u32) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let kibibytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let figure = line.and_then(|line| line.split_whitespace().next());
        figure
            .and_then(|figure| figure.parse::<u64>().ok())
            .unwrap_or(0)
    };
    println!(
        "memory, {when}: {:.1} MiB resident, {:.1} of it the agent's own, {:.1} at the peak",
        mebibytes(kibibytes("VmRSS:") * 1024),
        mebibytes(kibibytes("RssAnon:") * 1024),
        mebibytes(kibibytes("VmHWM:") * 1024),
    );
}

fn seconds(duration: Duration) -> Seconds {
    Seconds::try_from(duration.as_secs_f64()).expect("less than a year")
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

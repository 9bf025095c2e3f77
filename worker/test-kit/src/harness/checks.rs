//! What has to hold after every case: nothing panicked, no secret shows, no process is left over,
//! every metric is accounted for, and the fakes understood everything.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use axum::http::Method;

use valet_protocol::WorkerMetric;
use valet_protocol::metrics::{INSTANCE_DIMENSION, Series};

use super::Harness;
use crate::aws::Datum;

/// Looks on end that have to agree.
const LOOKS: u32 = 5;

/// What the agent gives a call of AWS, with all of its attempts. While one is under way it makes no report.
const LONGEST_CALL: Duration = Duration::from_secs(15);

/// How long the agent may take from SIGTERM to its end, when nothing runs.
const END: Duration = Duration::from_secs(40);

/// What `/proc` says of one process.
struct Process {
    pid: u32,
    parent: u32,
    state: String,
    command: String,
}

impl Harness {
    /// Ends the agent, if it runs, and checks what has to hold after every case.
    ///
    /// # Panics
    ///
    /// With everything that does not hold.
    pub async fn end(mut self) {
        let mut wrong = self.secrets_in_command_lines();
        wrong.extend(self.zombies());
        wrong.extend(self.unaccounted_metrics().await);
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

    /// Metrics of which the agent says other things than CloudWatch. Counters begin again with each
    /// process, so only a harness with a single one can be asked.
    async fn unaccounted_metrics(&self) -> Option<String> {
        if self.agents.len() != 1 {
            return None;
        }
        let (began, mut agreed) = (Instant::now(), 0);
        loop {
            let page = self.ask(Method::GET, "/metrics", "").await.ok()?.body;
            let of_page = |name: &str| figure(&page, name);
            let sent = of_page("valet_worker_reports_sent_total")?;
            let dropped = of_page("valet_worker_reports_dropped_total")?;
            let (taken, reports) = self.taken_by_cloudwatch();
            let waits = of_page("valet_worker_reports_waiting")? as usize;
            // A look may fall between the call and its count: then they differ though nothing is lost, or
            // agree though a report is. Several looks on end do not.
            let agree = taken == sent as usize
                && (dropped > 0.0 || self.clock_jumps || self.no_report_is_missing(&reports));
            agreed = if agree { agreed + 1 } else { 0 };
            if agreed == LOOKS {
                return None;
            }
            if began.elapsed() > Duration::from_secs(5) {
                return Some(format!(
                    "metrics: {sent} sent, {dropped} dropped, {waits} wait, but CloudWatch took \
                     {taken}, of reports at {reports:?}"
                ));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How many values CloudWatch took, each counted once though most go into two series, and the
    /// times of the reports that they belong to, in milliseconds.
    fn taken_by_cloudwatch(&self) -> (usize, BTreeSet<u64>) {
        let data = self.aws.puts().into_iter().flat_map(|put| put.data);
        let data: Vec<Datum> = data.collect();
        let reports = data.iter().map(|datum| (datum.timestamp * 1000.0) as u64);
        let counted = data.iter().filter(|datum| {
            let of_instance = datum.dimensions.contains_key(INSTANCE_DIMENSION);
            of_instance || has_no_series_of_instances(&datum.name)
        });
        (counted.count(), reports.collect())
    }

    /// Reports come at equal distances; a gap would be one that nobody counted.
    fn no_report_is_missing(&self, reports: &BTreeSet<u64>) -> bool {
        let interval = self.config.metrics.interval_seconds.duration();
        // A machine under load is late now and then, and CloudWatch's answers take their time.
        let is_slow = self.aws.refused_puts() > 0;
        let call = if is_slow {
            LONGEST_CALL
        } else {
            Duration::ZERO
        };
        let longest = (interval * 8 + call).as_millis() as u64;
        let times: Vec<u64> = reports.iter().copied().collect();
        times.windows(2).all(|pair| pair[1] - pair[0] <= longest)
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

/// Whether a metric is sent for the fleet alone.
fn has_no_series_of_instances(name: &str) -> bool {
    let mut metrics = WorkerMetric::ALL.into_iter();
    metrics.any(|metric| metric.name() == name && metric.series() == Series::Fleet)
}

/// One figure of a page in Prometheus' format.
fn figure(page: &str, name: &str) -> Option<f64> {
    let line = page.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok()
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

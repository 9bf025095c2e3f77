//! What was measured, as a row of a table.

use std::fmt;

use crate::load::Measured;
use crate::processes::{Rows, Usage};

/// The head of the table.
pub fn heading() -> &'static str {
    "| hosts | what | heartbeats/s | refused | plain p50, p99, longest | with an end p50, p99, longest | server | PostgreSQL | memory | rows |\n\
     |---|---|---|---|---|---|---|---|---|---|"
}

/// One measurement.
pub struct Phase<'a> {
    pub hosts: u32,
    pub name: &'a str,
    pub measured: &'a Measured,
    pub used: Usage,
    pub rows: Rows,
}

impl fmt::Display for Phase<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measured = self.measured;
        let count = measured.plain.len() + measured.ended.len();
        let cores = |seconds: f64| seconds / measured.seconds;
        writeln!(
            formatter,
            "| {} | {} | {:.0} | {} | {} | {} | {:.2} cores | {:.2} cores | {:.0} MiB | {} pulses ({} in their page), {} sessions |",
            self.hosts,
            self.name,
            count as f64 / measured.seconds,
            measured.refused,
            times(&measured.plain),
            times(&measured.ended),
            cores(self.used.server),
            cores(self.used.database),
            self.used.memory,
            self.rows.updated,
            self.rows.hot,
            self.rows.sessions,
        )
    }
}

/// The middle, the 99th of a hundred and the longest, in milliseconds.
fn times(seconds: &[f64]) -> String {
    if seconds.is_empty() {
        return String::new();
    }
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize] * 1000.0;
    format!("{:.1}, {:.1}, {:.1} ms", at(0.5), at(0.99), at(1.0))
}

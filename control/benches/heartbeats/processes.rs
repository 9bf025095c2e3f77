//! The programs that are measured, and what they use.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::ops::Sub;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use valet_control::database::Database;
use valet_control::postgres::Server;

use crate::floor;
use crate::hosts::GROUP;

/// Ticks of processor time in a second: `USER_HZ`, which is 100 on every architecture that Linux has today.
const TICKS: f64 = 100.0;

/// A server as a process of its own. It ends when this is dropped.
pub struct Program {
    child: Child,
    pub address: String,
    _folder: tempfile::TempDir,
}

impl Program {
    /// The control plane itself.
    pub fn valet_control(database: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("control.toml");
        let text = format!(
            "listen = '127.0.0.1:0'\n[[fleets]]\ngroup = '{GROUP}'\naccount = '1'\nregion = 'r'\n"
        );
        fs::write(&config, text).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_valet-control"));
        command
            .args(["serve", "--database", database, "--config"])
            .arg(config);
        Self::start(command, folder)
    }

    /// This program as the floor.
    pub fn floor(database: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("it runs"));
        command.args([floor::ARGUMENT, database]);
        Self::start(command, tempfile::tempdir().expect("a folder"))
    }

    fn start(mut command: Command, folder: tempfile::TempDir) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let line: Value = serde_json::from_str(&line).ok()?;
                Some(line["fields"]["address"].as_str()?.to_owned())
            })
            .expect("it serves");
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address,
            _folder: folder,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor seconds until now, and memory.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub server: f64,
    pub database: f64,
    /// Of the server: what is resident, in MiB.
    pub memory: f64,
}

impl Usage {
    pub fn of(program: &Program, server: &Server) -> Self {
        let pid = program.child.id();
        let postmaster = server.pid().expect("it runs") as u32;
        Self {
            server: processor(pid, false),
            database: processor(postmaster, true) + children(postmaster),
            memory: resident(pid),
        }
    }

    /// The processor's time since then, and the memory now.
    pub fn since(self, before: &Self) -> Self {
        Self {
            server: self.server - before.server,
            database: self.database - before.database,
            memory: self.memory,
        }
    }
}

/// The fields of a process's `stat` behind its name.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// Seconds of user and system time; with those of children that have ended.
fn processor(pid: u32, with_ended: bool) -> f64 {
    let fields = stat(pid).unwrap_or_default();
    let last = if with_ended { 15 } else { 13 };
    let ticks = fields.get(11..last).unwrap_or_default().iter();
    ticks
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / TICKS
}

fn children(of: u32) -> f64 {
    let entries = fs::read_dir("/proc").expect("Linux has it").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| stat(*pid).is_some_and(|fields| fields[1] == of.to_string()))
        .map(|pid| processor(pid, false))
        .sum()
}

fn resident(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kibibytes.unwrap_or_default() / 1024.0
}

/// Rows that were written since the database was made.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// Heartbeats, and those of them that stayed in their page.
    pub updated: i64,
    pub hot: i64,
    /// Ended sessions.
    pub sessions: i64,
}

impl Sub for Rows {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            updated: self.updated - before.updated,
            hot: self.hot - before.hot,
            sessions: self.sessions - before.sessions,
        }
    }
}

pub async fn rows(database: &Database) -> Rows {
    // Statistics of other sessions are kept back for up to a second.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let client = database.client().await.expect("it runs");
    let row = client
        .query_one(
            "SELECT n_tup_upd, n_tup_hot_upd, (SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'session')
             FROM pg_stat_user_tables WHERE relname = 'pulse'",
            &[],
        )
        .await
        .expect("statistics");
    Rows {
        updated: row.get(0),
        hot: row.get(1),
        sessions: row.get(2),
    }
}

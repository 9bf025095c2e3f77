//! The files that the benchmarks read, and where they write.
#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::fmt::Write as _;
use std::path::Path;

use tempfile::TempDir;

/// One environment in an existing VPC: the smallest fleet that is worth the name.
pub const FLEET: &str = include_str!("../fleet.toml");

/// The fleet under another name, as one of many.
pub fn fleet_called(name: &str) -> String {
    FLEET.replacen("\"bench\"", &format!("\"{name}\""), 1)
}

/// A folder in memory where there is one, so that no disk is measured.
pub fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        TempDir::with_prefix_in("valet-gen-bench-", memory)
    } else {
        TempDir::with_prefix("valet-gen-bench-")
    };
    made.expect("a temporary folder")
}

/// A fleet.toml of about 2,000 lines that breaks no rule: schedules and tags, nearly as many as
/// AWS takes, and alarms.
pub fn long_fleet() -> String {
    let mut text = fleet_called("long");
    let _ = writeln!(text, "\n[fleet.tags]");
    for number in 0..35 {
        let _ = writeln!(text, "\"cost-{number}\" = \"centre {number}\"");
    }
    // A pair each: one raises the size, the other brings it back, all at minutes of their own.
    for number in 0..60 {
        let (hour, minute) = (number / 10, number % 10 * 2);
        for (word, hour, size) in [("up", hour, 3), ("down", hour + 12, 2)] {
            let _ = writeln!(
                text,
                "\n[[schedule]]\nname = \"{word}-{number}\"\n\
                 recurrence = \"{minute} {hour} * * *\"\ntime_zone = \"America/New_York\"\n\
                 min_size = {size}"
            );
        }
    }
    let mut number = 0;
    while text.lines().count() < 2000 {
        let _ = writeln!(
            text,
            "\n[[alarm]]\nname = \"many-profiles-{number}\"\nmetric = \"ActiveBrowserProfiles\"\n\
             statistic = \"Maximum\"\ncomparison_operator = \"GreaterThanThreshold\"\n\
             threshold = {number}\nperiod = 300\nevaluation_periods = 2\n\
             treat_missing_data = \"notBreaching\"\ndescription = \"More profiles than planned.\""
        );
        number += 1;
    }
    text
}

/// A plan of at least so many bytes: every resource of a real one, again and again under other addresses.
/// Only the first of each changes, as in a real plan, in which most do not.
///
/// # Errors
/// When it is no plan.
pub fn large_plan(plan: &str, bytes: usize) -> std::io::Result<String> {
    let mut document: serde_json::Value = serde_json::from_str(plan)?;
    let changes = document["resource_changes"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut all = changes.clone();
    let mut length = plan.len();
    let mut number = 0;
    while length < bytes {
        for change in &changes {
            let mut more = change.clone();
            more["address"] = format!(
                "module.more[{number}].{}",
                change["address"].as_str().unwrap_or_default()
            )
            .into();
            more["change"]["actions"] = serde_json::json!(["no-op"]);
            length += more.to_string().len();
            all.push(more);
        }
        number += 1;
    }
    document["resource_changes"] = all.into();
    Ok(document.to_string())
}

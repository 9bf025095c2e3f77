//! Tasks, so that there is something to see.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use valet_test_kit::harness::{ACTION, SLOTS};
use valet_test_kit::hatchet::Engine;

/// How often it is looked whether there is enough to do.
const INTERVAL: Duration = Duration::from_secs(1);
/// The share of all slots that is taken, in percent: enough that hosts differ, and that others have room for what a host
/// that drains does not take.
const SHARE: usize = 60;
/// Names of tasks, and how many seconds each takes.
const TASKS: [(&str, u64); 5] = [
    ("price-check", 6),
    ("invoice-export", 14),
    ("profile-warmup", 22),
    ("listing-sync", 9),
    ("order-status", 31),
];

/// Gives hosts something to do, as long as this runs.
pub async fn keep_working(engine: Arc<Engine>) {
    let mut tasks = TASKS.iter().cycle();
    loop {
        let active = engine
            .workers()
            .iter()
            .filter(|worker| worker.status == "ACTIVE")
            .count();
        engine.forget_ended();
        let open = engine.tasks().len();
        let wanted = active * SLOTS as usize * SHARE / 100;
        // One at a time, so that they do not all end together.
        if let Some((name, seconds)) = tasks.next()
            && open < wanted
        {
            let _ = engine.push(ACTION, &json!({ "name": name, "ms": seconds * 1000 }), 3);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

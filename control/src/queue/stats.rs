//! Hatchet's statistics of tasks.

use jiff::Timestamp;
use serde_json::Value;

/// How many tasks wait, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queue {
    pub depth: u64,
    /// Seconds; 0 when none waits.
    pub oldest_seconds: f64,
    pub at: Timestamp,
}

impl Queue {
    /// From `{task: {queued: {total, oldest}}}`. A task of which none waits is left out there, or null. Anything else is
    /// not an answer, and not an empty queue.
    ///
    /// # Errors
    ///
    /// What the response does not have.
    pub fn from_statistics(response: &Value, now: Timestamp) -> Result<Self, String> {
        let tasks = response
            .as_object()
            .ok_or("the response is not an object")?;
        let mut depth = 0;
        let mut oldest: Option<Timestamp> = None;
        for (task, statistics) in tasks {
            let Some(queued) = statistics.get("queued").filter(|queued| !queued.is_null()) else {
                continue;
            };
            depth += queued
                .get("total")
                .and_then(Value::as_u64)
                .ok_or_else(|| format!("`{task}` has no number of waiting tasks"))?;
            let since = queued.get("oldest").and_then(Value::as_str);
            let since = since.and_then(|since| since.parse().ok());
            oldest = oldest.into_iter().chain(since).min();
        }
        let waited = oldest.map(|oldest| now.duration_since(oldest).as_secs_f64().max(0.0));
        Ok(Self {
            depth,
            oldest_seconds: waited.unwrap_or(0.0),
            at: now,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_statistic_is_no_empty_queue() {
        let now: Timestamp = "2026-01-01T00:01:00Z".parse().expect("a time");
        let read = |value: Value| Queue::from_statistics(&value, now);
        let queue = read(json!({
            "a": { "queued": { "total": 3, "oldest": "2026-01-01T00:00:30Z" }, "running": { "total": 1 } },
            "b": { "queued": { "total": 2, "oldest": "2026-01-01T00:00:10Z" } },
            "c": { "running": { "total": 1 } },
            "d": null,
        }))
        .expect("statistics");
        assert_eq!((queue.depth, queue.oldest_seconds), (5, 50.0));
        let empty = read(json!({})).expect("nothing waits");
        assert_eq!((empty.depth, empty.oldest_seconds), (0, 0.0));
        assert!(read(Value::Null).is_err());
        assert!(read(json!({ "a": { "queued": {} } })).is_err());
    }
}

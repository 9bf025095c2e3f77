//! Values that CloudWatch has not taken yet.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::collect::Point;

/// The most values that wait: three hours of ten a minute, at 40 bytes each.
const MAX_VALUES: usize = 1800;

/// CloudWatch takes no data older than two weeks.
const OLDEST: SignedDuration = SignedDuration::from_hours(14 * 24);

/// And none that is further ahead than two hours.
const AHEAD: SignedDuration = SignedDuration::from_hours(2);

/// The values, oldest first. Whatever leaves it without being sent is counted.
#[derive(Debug, Default)]
pub struct Buffer {
    points: VecDeque<Point>,
    /// Values given up since the agent started.
    dropped: u64,
}

impl Buffer {
    /// Adds values, and gives up the oldest where there is no room.
    pub fn add(&mut self, points: Vec<Point>) {
        self.points.extend(points);
        let over = self.points.len().saturating_sub(MAX_VALUES);
        self.points.drain(..over);
        self.dropped += over as u64;
    }

    /// Gives up what CloudWatch would refuse for its time: because it waited too long, or because
    /// the clock has jumped.
    pub fn forget_untimely(&mut self, now: Timestamp) {
        let before = self.points.len();
        self.points.retain(|point| {
            let age = now.duration_since(point.at);
            age < OLDEST && age > -AHEAD
        });
        self.dropped += (before - self.points.len()) as u64;
    }

    /// The oldest values, at most this many.
    #[must_use]
    pub fn oldest(&self, most: usize) -> Vec<Point> {
        self.points.iter().take(most).copied().collect()
    }

    /// The oldest so many have been sent.
    pub fn sent(&mut self, count: usize) {
        self.points.drain(..count.min(self.points.len()));
    }

    /// The oldest so many will never be taken.
    pub fn refused(&mut self, count: usize) {
        let count = count.min(self.points.len());
        self.points.drain(..count);
        self.dropped += count as u64;
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.points.len()
    }

    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use valet_protocol::WorkerMetric;

    use super::*;

    fn point(second: i64) -> Point {
        Point {
            metric: WorkerMetric::XvfbStatus,
            value: 1.0,
            at: Timestamp::from_second(second).unwrap(),
        }
    }

    #[test]
    fn the_oldest_go_first_and_are_counted() {
        let mut waiting = Buffer::default();
        for second in 0..2000 {
            waiting.add(vec![point(second)]);
        }
        assert_eq!(waiting.count(), MAX_VALUES);
        assert_eq!(waiting.dropped(), 200);
        assert_eq!(waiting.oldest(1), [point(200)]);
    }

    #[test]
    fn what_was_sent_is_no_loss() {
        let mut waiting = Buffer::default();
        waiting.add((0..10).map(point).collect());
        waiting.sent(4);
        waiting.refused(1);
        assert_eq!((waiting.count(), waiting.dropped()), (5, 1));
        assert_eq!(waiting.oldest(2), [point(5), point(6)]);
    }

    #[test]
    fn what_cloudwatch_would_refuse_for_its_time_goes() {
        let mut waiting = Buffer::default();
        let now = 10_000_000;
        let weeks = 14 * 24 * 3600;
        waiting.add(vec![
            point(now - weeks - 1),
            point(now - weeks + 60),
            point(now),
            point(now + 3600),
            point(now + 7201),
        ]);
        waiting.forget_untimely(Timestamp::from_second(now).unwrap());
        assert_eq!((waiting.count(), waiting.dropped()), (3, 2));
    }
}

//! When each key counts, drawn over time: where two bars lie above one another, a rotation loses no host.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::format::duration;
use super::keys::state;
use crate::keys::WorkerKey;

/// Keys that ended longer ago are not drawn.
const PAST: SignedDuration = SignedDuration::from_hours(24 * 30);
/// How far the future goes.
const FUTURE: SignedDuration = SignedDuration::from_hours(24 * 21);
const WIDTH: f64 = 1000.0;
const LEFT: f64 = 190.0;
const ROW: f64 = 26.0;
/// The most keys that are drawn.
const MAX_KEYS: usize = 8;

pub fn picture(keys: &[WorkerKey]) -> Markup {
    let now = Timestamp::now();
    let drawn: Vec<&WorkerKey> = keys
        .iter()
        .filter(|key| key.valid_to.is_none_or(|end| end > now - PAST))
        .take(MAX_KEYS)
        .collect();
    let oldest = drawn.iter().map(|key| key.valid_from).min();
    let start = oldest
        .unwrap_or(now)
        .max(now - PAST)
        .min(now - SignedDuration::from_hours(24 * 7));
    let end = now + FUTURE;
    let span = end.duration_since(start).as_secs_f64();
    let x = |time: Timestamp| {
        let share = time.clamp(start, end).duration_since(start).as_secs_f64() / span;
        LEFT + share * (WIDTH - LEFT)
    };
    let height = ROW * drawn.len() as f64 + 22.0;
    let number = |value: f64| format!("{value:.1}");
    html! {
        @if !drawn.is_empty() {
            svg.validity viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label="When each key counts; the table has the same in words" {
                @for (index, key) in drawn.iter().enumerate() {
                    @let top = index as f64 * ROW + 5.0;
                    @let (from, to) = (x(key.valid_from), x(key.valid_to.unwrap_or(end)));
                    text x="0" y=(number(top + 11.5)) { (key.id) }
                    rect.track x=(LEFT) y=(number(top)) width=(WIDTH - LEFT) height="15" rx="3" {}
                    rect class=(if state(key) == "ended" { "over" } else { "valid" }) x=(number(from)) y=(number(top)) width=(number((to - from).max(3.0))) height="15" rx="3" {}
                }
                line.now x1=(number(x(now))) x2=(number(x(now))) y1="0" y2=(number(height - 18.0)) {}
                text x=(number(x(now))) y=(number(height - 4.0)) text-anchor="middle" { "now" }
                text x=(LEFT) y=(number(height - 4.0)) { (duration(now.duration_since(start).as_secs_f64())) " ago" }
                text x=(WIDTH) y=(number(height - 4.0)) text-anchor="end" { "in " (duration(FUTURE.as_secs_f64())) }
            }
        }
    }
}

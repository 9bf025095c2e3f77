//! Times, ages and ids for people.

use jiff::Timestamp;
use maud::{Markup, html};

/// Seconds in the largest unit that fits: `4 s`, `12 min`, `3 h`, `5 d`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    match seconds {
        _ if seconds < 100.0 => format!("{seconds:.0} s"),
        _ if seconds < 100.0 * 60.0 => format!("{:.0} min", seconds / 60.0),
        _ if seconds < 48.0 * 3600.0 => format!("{:.0} h", seconds / 3600.0),
        _ => format!("{:.0} d", seconds / 86400.0),
    }
}

/// How long ago, or until when.
pub fn age(time: Timestamp) -> Markup {
    let seconds = Timestamp::now().duration_since(time).as_secs_f64();
    let text = if seconds < -0.5 {
        format!("in {}", duration(-seconds))
    } else {
        format!("{} ago", duration(seconds))
    };
    html! { time datetime=(time) title=(utc(time)) { (text) } }
}

/// The age that the database has computed.
pub fn seconds_ago(seconds: Option<f64>) -> String {
    seconds.map_or_else(
        || "never".to_owned(),
        |seconds| format!("{} ago", duration(seconds)),
    )
}

/// A point in time, to the second.
pub fn utc(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Its time of day.
pub fn clock(time: Timestamp) -> Markup {
    html! { time datetime=(time) title=(utc(time)) { (time.strftime("%H:%M:%S").to_string()) } }
}

/// A point in time in a table.
pub fn moment(time: Timestamp) -> Markup {
    html! { time datetime=(time) { (time.strftime("%m-%d %H:%M:%S").to_string()) } }
}

/// What is known, or that it is not.
pub fn known(value: Option<&str>) -> &str {
    value.filter(|value| !value.is_empty()).unwrap_or("unknown")
}

/// `ami-` and the last digits, which tell images apart.
pub fn short_image(id: &str) -> String {
    let characters: Vec<char> = id.chars().collect();
    if characters.len() <= 14 {
        return id.to_owned();
    }
    let tail: String = characters[characters.len() - 8..].iter().collect();
    let head: String = characters[..4].iter().collect();
    format!("{head}…{tail}")
}

/// One thing or several.
pub fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

//! Time zones by their names, and what their clocks show.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

/// The database, which keeps the zones that it has read.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A zone of the IANA database, by its name as the database spells it.
#[must_use]
pub fn find(name: &str) -> Option<TimeZone> {
    let zone = DATABASE.get(name).ok()?;
    (zone.iana_name() == Some(name) && !zone.is_unknown()).then_some(zone)
}

/// The names of every zone.
pub fn names() -> impl Iterator<Item = String> {
    let names: Vec<String> = DATABASE
        .available()
        .map(|name| name.as_str().to_owned())
        .collect();
    names.into_iter()
}

/// A zone's clock over some days. It holds the few offsets from UTC that are in force in them, so
/// that reading thousands of times does not work out the zone's rules for each.
pub struct OffsetTable {
    spans: Vec<Span>,
}

/// How far the clock is from UTC, and from when until when.
struct Span {
    offset: Offset,
    from: Timestamp,
    until: Timestamp,
}

impl OffsetTable {
    /// The clock over these days, the last one included.
    #[must_use]
    pub fn between(zone: &TimeZone, first: Date, last: Date) -> Self {
        // A day begins up to 14 hours before it does in UTC, and ends up to 12 hours after.
        let midnight = |day: Date| Offset::UTC.to_timestamp(day.at(0, 0, 0, 0));
        let from = midnight(first.saturating_sub(jiff::Span::new().days(1)));
        let until = midnight(last.saturating_add(jiff::Span::new().days(2)));
        let from = from.unwrap_or(Timestamp::MIN);
        let until = until.unwrap_or(Timestamp::MAX);
        let mut spans = vec![Span {
            offset: zone.to_offset(from),
            from,
            until,
        }];
        for change in zone.following(from) {
            let at = change.timestamp();
            if at >= until {
                break;
            }
            if let Some(before) = spans.last_mut() {
                before.until = at;
            }
            spans.push(Span {
                offset: change.offset(),
                from: at,
                until,
            });
        }
        Self { spans }
    }

    /// The first moment at which the clock shows this; `None` when it is put forward over it.
    #[must_use]
    pub fn first_instant_of(&self, local: DateTime) -> Option<Timestamp> {
        self.spans.iter().find_map(|span| {
            let at = span.offset.to_timestamp(local).ok()?;
            (span.from <= at && at < span.until).then_some(at)
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn zones_are_found_as_they_are_spelt() {
        for name in ["America/New_York", "Etc/UTC", "UTC", "Asia/Kathmandu"] {
            assert!(find(name).is_some(), "{name}");
        }
        for name in ["", "america/new_york", "utc", "Mars/Base", "Etc/Unknown"] {
            assert!(find(name).is_none(), "{name}");
        }
        assert!(names().all(|name| find(&name).is_some()));
    }

    #[test]
    fn a_clock_shows_what_its_zone_says() {
        let (first, last) = (date(2028, 1, 1), date(2028, 12, 31));
        for name in [
            "America/New_York",
            "Australia/Lord_Howe",
            "Africa/Casablanca",
        ] {
            let zone = find(name).expect("there is such a zone");
            let offsets = OffsetTable::between(&zone, first, last);
            let halves = (0..366 * 48).filter_map(|half| {
                let start = first.at(0, 0, 0, 0);
                start.checked_add(jiff::Span::new().minutes(half * 30)).ok()
            });
            for local in halves {
                let ambiguous = zone.to_ambiguous_timestamp(local);
                let skipped = matches!(ambiguous.offset(), jiff::tz::AmbiguousOffset::Gap { .. });
                let expected = ambiguous.earlier().ok().filter(|_| !skipped);
                assert_eq!(offsets.first_instant_of(local), expected, "{name} {local}");
            }
        }
    }
}

//! When a cron expression fires, as EC2 Auto Scaling reads it.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use croner::time::Weekday;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::zone::Clock;

/// The first and the last day of the year over which times are compared: a leap year, so that
/// every date occurs, and a fixed one, so that the same file is always judged the same.
pub const YEAR: (Date, Date) = (date(2028, 1, 1), date(2028, 12, 31));

/// How far back an expression's last time is looked for. Every date that there is comes within.
const LOOK_BACK_DAYS: usize = 9 * 366;

/// Reads five cron fields.
///
/// # Errors
/// What is wrong with the expression, in a few words.
pub fn parse(expression: &str) -> Result<Cron, String> {
    let fields = expression.split_whitespace().count();
    if fields != 5 {
        return Err(format!("{fields} fields instead of 5"));
    }
    // croner knows more than EC2 Auto Scaling does: L, W, # and ? are not in Unix cron.
    let names = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC", "MON",
        "TUE", "WED", "THU", "FRI", "SAT", "SUN",
    ];
    let mut rest = expression.to_uppercase();
    for name in names {
        rest = rest.replace(name, "");
    }
    let unknown = rest.chars().find(|character| {
        !character.is_ascii_digit()
            && !character.is_whitespace()
            && !matches!(character, '*' | '/' | ',' | '-')
    });
    if let Some(unknown) = unknown {
        return Err(format!("{unknown:?} has no meaning here"));
    }
    CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build()
        .parse(expression)
        .map_err(|_| "a field is out of its range".to_owned())
}

/// Whether there is a day on which the expression fires.
#[must_use]
pub fn ever_fires(cron: &Cron) -> bool {
    days(YEAR.0, YEAR.1).any(|day| fires_on(cron, day))
}

fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |day| day.tomorrow().ok())
        .take_while(move |day| *day <= last)
}

/// The times at which the expression fires on days of the zone, the last one included, in order. A
/// time that the zone skips when its clocks go forward is left out.
pub fn times(
    cron: &Cron,
    zone: &TimeZone,
    first: Date,
    last: Date,
) -> impl Iterator<Item = Timestamp> {
    let clock = Clock::over(zone, first, last);
    let minutes = minutes_of_day(cron);
    days(first, last)
        .filter(|day| fires_on(cron, *day))
        .flat_map(move |day| times_of_day(day, &minutes, &clock))
}

/// The last time before a moment at which the expression fired.
#[must_use]
pub fn last_before(cron: &Cron, zone: &TimeZone, moment: Timestamp) -> Option<Timestamp> {
    let minutes = minutes_of_day(cron);
    let today = zone.to_datetime(moment).date();
    std::iter::successors(Some(today), |day| day.yesterday().ok())
        .take(LOOK_BACK_DAYS)
        .filter(|day| fires_on(cron, *day))
        .find_map(|day| {
            let times = times_of_day(day, &minutes, &Clock::over(zone, day, day));
            times.into_iter().rfind(|time| *time < moment)
        })
}

fn times_of_day(day: Date, minutes: &[(i8, i8)], clock: &Clock) -> Vec<Timestamp> {
    minutes
        .iter()
        .filter_map(|(hour, minute)| clock.first_showing(day.at(*hour, *minute, 0, 0)))
        .collect()
}

fn fires_on(cron: &Cron, day: Date) -> bool {
    let number = |number: i8| u32::try_from(number).unwrap_or_default();
    let weekday = number(day.weekday().to_sunday_zero_offset());
    let (month, of_month) = (number(day.month()), number(day.day()));
    let pattern = &cron.pattern;
    pattern.month_match(month).unwrap_or(false)
        && pattern
            .day_match(
                day.year().into(),
                month,
                of_month,
                Weekday::from_days_from_sunday(weekday),
            )
            .unwrap_or(false)
}

/// Hours and minutes at which the expression fires on the days on which it does.
fn minutes_of_day(cron: &Cron) -> Vec<(i8, i8)> {
    let matching = |numbers: std::ops::Range<i8>, matches: &dyn Fn(u32) -> bool| -> Vec<i8> {
        numbers
            .filter(|number| u32::try_from(*number).is_ok_and(matches))
            .collect()
    };
    let pattern = &cron.pattern;
    let hours = matching(0..24, &|hour| pattern.hour_match(hour).unwrap_or(false));
    let minutes = matching(0..60, &|minute| {
        pattern.minute_match(minute).unwrap_or(false)
    });
    hours
        .into_iter()
        .flat_map(|hour| minutes.iter().map(move |minute| (hour, *minute)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::zone;
    use super::*;

    #[test]
    fn only_what_auto_scaling_reads_is_read() {
        for text in [
            "0 8 * * MON-FRI",
            "*/15 0-6 1,15 jan *",
            "0 0 29 2 *",
            "0 20 * * 7",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "0 8 * *",
            "0 0 8 * * *",
            "61 8 * * *",
            "0 8 L * *",
            "@daily",
            "0 8 ? * *",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_follow_the_zone() {
        let cron = parse("0 8 * * *").expect("it is valid");
        let zone = zone::find("America/New_York").expect("there is such a zone");
        let times: Vec<Timestamp> = times(&cron, &zone, YEAR.0, YEAR.1).collect();
        assert_eq!(times.len(), 366);
        assert_eq!(times[0].to_string(), "2028-01-01T13:00:00Z");
        assert_eq!(times[200].to_string(), "2028-07-19T12:00:00Z");
    }

    #[test]
    fn the_last_time_is_found_however_long_ago() {
        let zone = zone::find("Asia/Tokyo").expect("there is such a zone");
        let moment: Timestamp = "2026-01-12T00:00:00Z".parse().expect("a moment");
        for (text, last) in [
            ("0 9 * * *", "2026-01-11T00:00:00Z"),
            ("59 8 * * *", "2026-01-11T23:59:00Z"),
            ("0 0 29 2 *", "2024-02-28T15:00:00Z"),
        ] {
            let cron = parse(text).expect("it is valid");
            let found = last_before(&cron, &zone, moment).expect("it fired");
            assert_eq!(found.to_string(), last, "{text}");
        }
    }

    #[test]
    fn a_date_that_never_is() {
        let never = |text| !ever_fires(&parse(text).expect("it is valid"));
        assert!(never("0 0 30 2 *") && never("0 0 31 4,6,9,11 *"));
        assert!(!never("0 0 29 2 *") && !never("0 0 30 2 MON"));
    }
}

//! When a cron expression fires, as EC2 Auto Scaling reads it.

use chrono::{DateTime, Datelike, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use croner::time::Weekday;

/// The year over which times are compared: a leap year, so that every date occurs, and a fixed
/// one, so that the same file is always judged the same.
const YEAR: i32 = 2028;

/// The most times of one expression that are compared. Hourly is 8,784 a year.
const MOST_TIMES: usize = 10_000;

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
pub fn ever_fires(cron: &Cron) -> bool {
    days().any(|day| fires_on(cron, day))
}

/// The days of the year.
fn days() -> impl Iterator<Item = NaiveDate> {
    let first = NaiveDate::from_ymd_opt(YEAR, 1, 1).unwrap_or_default();
    first.iter_days().take_while(|day| day.year() == YEAR)
}

/// The times of the year at which the expression fires, in order. A time that a zone skips when
/// its clocks go forward is left out.
pub fn times(cron: &Cron, zone: Tz) -> Vec<DateTime<Utc>> {
    let minutes = minutes_of_day(cron);
    days()
        .filter(|day| fires_on(cron, *day))
        .flat_map(|day| {
            minutes
                .iter()
                .filter_map(move |(hour, minute)| day.and_hms_opt(*hour, *minute, 0))
        })
        .filter_map(|local| zone.from_local_datetime(&local).earliest())
        .map(|time| time.with_timezone(&Utc))
        .take(MOST_TIMES)
        .collect()
}

fn fires_on(cron: &Cron, day: NaiveDate) -> bool {
    let weekday = Weekday::from_days_from_sunday(day.weekday().num_days_from_sunday());
    let month = cron.pattern.month_match(day.month()).unwrap_or(false);
    month
        && cron
            .pattern
            .day_match(day.year(), day.month(), day.day(), weekday)
            .unwrap_or(false)
}

/// Hours and minutes at which the expression fires on the days on which it does.
fn minutes_of_day(cron: &Cron) -> Vec<(u32, u32)> {
    let hours = (0..24).filter(|hour| cron.pattern.hour_match(*hour).unwrap_or(false));
    hours
        .flat_map(|hour| {
            let minutes = 0..60;
            minutes
                .filter(|minute| cron.pattern.minute_match(*minute).unwrap_or(false))
                .map(move |minute| (hour, minute))
        })
        .collect()
}

#[cfg(test)]
mod tests {
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
        let times = times(&cron, Tz::America__New_York);
        assert_eq!(times.len(), 366);
        assert_eq!(times[0].to_rfc3339(), "2028-01-01T13:00:00+00:00");
        assert_eq!(times[200].to_rfc3339(), "2028-07-19T12:00:00+00:00");
    }

    #[test]
    fn a_date_that_never_is() {
        let never = |text| !ever_fires(&parse(text).expect("it is valid"));
        assert!(never("0 0 30 2 *") && never("0 0 31 4,6,9,11 *"));
        assert!(!never("0 0 29 2 *") && !never("0 0 30 2 MON"));
    }
}

//! When a cron expression fires, as EC2 Auto Scaling reads it.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;

use super::time_zone::OffsetTable;

/// The first and the last day of the year over which times are compared: a leap year, so that
/// every date occurs, and a fixed one, so that the same file is always judged the same.
pub const REFERENCE_YEAR: (Date, Date) = (date(2028, 1, 1), date(2028, 12, 31));

/// How far back an expression's last time is looked for. Every date that there is comes within.
const MAX_LOOKBACK_DAYS: usize = 9 * 366;

/// Five cron fields. A bit of each is a number that the field names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence {
    minutes: u64,
    hours: u64,
    /// Of the month; `None` where any will do.
    days: Option<u64>,
    months: u64,
    /// Sunday is 0; `None` where any will do.
    weekdays: Option<u64>,
}

/// The numbers that a field may name, and the names that stand for the first ones.
struct Field {
    /// What it is, with its article.
    what: &'static str,
    first: u32,
    last: u32,
    names: &'static [&'static str],
}

const MINUTE: Field = Field::of_numbers("a minute", 0, 59);
const HOUR: Field = Field::of_numbers("an hour", 0, 23);
const DAY: Field = Field::of_numbers("a day of a month", 1, 31);
const MONTH: Field = Field {
    what: "a month",
    first: 1,
    last: 12,
    names: &[
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ],
};
/// Sunday is 7 as well.
const WEEKDAY: Field = Field {
    what: "a day of the week",
    first: 0,
    last: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};

/// The most characters of an expression (EC2 Auto Scaling API reference, `Recurrence`).
const MAX_LENGTH: usize = 255;

/// Reads five cron fields, in the one form that is rendered: ASCII, and one blank between two fields.
///
/// # Errors
/// What is wrong with the expression, in a few words.
pub fn parse(expression: &str) -> Result<Recurrence, String> {
    if expression.len() > MAX_LENGTH {
        return Err(format!("longer than {MAX_LENGTH} characters"));
    }
    let meaningless = |letter: &char| {
        !letter.is_ascii_alphanumeric() && !matches!(letter, '*' | ',' | '-' | '/' | ' ' | '\t')
    };
    if let Some(letter) = expression.chars().find(meaningless) {
        return Err(format!("{letter:?} has no meaning here"));
    }
    if let Some(form) = one_form(expression) {
        return Err(format!(
            "blanks beside the one between two fields; write {form:?}"
        ));
    }
    let expression = expression.to_ascii_uppercase();
    let fields: Vec<&str> = expression.split(' ').collect();
    let [minute, hour, day, month, weekday] = fields[..] else {
        let count = fields.iter().filter(|field| !field.is_empty()).count();
        return Err(format!("{count} fields instead of 5"));
    };
    let any = |field: &str| field == "*";
    let weekdays = WEEKDAY.read(weekday)?;
    Ok(Recurrence {
        minutes: MINUTE.read(minute)?,
        hours: HOUR.read(hour)?,
        days: Some(DAY.read(day)?).filter(|_| !any(day)),
        months: MONTH.read(month)?,
        weekdays: Some(weekdays | (weekdays >> 7)).filter(|_| !any(weekday)),
    })
}

impl Recurrence {
    /// Whether both the day of the month and the day of the week are given, so that a day fits by either.
    #[must_use]
    pub fn fires_on_either_day(&self) -> bool {
        self.days.is_some() && self.weekdays.is_some()
    }
}

/// The expression with one blank between two fields, where it is written in another way.
fn one_form(expression: &str) -> Option<String> {
    let fields: Vec<&str> = expression.split_ascii_whitespace().collect();
    let form = fields.join(" ");
    (form != expression && fields.len() == 5).then_some(form)
}

impl Field {
    const fn of_numbers(what: &'static str, first: u32, last: u32) -> Self {
        Self {
            what,
            first,
            last,
            names: &[],
        }
    }

    /// The numbers of a list of numbers, ranges and steps.
    fn read(&self, field: &str) -> Result<u64, String> {
        let mut numbers = 0;
        for part in field.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, Some(step)),
                None => (part, None),
            };
            let (first, last) = match range.split_once('-') {
                _ if range == "*" => (self.first, self.last),
                Some((first, last)) => (self.number(first)?, self.number(last)?),
                // A step needs a range to step through.
                None if step.is_some() => {
                    let first = self.number(range)?;
                    return Err(format!(
                        "a step needs a range, such as {first}-{}/{}",
                        self.last,
                        step.unwrap_or_default()
                    ));
                }
                None => (self.number(range)?, self.number(range)?),
            };
            let step = match step {
                Some(step) => digits(step)
                    .filter(|step| *step > 0)
                    .ok_or_else(|| format!("`{step}` is not a step"))?,
                None => 1,
            };
            if first > last {
                return Err(format!(
                    "the range `{range}` runs backwards; write its parts, with a comma between two of them"
                ));
            }
            for number in (first..=last).step_by(step) {
                numbers |= 1 << number;
            }
        }
        Ok(numbers)
    }

    fn number(&self, word: &str) -> Result<u32, String> {
        let named = self.names.iter().zip(self.first..);
        if let Some((_, number)) = named.into_iter().find(|(name, _)| **name == word) {
            return Ok(number);
        }
        digits(word)
            .filter(|number| (self.first..=self.last).contains(number))
            .ok_or_else(|| self.unreadable(word))
    }

    /// What to say of a word that is no number of the field. L, W, # and ? of other crons are no Unix cron.
    fn unreadable(&self, word: &str) -> String {
        let is_long = |name: &&&str| word.len() > name.len() && word.starts_with(**name);
        if let Some(name) = self
            .names
            .iter()
            .find(is_long)
            .filter(|_| word.bytes().all(|byte| byte.is_ascii_alphabetic()))
        {
            return format!("`{word}` is written `{name}`");
        }
        match word.chars().find(|letter| !letter.is_ascii_digit()) {
            Some(letter) if !matches!(letter, '*' | '/' | '-') => {
                format!("{letter:?} has no meaning here")
            }
            _ => format!(
                "`{word}` is not {}, {} to {}",
                self.what, self.first, self.last
            ),
        }
    }
}

/// A number of one or two digits; no other number of the calendar has more, and no sign.
fn digits<N: std::str::FromStr>(word: &str) -> Option<N> {
    let fits = matches!(word.len(), 1 | 2) && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|_| fits)
}

/// Whether there is a day on which the expression fires.
#[must_use]
pub fn ever_fires(recurrence: &Recurrence) -> bool {
    days(REFERENCE_YEAR.0, REFERENCE_YEAR.1).any(|day| fires_on(recurrence, day))
}

fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |day| day.tomorrow().ok())
        .take_while(move |day| *day <= last)
}

/// The times at which the expression fires on days of the zone, the last one included, in order. A
/// time that the zone skips when its clocks go forward is left out.
pub fn occurrences(
    recurrence: &Recurrence,
    zone: &TimeZone,
    first: Date,
    last: Date,
) -> impl Iterator<Item = Timestamp> {
    let offsets = OffsetTable::between(zone, first, last);
    let minutes = minutes_of_day(recurrence);
    days(first, last)
        .filter(|day| fires_on(recurrence, *day))
        .flat_map(move |day| occurrences_on(day, &minutes, &offsets))
}

/// The times at which the expression would fire and does not, because the zone's clocks go forward over them: what the
/// clocks would show, on days on which it fires at no other time.
pub fn skipped(
    recurrence: &Recurrence,
    zone: &TimeZone,
    first: Date,
    last: Date,
) -> impl Iterator<Item = DateTime> {
    let offsets = OffsetTable::between(zone, first, last);
    let minutes = minutes_of_day(recurrence);
    days(first, last)
        .filter(|day| fires_on(recurrence, *day))
        .filter_map(move |day| {
            let mut times = minutes
                .iter()
                .map(|(hour, minute)| day.at(*hour, *minute, 0, 0));
            let earliest = times.clone().next()?;
            let is_skipped = |local: DateTime| offsets.first_instant_of(local).is_none();
            times.all(is_skipped).then_some(earliest)
        })
}

/// The last time before a moment at which the expression fired.
#[must_use]
pub fn last_occurrence_before(
    recurrence: &Recurrence,
    zone: &TimeZone,
    moment: Timestamp,
) -> Option<Timestamp> {
    let minutes = minutes_of_day(recurrence);
    let today = zone.to_datetime(moment).date();
    std::iter::successors(Some(today), |day| day.yesterday().ok())
        .take(MAX_LOOKBACK_DAYS)
        .filter(|day| fires_on(recurrence, *day))
        .find_map(|day| {
            let times = occurrences_on(day, &minutes, &OffsetTable::between(zone, day, day));
            times.into_iter().rfind(|time| *time < moment)
        })
}

fn occurrences_on(day: Date, minutes: &[(i8, i8)], offsets: &OffsetTable) -> Vec<Timestamp> {
    minutes
        .iter()
        .filter_map(|(hour, minute)| offsets.first_instant_of(day.at(*hour, *minute, 0, 0)))
        .collect()
}

/// Where days of the month and of the week are both named, either will do.
fn fires_on(recurrence: &Recurrence, day: Date) -> bool {
    let holds = |numbers: u64, number: i8| numbers & (1 << number) != 0;
    let of_month = |days| holds(days, day.day());
    let of_week = |days| holds(days, day.weekday().to_sunday_zero_offset());
    let is_day = match (recurrence.days, recurrence.weekdays) {
        (None, None) => true,
        (Some(days), None) => of_month(days),
        (None, Some(weekdays)) => of_week(weekdays),
        (Some(days), Some(weekdays)) => of_month(days) || of_week(weekdays),
    };
    is_day && holds(recurrence.months, day.month())
}

/// Hours and minutes at which the expression fires on the days on which it does.
fn minutes_of_day(recurrence: &Recurrence) -> Vec<(i8, i8)> {
    let named = |numbers: u64, last: i8| (0..=last).filter(move |at| numbers & (1 << at) != 0);
    named(recurrence.hours, 23)
        .flat_map(|hour| named(recurrence.minutes, 59).map(move |minute| (hour, minute)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::time_zone;
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
            "0 8 * * 8",
            "0 8 0 * *",
            "0 20-8 * * *",
            "5/15 8 * * *",
            "*/0 8 * * *",
            "1,,2 8 * * *",
            "0 8 * MON *",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    /// A parser of wider use reads the same days and minutes out of every expression that both
    /// accept, and accepts whatever this one does.
    #[test]
    fn other_readers_of_cron_agree() {
        let minutes = ["*", "0", "59", "*/7", "3-50/9", "1,5,10-12"];
        let days = ["*", "1", "31", "*/5", "10-20/3", "1,15"];
        let months = ["*", "2", "JAN-MAR", "*/4", "4,jun"];
        let weekdays = ["*", "0", "7", "MON-FRI", "5-7", "*/2", "SUN,3"];
        for (index, minute) in minutes.iter().enumerate() {
            let hour = ["0", "*", "8-18/5", "23", "*/6", "1,2"][index];
            for (day, month, weekday) in days
                .iter()
                .flat_map(|day| months.iter().map(move |month| (day, month)))
                .flat_map(|(day, month)| weekdays.map(|weekday| (day, month, weekday)))
            {
                let text = format!("{minute} {hour} {day} {month} {weekday}");
                let ours = parse(&text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
                let theirs: croner::Cron = text.parse().expect("it is valid");
                assert_same(&text, &ours, &theirs.pattern);
            }
        }
    }

    fn assert_same(text: &str, ours: &Recurrence, theirs: &croner::CronPattern) {
        let number = |number: i8| u32::try_from(number).expect("a number of the calendar");
        let matched: Vec<(i8, i8)> = (0..24)
            .flat_map(|hour| (0..60).map(move |minute| (hour, minute)))
            .filter(|(hour, minute)| {
                theirs.hour_match(number(*hour)).expect("an hour")
                    && theirs.minute_match(number(*minute)).expect("a minute")
            })
            .collect();
        assert_eq!(minutes_of_day(ours), matched, "{text}");
        for day in days(REFERENCE_YEAR.0, REFERENCE_YEAR.1) {
            let weekday = number(day.weekday().to_sunday_zero_offset());
            let weekday = croner::time::Weekday::from_days_from_sunday(weekday);
            let (year, month) = (day.year().into(), number(day.month()));
            let fires = theirs.month_match(month).expect("a month")
                && theirs
                    .day_match(year, month, number(day.day()), weekday)
                    .expect("a day");
            assert_eq!(fires_on(ours, day), fires, "{text} on {day}");
        }
    }

    #[test]
    fn times_follow_the_zone() {
        let cron = parse("0 8 * * *").expect("it is valid");
        let zone = time_zone::find("America/New_York").expect("there is such a zone");
        let times: Vec<Timestamp> =
            occurrences(&cron, &zone, REFERENCE_YEAR.0, REFERENCE_YEAR.1).collect();
        assert_eq!(times.len(), 366);
        assert_eq!(times[0].to_string(), "2028-01-01T13:00:00Z");
        assert_eq!(times[200].to_string(), "2028-07-19T12:00:00Z");
    }

    #[test]
    fn the_last_time_is_found_however_long_ago() {
        let zone = time_zone::find("Asia/Tokyo").expect("there is such a zone");
        let moment: Timestamp = "2026-01-12T00:00:00Z".parse().expect("a moment");
        for (text, last) in [
            ("0 9 * * *", "2026-01-11T00:00:00Z"),
            ("59 8 * * *", "2026-01-11T23:59:00Z"),
            ("0 0 29 2 *", "2024-02-28T15:00:00Z"),
        ] {
            let cron = parse(text).expect("it is valid");
            let found = last_occurrence_before(&cron, &zone, moment).expect("it fired");
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

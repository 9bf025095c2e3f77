//! Names that people have for time zones, and the place of the IANA database that each means.
//!
//! Abbreviations do not say which place is meant (`IST` is used in India, Israel and Ireland): each has the
//! place with the most people. What is suggested is a question, never a conversion.

use super::time_zone;

/// Names of the database that stand for no place: legacy names of its `backward` and `etcetera`
/// files, most of them without summer time, and the place that is meant most likely.
const LEGACY: &[(&str, &str)] = &[
    ("CET", "Europe/Paris"),
    ("CST6CDT", "America/Chicago"),
    ("Cuba", "America/Havana"),
    ("EET", "Europe/Athens"),
    ("EST", "America/New_York"),
    ("EST5EDT", "America/New_York"),
    ("Egypt", "Africa/Cairo"),
    ("Eire", "Europe/Dublin"),
    ("Etc/GMT", "Etc/UTC"),
    ("Etc/GMT+0", "Etc/UTC"),
    ("Etc/GMT-0", "Etc/UTC"),
    ("Etc/GMT0", "Etc/UTC"),
    ("Factory", "Etc/UTC"),
    ("GB", "Europe/London"),
    ("GB-Eire", "Europe/London"),
    ("GMT", "Etc/UTC"),
    ("GMT+0", "Etc/UTC"),
    ("GMT-0", "Etc/UTC"),
    ("GMT0", "Etc/UTC"),
    ("Greenwich", "Etc/UTC"),
    ("HST", "Pacific/Honolulu"),
    ("Hongkong", "Asia/Hong_Kong"),
    ("Iceland", "Atlantic/Reykjavik"),
    ("Iran", "Asia/Tehran"),
    ("Israel", "Asia/Jerusalem"),
    ("Jamaica", "America/Jamaica"),
    ("Japan", "Asia/Tokyo"),
    ("Kwajalein", "Pacific/Kwajalein"),
    ("Libya", "Africa/Tripoli"),
    ("MET", "Europe/Paris"),
    ("MST", "America/Denver"),
    ("MST7MDT", "America/Denver"),
    ("NZ", "Pacific/Auckland"),
    ("NZ-CHAT", "Pacific/Chatham"),
    ("Navajo", "America/Denver"),
    ("PRC", "Asia/Shanghai"),
    ("PST8PDT", "America/Los_Angeles"),
    ("Poland", "Europe/Warsaw"),
    ("Portugal", "Europe/Lisbon"),
    ("ROC", "Asia/Taipei"),
    ("ROK", "Asia/Seoul"),
    ("Singapore", "Asia/Singapore"),
    ("Turkey", "Europe/Istanbul"),
    ("UCT", "Etc/UTC"),
    ("Universal", "Etc/UTC"),
    ("W-SU", "Europe/Moscow"),
    ("WET", "Europe/Lisbon"),
    ("Zulu", "Etc/UTC"),
];

/// Names that the database does not have, in lower case: abbreviations, names of Windows, countries
/// and cities that share the zone of another one.
const MEANT: &[(&str, &str)] = &[
    ("acst", "Australia/Adelaide"),
    ("acdt", "Australia/Adelaide"),
    ("aedt", "Australia/Sydney"),
    ("aest", "Australia/Sydney"),
    ("akdt", "America/Anchorage"),
    ("akst", "America/Anchorage"),
    ("alaska", "America/Anchorage"),
    ("amsterdam", "Europe/Amsterdam"),
    ("argentina", "America/Argentina/Buenos_Aires"),
    ("art", "America/Argentina/Buenos_Aires"),
    ("ast", "America/Halifax"),
    ("atlanta", "America/New_York"),
    ("atlantic", "America/Halifax"),
    ("australia", "Australia/Sydney"),
    ("austria", "Europe/Vienna"),
    ("austin", "America/Chicago"),
    ("awst", "Australia/Perth"),
    ("bangalore", "Asia/Kolkata"),
    ("barcelona", "Europe/Madrid"),
    ("beijing", "Asia/Shanghai"),
    ("belgium", "Europe/Brussels"),
    ("boston", "America/New_York"),
    ("brazil", "America/Sao_Paulo"),
    ("brt", "America/Sao_Paulo"),
    ("bst", "Europe/London"),
    ("cat", "Africa/Maputo"),
    ("cdt", "America/Chicago"),
    ("central", "America/Chicago"),
    ("central european time", "Europe/Paris"),
    ("central standard time", "America/Chicago"),
    ("cest", "Europe/Paris"),
    ("china", "Asia/Shanghai"),
    ("cst", "America/Chicago"),
    ("dallas", "America/Chicago"),
    ("delhi", "Asia/Kolkata"),
    ("eastern", "America/New_York"),
    ("eastern standard time", "America/New_York"),
    ("eastern time", "America/New_York"),
    ("eat", "Africa/Nairobi"),
    ("edt", "America/New_York"),
    ("eest", "Europe/Athens"),
    ("england", "Europe/London"),
    ("france", "Europe/Paris"),
    ("frankfurt", "Europe/Berlin"),
    ("geneva", "Europe/Zurich"),
    ("germany", "Europe/Berlin"),
    ("greece", "Europe/Athens"),
    ("hamburg", "Europe/Berlin"),
    ("hdt", "Pacific/Honolulu"),
    ("hkt", "Asia/Hong_Kong"),
    ("houston", "America/Chicago"),
    ("hyderabad", "Asia/Kolkata"),
    ("india", "Asia/Kolkata"),
    ("india standard time", "Asia/Kolkata"),
    ("indonesia", "Asia/Jakarta"),
    ("ireland", "Europe/Dublin"),
    ("ist", "Asia/Kolkata"),
    ("italy", "Europe/Rome"),
    ("jst", "Asia/Tokyo"),
    ("kst", "Asia/Seoul"),
    ("korea", "Asia/Seoul"),
    ("mdt", "America/Denver"),
    ("melbourne", "Australia/Melbourne"),
    ("mesz", "Europe/Berlin"),
    ("mexico", "America/Mexico_City"),
    ("mez", "Europe/Berlin"),
    ("miami", "America/New_York"),
    ("milan", "Europe/Rome"),
    ("mountain", "America/Denver"),
    ("mountain standard time", "America/Denver"),
    ("msk", "Europe/Moscow"),
    ("mumbai", "Asia/Kolkata"),
    ("munich", "Europe/Berlin"),
    ("netherlands", "Europe/Amsterdam"),
    ("new zealand", "Pacific/Auckland"),
    ("norway", "Europe/Oslo"),
    ("nzdt", "Pacific/Auckland"),
    ("nzst", "Pacific/Auckland"),
    ("osaka", "Asia/Tokyo"),
    ("pacific", "America/Los_Angeles"),
    ("pacific standard time", "America/Los_Angeles"),
    ("pacific time", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"),
    ("philadelphia", "America/New_York"),
    ("pst", "America/Los_Angeles"),
    ("russia", "Europe/Moscow"),
    ("san diego", "America/Los_Angeles"),
    ("san francisco", "America/Los_Angeles"),
    ("sast", "Africa/Johannesburg"),
    ("scotland", "Europe/London"),
    ("seattle", "America/Los_Angeles"),
    ("sgt", "Asia/Singapore"),
    ("south africa", "Africa/Johannesburg"),
    ("spain", "Europe/Madrid"),
    ("sweden", "Europe/Stockholm"),
    ("switzerland", "Europe/Zurich"),
    ("taiwan", "Asia/Taipei"),
    ("uk", "Europe/London"),
    ("ukraine", "Europe/Kyiv"),
    ("united kingdom", "Europe/London"),
    ("washington", "America/New_York"),
    ("west", "Europe/Lisbon"),
    ("wib", "Asia/Jakarta"),
    ("z", "Etc/UTC"),
];

/// The place that is meant by a name of the database that stands for none.
#[must_use]
pub fn place_of_legacy(name: &str) -> Option<&'static str> {
    let entry = LEGACY.iter().find(|(legacy, _)| *legacy == name)?;
    Some(entry.1)
}

/// Hours that a zone such as `Etc/GMT+5` is ahead of UTC, which is less than zero for this one: its sign is that
/// of POSIX, not that of ISO 8601.
#[must_use]
pub fn hours_ahead_of_utc(name: &str) -> Option<i32> {
    let signed: i32 = name.strip_prefix("Etc/GMT")?.parse().ok()?;
    (signed != 0).then_some(-signed)
}

/// Whether the name is a distance from UTC, as people and other programs write it: `GMT+2`, `UTC-05:00`, `+0200`. None
/// says which place is meant, and the zones of the database that look alike have the opposite sign.
#[must_use]
pub fn is_offset(name: &str) -> bool {
    let name = name.trim().to_ascii_uppercase();
    let distance = ["ETC/GMT", "ETC/UTC", "GMT", "UTC", "Z"]
        .iter()
        .find_map(|zone| name.strip_prefix(zone))
        .unwrap_or(&name);
    let digits = distance.trim_start().strip_prefix(['+', '-']);
    digits.is_some_and(|digits| {
        let is_part = |byte: u8| byte.is_ascii_digit() || byte == b':';
        !digits.is_empty() && digits.bytes().all(is_part)
    })
}

/// The zone that is meant by a name that the database does not have, by what it means: without regard to case, and
/// with blanks for underscores. A city that is listed is found behind any region: `America/San_Francisco`.
#[must_use]
pub fn guess(name: &str) -> Option<String> {
    let behind_region = || {
        // `WEST` and `CAT` are abbreviations, and no cities of Asia.
        const LONGEST_ABBREVIATION: usize = 4;
        let (_, city) = name.rsplit_once('/')?;
        guess_whole(city).filter(|_| city.len() > LONGEST_ABBREVIATION)
    };
    guess_whole(name).or_else(behind_region)
}

fn guess_whole(name: &str) -> Option<String> {
    if is_offset(name) {
        return None;
    }
    let spelt = name.trim().replace([' ', '-'], "_").to_lowercase();
    let words = spelt.replace('_', " ");
    let known: Vec<String> = time_zone::names().collect();
    let is_place = |zone: &&String| place_of_legacy(zone).is_none();
    let city = |zone: &&String| {
        let city = zone.rsplit('/').next().unwrap_or(zone).to_lowercase();
        city.replace('-', "_") == spelt
    };
    let whole = |zone: &&String| zone.to_lowercase().replace('-', "_") == spelt;
    let places = || known.iter().filter(is_place);
    let listed = || {
        let meant = MEANT.iter().find(|(name, _)| *name == words);
        let legacy = || LEGACY.iter().find(|(name, _)| name.to_lowercase() == words);
        meant.or_else(legacy).map(|(_, place)| (*place).to_owned())
    };
    places()
        .find(whole)
        .cloned()
        .or_else(listed)
        .or_else(|| places().find(city).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_suggested_is_a_zone_and_no_legacy_name() {
        for (name, place) in LEGACY.iter().chain(MEANT) {
            assert!(time_zone::find(place).is_some(), "{name}: {place}");
            assert!(place_of_legacy(place).is_none(), "{name}: {place}");
        }
        for (name, _) in LEGACY {
            assert!(time_zone::find(name).is_some(), "{name}");
        }
        for (name, _) in MEANT {
            assert_eq!(*name, name.to_lowercase());
            assert!(time_zone::find(name).is_none(), "{name}");
        }
    }

    /// Whatever else the database has without a slash is a name of UTC.
    #[test]
    fn every_name_without_a_place_is_listed() {
        let without_place: Vec<String> = time_zone::names()
            .filter(|name| !name.contains('/') && place_of_legacy(name).is_none())
            .collect();
        assert_eq!(without_place, ["UTC"]);
    }

    #[test]
    fn offsets() {
        for offset in [
            "GMT+2",
            "utc-05:00",
            "+02:00",
            "-0330",
            "UTC +1",
            "Etc/UTC+3",
        ] {
            assert!(is_offset(offset), "{offset}");
            assert_eq!(guess(offset), None, "{offset}");
        }
        for other in ["GMT", "Z", "Europe/Berlin", "GMT+", "EST5EDT", ""] {
            assert!(!is_offset(other), "{other}");
        }
        let guessed = |name: &str| guess(name).unwrap_or_default();
        assert_eq!(guessed("America/San_Francisco"), "America/Los_Angeles");
        assert_eq!(guessed("Europe/Munich"), "Europe/Berlin");
        assert_eq!(guessed("posix/Europe/Berlin"), "Europe/Berlin");
    }

    #[test]
    fn the_sign_of_etc_is_inverted() {
        assert_eq!(hours_ahead_of_utc("Etc/GMT+5"), Some(-5));
        assert_eq!(hours_ahead_of_utc("Etc/GMT-14"), Some(14));
        assert_eq!(hours_ahead_of_utc("Etc/GMT+0"), None);
        assert_eq!(hours_ahead_of_utc("Etc/UTC"), None);
    }
}

//! Places of a rendered file where no quotes can be: what does not fit there is refused before anything is written.

use std::sync::LazyLock;

use test_support::fields::{COMMANDS, NAMES, RANGES, plan};
use test_support::hostile::strings;
use test_support::pipeline::try_files_of;
use valet_gen::render::FileSet;
use valet_gen::resolve::Plan;

/// A harmless word, which is in no rendering by itself.
const WORD: &str = "Qwordq";

/// The full fleet.
static PLAN: LazyLock<Plan> = LazyLock::new(plan);

/// The names of Terraform's resources are no strings: what is no identifier is refused before
/// anything is written.
#[test]
fn what_is_no_identifier_is_refused() {
    for text in strings()
        .into_iter()
        .chain(["1st".to_owned(), String::new()])
    {
        let is_identifier = text
            .starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
            && text
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
        let mut plan = PLAN.clone();
        for alarm in &mut plan.environments[0].alerts.alarms {
            text.clone_into(&mut alarm.name);
        }
        assert_eq!(try_files_of(&plan).is_ok(), is_identifier, "alarm {text:?}");
        let mut plan = PLAN.clone();
        for schedule in &mut plan.environments[0].scaling.schedules {
            text.clone_into(&mut schedule.name);
        }
        assert_eq!(
            try_files_of(&plan).is_ok(),
            is_identifier,
            "schedule {text:?}"
        );
    }
}

/// The same for names of fleet.toml, as far as they are rendered.
#[test]
fn a_name_that_is_no_identifier_is_refused() {
    for field in NAMES {
        let files = |text: &str| {
            let mut plan = PLAN.clone();
            (field.set)(&mut plan, text);
            try_files_of(&plan).ok()
        };
        let harmless = files(WORD).expect("an identifier");
        assert!(harmless.values().any(|text| text.contains(WORD)));
        for text in ["a b", "a;b", "$(id)", "1st", "", "a\nb", "-a"] {
            assert!(files(text).is_none(), "{} {text:?}", field.name);
        }
    }
}

/// A range of addresses is a range of addresses or refused.
#[test]
fn what_is_no_range_is_refused() {
    for field in RANGES {
        let renders = |text: &str| {
            let mut plan = PLAN.clone();
            (field.set)(&mut plan, text);
            try_files_of(&plan).is_ok()
        };
        assert!(
            renders("10.0.0.0/8") || renders("2001:db8::/32"),
            "{}",
            field.name
        );
        for text in strings() {
            assert!(!renders(&text), "{} {text:?}", field.name);
        }
    }
}

/// A word of a command stays on its line, or is refused.
#[test]
fn a_word_of_a_command_adds_no_line() {
    for field in COMMANDS {
        let files = |text: &str| {
            let mut plan = PLAN.clone();
            (field.set)(&mut plan, text);
            try_files_of(&plan).ok()
        };
        let unit = |files: &FileSet| {
            let path = files
                .keys()
                .find(|path| path.ends_with("valet-runtime.service"));
            files[path.expect("the unit of the runtime")]
                .lines()
                .count()
        };
        let harmless = unit(&files(WORD).expect("a word"));
        let rendered: Vec<FileSet> = strings().iter().filter_map(|text| files(text)).collect();
        assert!(!rendered.is_empty(), "{} is always refused", field.name);
        for files in &rendered {
            assert_eq!(unit(files), harmless, "{}", field.name);
        }
    }
}

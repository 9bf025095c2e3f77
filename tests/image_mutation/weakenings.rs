//! The list of weakenings, which equivalents.tsv is.

/// When a weakening is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// To the base, and provisioning mends it.
    Base,
    /// To the base, and provisioning makes no image of it.
    BaseRefused,
    /// To the finished image.
    Finished,
}

/// A line of the list.
#[derive(Clone, Copy, Debug)]
pub struct Weakening {
    /// The control that does not hold any more.
    pub control: &'static str,
    pub when: When,
    /// What is done, in words.
    pub what: &'static str,
    /// The commands that do it.
    pub script: &'static str,
}

/// Every one, in the order of the file.
pub fn all() -> impl Iterator<Item = Weakening> {
    let lines = include_str!("equivalents.tsv").lines();
    lines
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(parse)
}

fn parse(line: &'static str) -> Weakening {
    let parts: Vec<&str> = line.splitn(3, '\t').collect();
    let [control, what, script] = parts[..] else {
        panic!("not three parts: {line}");
    };
    let (control, when) = match control.split_once('@') {
        None => (control, When::Finished),
        Some((control, "base")) => (control, When::Base),
        Some((control, "base-refused")) => (control, When::BaseRefused),
        Some((_, other)) => panic!("@{other} is neither @base nor @base-refused: {line}"),
    };
    Weakening {
        control,
        when,
        what,
        script,
    }
}

//! The first line of a comment, which nobody sees: whose it is, and what it says something of.

use std::fmt;

const BEGIN: &str = "<!-- valet-gen review ";
const END: &str = " -->";

/// What a comment is about, and which run wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// What there is one comment of: most often the fleet's name.
    pub target: String,
    /// The commit that was looked at.
    pub head: String,
    /// The workflow's name, within which runs are counted.
    pub workflow: String,
    /// The number of the run within the workflow, from 1.
    pub run: u64,
    /// Which attempt of the run it is, from 1.
    pub attempt: u64,
}

/// How two runs stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOrder {
    Newer,
    /// The same, older, or of another workflow, whose runs are counted apart.
    NotNewer,
}

impl Marker {
    /// Reads the marker of a comment. `None` for a comment that does not begin with one: somebody who
    /// quotes a comment quotes its marker too, further down.
    #[must_use]
    pub fn parse(body: &str) -> Option<Self> {
        let line = body.lines().next()?.trim_end();
        let inside = line.strip_prefix(BEGIN)?.strip_suffix(END)?;
        let value = |name: &str| {
            inside
                .split(' ')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| decoded(value))
        };
        Some(Self {
            target: value("target")?,
            head: value("head")?,
            workflow: value("workflow")?,
            run: value("run")?.parse().ok()?,
            attempt: value("attempt")?.parse().ok()?,
        })
    }

    /// Whether this run is newer than another.
    #[must_use]
    pub fn against(&self, other: &Self) -> RunOrder {
        let is_newer = self.workflow == other.workflow
            && (self.run, self.attempt) > (other.run, other.attempt);
        if is_newer {
            RunOrder::Newer
        } else {
            RunOrder::NotNewer
        }
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{BEGIN}target={} head={} workflow={} run={} attempt={}{END}",
            encoded(&self.target),
            encoded(&self.head),
            encoded(&self.workflow),
            self.run,
            self.attempt
        )
    }
}

/// No blank, no `=`, and nothing that ends the comment: each other byte as `%` and two digits.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'/' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn marker(run: u64, attempt: u64) -> Marker {
        Marker {
            target: "valet".to_owned(),
            head: "a".repeat(40),
            workflow: "fleet".to_owned(),
            run,
            attempt,
        }
    }

    #[test]
    fn only_the_first_line_counts() {
        let text = marker(3, 1).to_string();
        assert_eq!(Marker::parse(&format!("{text}\n## it")), Some(marker(3, 1)));
        assert_eq!(Marker::parse(&format!("> {text}\n\nI think")), None);
        assert_eq!(Marker::parse(&format!("\n{text}")), None);
        assert_eq!(Marker::parse("<!-- valet-gen review target=a -->"), None);
    }

    #[test]
    fn runs_are_counted_within_their_workflow() {
        assert_eq!(marker(4, 1).against(&marker(3, 9)), RunOrder::Newer);
        assert_eq!(marker(3, 2).against(&marker(3, 1)), RunOrder::Newer);
        assert_eq!(marker(3, 1).against(&marker(3, 1)), RunOrder::NotNewer);
        let mut elsewhere = marker(9, 1);
        elsewhere.workflow = "other".to_owned();
        assert_eq!(elsewhere.against(&marker(3, 1)), RunOrder::NotNewer);
    }

    proptest! {
        #[test]
        fn whatever_it_is_called_it_is_read_again(target in any::<String>(), workflow in any::<String>()) {
            let marker = Marker { target, workflow, ..marker(1, 1) };
            let text = marker.to_string();
            prop_assert_eq!(text.matches("--").count(), 2, "{}", text);
            prop_assert!(!text.contains('\n'));
            prop_assert_eq!(Marker::parse(&text), Some(marker));
        }
    }
}

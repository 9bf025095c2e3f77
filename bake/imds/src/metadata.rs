//! What the service knows of an instance.

use std::collections::{BTreeMap, BTreeSet};

/// Values by their path below a version of the service, such as `meta-data/instance-id`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

impl<P: Into<String>, V: Into<String>> FromIterator<(P, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (P, V)>>(values: I) -> Self {
        let values = values.into_iter();
        Self(
            values
                .map(|(path, value)| (path.into(), value.into()))
                .collect(),
        )
    }
}

impl Metadata {
    /// Sets the value of a path.
    pub fn set(&mut self, path: impl Into<String>, value: impl Into<String>) {
        self.0.insert(path.into(), value.into());
    }

    /// The text at a path with its version, such as `/latest/meta-data/`: a value, or the names in a
    /// folder, a line each. `None` is 404.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<String> {
        let (version, below) = path.trim_start_matches('/').split_once('/')?;
        is_version(version).then(|| self.below(below)).flatten()
    }

    fn below(&self, path: &str) -> Option<String> {
        let path = path.trim_end_matches('/');
        if let Some(value) = self.0.get(path) {
            return Some(value.clone());
        }
        let folder = format!("{path}/");
        let entries = self.0.keys().filter_map(|it| it.strip_prefix(&folder));
        let names: BTreeSet<String> = entries
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => format!("{name}/"),
                None => rest.to_owned(),
            })
            .collect();
        (!names.is_empty()).then(|| names.into_iter().collect::<Vec<_>>().join("\n"))
    }
}

/// `latest`, or the day on which a version came out.
fn is_version(word: &str) -> bool {
    let is_day = word.len() == 10 && word.bytes().all(|it| it.is_ascii_digit() || it == b'-');
    word == "latest" || is_day
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_folders_are_found_in_every_version() {
        let metadata: Metadata = [
            ("user-data", "#!/bin/sh\n"),
            ("meta-data/instance-id", "i-1"),
            ("meta-data/placement/region", "us-east-1"),
            ("meta-data/placement/availability-zone", "us-east-1a"),
        ]
        .into_iter()
        .collect();
        for (path, expected) in [
            ("/latest/user-data", Some("#!/bin/sh\n")),
            ("/2009-04-04/meta-data/instance-id", Some("i-1")),
            (
                "/2021-03-23/meta-data/placement/",
                Some("availability-zone\nregion"),
            ),
            ("/latest/meta-data", Some("instance-id\nplacement/")),
            ("/latest/meta-data/iam/info", None),
            ("/newest/user-data", None),
            ("/latest", None),
            ("/", None),
        ] {
            assert_eq!(metadata.find(path).as_deref(), expected, "{path}");
        }
    }
}

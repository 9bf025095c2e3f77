//! Where in what is rendered a control is enforced.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::controls::CONTROL_MARKER;
use crate::render::FileSet;
use crate::resolve::ACCOUNT;

/// A line of a rendered file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Location {
    /// Its path below the output folder.
    pub file: String,
    /// From 1 on: the mark, and below it what it is about.
    pub line: usize,
}

/// The locations of every control that holds in an environment: in its own files and in those of
/// the account.
#[must_use]
pub fn locations(environment: &str, files: &FileSet) -> BTreeMap<String, Vec<Location>> {
    let mut found: BTreeMap<String, Vec<Location>> = BTreeMap::new();
    for (path, text) in files.iter().filter(|(path, _)| is_of(environment, path)) {
        for (line, id) in marks(text) {
            found.entry(id.to_owned()).or_default().push(Location {
                file: path.clone(),
                line,
            });
        }
    }
    found
}

fn is_of(environment: &str, path: &str) -> bool {
    let folder = path.split('/').next();
    folder == Some(environment) || folder == Some(ACCOUNT)
}

/// The marks of a file: the number of the line, and the id. Most lines have none, so only those are looked at that have
/// the word.
fn marks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut counted = (0, 1);
    text.match_indices(CONTROL_MARKER)
        .filter_map(move |(at, _)| {
            let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let line = text[start..].lines().next().unwrap_or_default();
            counted = (
                start,
                counted.1 + text[counted.0..start].matches('\n').count(),
            );
            Some((counted.1, mark(line)?))
        })
}

/// The id in a line that is a mark and nothing else.
fn mark(line: &str) -> Option<&str> {
    let comment = line.trim_start().strip_prefix('#')?;
    let id = comment.trim_start().strip_prefix(CONTROL_MARKER)?;
    (!id.contains(char::is_whitespace)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_a_comment_with_an_id_alone() {
        assert_eq!(mark("  # Control: aws.imdsv2"), Some("aws.imdsv2"));
        assert_eq!(mark("# Control: what an operator may do"), None);
        assert_eq!(mark("description = \"# Control: aws.imdsv2\""), None);
    }

    #[test]
    fn marks_are_counted_by_their_lines() {
        let text = "a\n# Control: a.b\n\nx # Control: no\n  # Control: c.d\r\n# Control: a b\n# Control: e.f";
        assert_eq!(
            marks(text).collect::<Vec<_>>(),
            [(2, "a.b"), (5, "c.d"), (7, "e.f")]
        );
    }

    #[test]
    fn other_environments_do_not_count() {
        let file = |path: &str| (path.to_owned(), "\n# Control: a.b\n".to_owned());
        let files = FileSet::from([file("one/x.tf"), file("two/x.tf"), file("account/x.tf")]);
        let location = |file: &str| Location {
            file: file.to_owned(),
            line: 2,
        };
        assert_eq!(
            locations("one", &files)["a.b"],
            [location("account/x.tf"), location("one/x.tf")]
        );
    }
}

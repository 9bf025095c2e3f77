//! No retired name of docs/style.md is used. The page's table is the list that is read here.

use std::path::{Path, PathBuf};

/// Folders that are not read: what is made, what others wrote, and fixtures.
const SKIPPED: &[&str] = &[
    "target",
    ".git",
    "generated",
    "snapshots",
    "node_modules",
    "data",
];

/// Pages that may name what is retired: the list itself, and the history.
const EXEMPT: &[&str] = &["docs/style.md", "CHANGELOG.md", "tests/suite/vocabulary.rs"];

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Identifier,
    File,
    Prose,
}

#[derive(Debug)]
struct Retired {
    name: String,
    replacement: String,
    kind: Kind,
    scope: PathBuf,
}

/// The rows of the table below `## Retired names`.
fn retired(page: &str) -> Vec<Retired> {
    let (_, section) = page
        .split_once("\n## Retired names\n")
        .expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, replacement, kind, scope] = cells[..] else {
            panic!("not four cells: {row}");
        };
        Retired {
            name: name.trim_matches('`').to_owned(),
            replacement: replacement.trim_matches('`').to_owned(),
            kind: match kind {
                "identifier" => Kind::Identifier,
                "file" => Kind::File,
                "prose" => Kind::Prose,
                other => panic!("no kind of name: {other}"),
            },
            scope: Path::new(".").join(scope),
        }
    })
    .collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the project") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        let path = entry.path();
        if path.is_dir() {
            if !SKIPPED.iter().any(|skipped| name == *skipped) {
                files(&path, found);
            }
        } else if path.extension().is_some_and(|it| it == "rs" || it == "md") {
            found.push(path);
        }
    }
}

/// Rust code apart from its comments and strings, each blanked in the other's text. Newlines stay.
fn code_and_prose(text: &str) -> (String, String) {
    let bytes: Vec<char> = text.chars().collect();
    let (mut code, mut prose) = (String::new(), String::new());
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let is_prose = match (bytes[at], bytes.get(at + 1)) {
            ('/', Some('/')) => {
                while at < bytes.len() && bytes[at] != '\n' {
                    at += 1;
                }
                true
            }
            ('r', Some('"' | '#')) if raw_hashes(&bytes, at).is_some() => {
                let hashes = raw_hashes(&bytes, at).unwrap_or_default();
                at += hashes + 2;
                while at < bytes.len()
                    && !(bytes[at] == '"'
                        && (1..=hashes).all(|offset| bytes.get(at + offset) == Some(&'#')))
                {
                    at += 1;
                }
                at += hashes + 1;
                true
            }
            ('"', _) => {
                at += 1;
                while at < bytes.len() && bytes[at] != '"' {
                    at += if bytes[at] == '\\' { 2 } else { 1 };
                }
                at += 1;
                true
            }
            ('\'', Some('"' | '\\')) => {
                // A character, not the beginning of a string.
                at += if bytes.get(at + 1) == Some(&'\\') {
                    3
                } else {
                    2
                };
                false
            }
            _ => {
                at += 1;
                false
            }
        };
        for character in &bytes[start..at.min(bytes.len())] {
            let blank = if *character == '\n' { '\n' } else { ' ' };
            code.push(if is_prose { blank } else { *character });
            prose.push(if is_prose { *character } else { blank });
        }
    }
    (code, prose)
}

/// The number of hashes of the raw string that begins here.
fn raw_hashes(text: &[char], at: usize) -> Option<usize> {
    let is_word = |character: &char| character.is_alphanumeric() || *character == '_';
    if at > 0 && is_word(&text[at - 1]) && text[at - 1] != 'b' {
        return None;
    }
    let hashes = text[at + 1..].iter().take_while(|it| **it == '#').count();
    (text.get(at + 1 + hashes) == Some(&'"')).then_some(hashes)
}

/// The number of the first line that has the words, at the beginning of a word.
fn line_of(text: &str, words: &str, whole: bool) -> Option<usize> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(words).find_map(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(is_word);
        let after = text[at + words.len()..].chars().next().is_some_and(is_word);
        (!(before || whole && after)).then(|| text[..at].matches('\n').count() + 1)
    })
}

fn violations(root: &Path, retired: &[Retired]) -> Vec<String> {
    let mut paths = Vec::new();
    files(root, &mut paths);
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let relative = Path::new(".").join(path.strip_prefix(root).expect("below the root"));
        let shown = relative.display().to_string().replacen("./", "", 1);
        if EXEMPT.contains(&shown.as_str()) {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        let (code, prose) = if path.extension().is_some_and(|it| it == "rs") {
            code_and_prose(&text)
        } else {
            (String::new(), text)
        };
        for name in retired.iter().filter(|it| relative.starts_with(&it.scope)) {
            let line = match name.kind {
                Kind::Identifier => line_of(&code, &name.name, true),
                Kind::Prose => line_of(&prose.to_lowercase(), &name.name.to_lowercase(), false),
                Kind::File => relative.ends_with(&name.name).then_some(1),
            };
            if let Some(line) = line {
                found.push(format!(
                    "{shown}:{line}: `{}`: use {}",
                    name.name, name.replacement
                ));
            }
        }
    }
    found
}

#[test]
fn no_retired_name_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/style.md")).expect("docs/style.md");
    let retired = retired(&page);
    assert!(retired.len() > 40, "the table is read: {}", retired.len());
    let found = violations(root, &retired);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn a_retired_name_is_found_where_it_counts() {
    let text = "let typed = 1; // typed\nlet x = \"misfit\"; let c = '\"'; let y = typed2;\n";
    let (code, prose) = code_and_prose(text);
    assert_eq!(line_of(&code, "typed", true), Some(1));
    assert_eq!(line_of(&prose, "typed", true), Some(1));
    assert_eq!(line_of(&prose, "misfit", false), Some(2));
    assert_eq!(line_of(&code, "misfit", false), None);
    assert_eq!(line_of("let typed2 = untyped;", "typed", true), None);
    let (code, prose) = code_and_prose("r#\"a \"quoted\" Lost\"# Lost");
    assert_eq!(line_of(&code, "Lost", true), Some(1));
    assert!(prose.contains("quoted"));
}

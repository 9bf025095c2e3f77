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

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    /// Code, comments and strings are told apart.
    Rust,
    /// The same, with the strings of JavaScript.
    TypeScript,
    /// The same, with the comments and strings of Python.
    Python,
    /// All of it is prose: pages with their headings, and templates with their comments.
    Text,
}

impl Language {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "rs" => Some(Self::Rust),
            "ts" | "mts" | "js" | "mjs" => Some(Self::TypeScript),
            "py" => Some(Self::Python),
            "md" | "hbs" => Some(Self::Text),
            _ => None,
        }
    }
}

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
        } else if Language::of(&path).is_some() {
            found.push(path);
        }
    }
}

/// Code apart from its comments and strings, each blanked in the other's text. Newlines stay.
fn code_and_prose(text: &str, language: Language) -> (String, String) {
    let text: Vec<char> = text.chars().collect();
    let (mut code, mut prose) = (String::new(), String::new());
    let mut at = 0;
    while at < text.len() {
        let start = at;
        let prose_end = match language {
            Language::Rust => end_of_rust_prose(&text, at),
            Language::TypeScript => end_of_comment(&text, at, "//")
                .or_else(|| end_of_block(&text, at))
                .or_else(|| end_of_string(&text, at, &['"', '\'', '`'])),
            Language::Python => {
                end_of_comment(&text, at, "#").or_else(|| end_of_string(&text, at, &['"', '\'']))
            }
            Language::Text => Some(text.len()),
        };
        at = match prose_end {
            Some(end) => end.min(text.len()),
            // A character, not the beginning of a string.
            None if language == Language::Rust && begins(&text, at, "'\"'") => at + 3,
            None if language == Language::Rust && begins(&text, at, "'\\") => at + 3,
            None => at + 1,
        };
        for character in &text[start..at.min(text.len())] {
            let blank = if *character == '\n' { '\n' } else { ' ' };
            code.push(if prose_end.is_some() {
                blank
            } else {
                *character
            });
            prose.push(if prose_end.is_some() {
                *character
            } else {
                blank
            });
        }
    }
    (code, prose)
}

fn begins(text: &[char], at: usize, with: &str) -> bool {
    with.chars()
        .enumerate()
        .all(|(offset, character)| text.get(at + offset) == Some(&character))
}

/// The end of the comment that begins here with this mark and goes on to the end of the line.
fn end_of_comment(text: &[char], at: usize, mark: &str) -> Option<usize> {
    begins(text, at, mark).then(|| {
        let rest = text[at..].iter().position(|it| *it == '\n');
        rest.map_or(text.len(), |length| at + length)
    })
}

/// The end of the comment between `/*` and `*/` that begins here.
fn end_of_block(text: &[char], at: usize) -> Option<usize> {
    begins(text, at, "/*").then(|| {
        (at + 2..text.len())
            .find(|end| begins(text, *end, "*/"))
            .map_or(text.len(), |end| end + 2)
    })
}

/// The end of the string that begins here with one of these quotes.
fn end_of_string(text: &[char], at: usize, quotes: &[char]) -> Option<usize> {
    let quote = text[at];
    quotes.contains(&quote).then(|| {
        let mut end = at + 1;
        while end < text.len() && text[end] != quote {
            end += if text[end] == '\\' { 2 } else { 1 };
        }
        end + 1
    })
}

/// The end of the comment or string of Rust that begins here.
fn end_of_rust_prose(text: &[char], at: usize) -> Option<usize> {
    if let Some(hashes) = raw_hashes(text, at) {
        let closing = format!("\"{}", "#".repeat(hashes));
        let end = (at + hashes + 2..text.len()).find(|end| begins(text, *end, &closing));
        return Some(end.map_or(text.len(), |end| end + closing.len()));
    }
    end_of_comment(text, at, "//").or_else(|| end_of_string(text, at, &['"']))
}

/// The number of hashes of the raw string that begins here.
fn raw_hashes(text: &[char], at: usize) -> Option<usize> {
    if text[at] != 'r' {
        return None;
    }
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
        let language = Language::of(&path).expect("a language that is read");
        let (code, prose) = code_and_prose(&text, language);
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
    let (code, prose) = code_and_prose(text, Language::Rust);
    assert_eq!(line_of(&code, "typed", true), Some(1));
    assert_eq!(line_of(&prose, "typed", true), Some(1));
    assert_eq!(line_of(&prose, "misfit", false), Some(2));
    assert_eq!(line_of(&code, "misfit", false), None);
    assert_eq!(line_of("let typed2 = untyped;", "typed", true), None);
    let (code, prose) = code_and_prose("r#\"a \"quoted\" Lost\"# Lost", Language::Rust);
    assert_eq!(line_of(&code, "Lost", true), Some(1));
    assert!(prose.contains("quoted"));
}

#[test]
fn every_language_is_read() {
    let script = "const mood = 1; /* the anew */ // heed\nconst x = `reckon`;\n";
    let (code, prose) = code_and_prose(script, Language::TypeScript);
    assert_eq!(line_of(&code, "mood", true), Some(1));
    for word in ["anew", "heed", "reckon"] {
        assert_eq!(line_of(&code, word, true), None, "{word}");
        assert!(line_of(&prose, word, false).is_some(), "{word}");
    }
    let script = "def told():\n    \"\"\"anew\"\"\"\n    return 'heed'  # reckon\n";
    let (code, prose) = code_and_prose(script, Language::Python);
    assert_eq!(line_of(&code, "told", true), Some(1));
    for word in ["anew", "heed", "reckon"] {
        assert_eq!(line_of(&code, word, true), None, "{word}");
        assert!(line_of(&prose, word, false).is_some(), "{word}");
    }
    let (_, prose) = code_and_prose("{{!-- anew --}}\n## Told", Language::Text);
    assert_eq!(line_of(&prose, "anew", false), Some(1));
    let paths = ["templates/x.tf.hbs", "docs/a.md", "a.ts", "b.py", "c.rs"];
    assert!(paths.iter().all(|it| Language::of(Path::new(it)).is_some()));
}

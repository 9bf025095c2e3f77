//! Values of a `.env` file. What programs that read such files do differently with is refused, so that a value that is
//! stored is the one that was meant. No error says anything of a value.

use zeroize::Zeroizing;

/// A name and its value.
#[derive(Debug)]
pub struct Entry {
    pub name: String,
    /// Wiped from memory when it is dropped.
    pub value: Zeroizing<String>,
    /// The line that it begins in, from 1.
    pub line: usize,
}

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct DotenvError {
    pub line: usize,
    pub problem: String,
    pub help: &'static str,
}

/// Reads the text of a `.env` file.
///
/// # Errors
/// At the first line that is no assignment, or that programs read differently.
pub fn parse(text: &str) -> Result<Vec<Entry>, DotenvError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    while !rest.is_empty() {
        let (entry, read) = assignment(rest, line)?;
        if let Some(entry) = entry {
            if let Some(first) = entries.iter().find(|known| known.name == entry.name) {
                return Err(DotenvError {
                    line,
                    problem: format!("{} has a value in line {} already", entry.name, first.line),
                    help: "leave one of them",
                });
            }
            entries.push(entry);
        }
        line += rest[..read].matches('\n').count();
        rest = &rest[read..];
    }
    Ok(entries)
}

/// What begins in this line, and how many bytes it takes.
fn assignment(text: &str, line: usize) -> Result<(Option<Entry>, usize), DotenvError> {
    let end = text.find('\n').map_or(text.len(), |at| at + 1);
    let whole = &text[..end];
    let trimmed = whole.trim();
    if trimmed.is_empty() || trimmed.starts_with('#') {
        return Ok((None, end));
    }
    let refuse = |problem: String, help| DotenvError {
        line,
        problem,
        help,
    };
    let (before, _) = whole.split_once('=').ok_or_else(|| {
        refuse(
            "it is not an assignment such as `NAME=value`".to_owned(),
            "write NAME=value, or remove the line",
        )
    })?;
    let name = before.trim();
    let name = name.strip_prefix("export ").map_or(name, str::trim);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(is_name) || name.as_bytes()[0].is_ascii_digit() {
        return Err(refuse(
            "what stands before `=` is not a name".to_owned(),
            "a name has letters, digits and `_`, and does not begin with a digit",
        ));
    }
    let at = before.len() + 1;
    let start = at + text[at..end].len() - text[at..end].trim_start_matches([' ', '\t']).len();
    let (value, read) = match text[start..].chars().next() {
        Some(quote @ ('"' | '\'')) => quoted(&text[start..], quote, name, line)?,
        _ => unquoted(&text[start..end], name, line)?,
    };
    let entry = Entry {
        name: name.to_owned(),
        value,
        line,
    };
    Ok((Some(entry), start + read))
}

fn expansion(name: &str, line: usize) -> DotenvError {
    DotenvError {
        line,
        problem: format!(
            "the value of {name} has a `$` that some programs replace by another variable"
        ),
        help: "put the value in single quotes, where `$` is a `$`, or write what it stands for",
    }
}

/// Whether a `$` of the text may stand for a variable.
fn may_expand(text: &str) -> bool {
    let follows = text
        .split('$')
        .skip(1)
        .filter_map(|after| after.chars().next());
    let mut follows = follows;
    follows.any(|it| it.is_ascii_alphabetic() || matches!(it, '_' | '{' | '('))
}

fn unquoted(
    text: &str,
    name: &str,
    line: usize,
) -> Result<(Zeroizing<String>, usize), DotenvError> {
    let value = match text.find(" #").or_else(|| text.find("\t#")) {
        Some(comment) => &text[..comment],
        None => text,
    };
    let value = value.trim();
    if may_expand(value) {
        return Err(expansion(name, line));
    }
    if value.contains(['"', '\'', '`', '\\']) {
        return Err(DotenvError {
            line,
            problem: format!(
                "the value of {name} has a quote or a backslash, which programs read differently"
            ),
            help: "put the whole value in single quotes",
        });
    }
    Ok((Zeroizing::new(value.to_owned()), text.len()))
}

fn quoted(
    text: &str,
    quote: char,
    name: &str,
    line: usize,
) -> Result<(Zeroizing<String>, usize), DotenvError> {
    let refuse = |problem: String, help| DotenvError {
        line,
        problem,
        help,
    };
    let mut value = Zeroizing::new(String::with_capacity(text.len()));
    let mut characters = text.char_indices().skip(1);
    let mut end = None;
    while let Some((at, character)) = characters.next() {
        match character {
            _ if character == quote => {
                end = Some(at + 1);
                break;
            }
            '\\' if quote == '"' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, 't')) => value.push('\t'),
                Some((_, escaped @ ('"' | '\\' | '$'))) => value.push(escaped),
                _ => {
                    return Err(refuse(
                        format!(
                            "the value of {name} has a backslash before what no program escapes"
                        ),
                        "put the value in single quotes, where a backslash is one",
                    ));
                }
            },
            '$' if quote == '"' && may_expand(&text[at..text.len().min(at + 2)]) => {
                return Err(expansion(name, line));
            }
            _ => value.push(character),
        }
    }
    let Some(end) = end else {
        return Err(refuse(
            format!("the quote of {name} does not end"),
            "close the quote",
        ));
    };
    let rest = &text[end..];
    let to_end = rest.find('\n').map_or(rest.len(), |at| at + 1);
    let behind = rest[..to_end].trim();
    if !behind.is_empty() && !behind.starts_with('#') {
        return Err(refuse(
            format!("something stands behind the quoted value of {name}"),
            "put the whole value into the quotes",
        ));
    }
    Ok((value, end + to_end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let entries = parse(text).expect("a file");
        entries
            .into_iter()
            .map(|it| (it.name, it.value.to_string()))
            .collect()
    }

    fn problem(text: &str) -> String {
        parse(text).expect_err("refused").to_string()
    }

    #[test]
    fn what_every_program_reads_alike_is_read() {
        let text = "# a comment\n\nA=1\nexport B = two words # said\nC='$HOME \"x\"'\nD=\"one\\ntwo\"  # said\n\
                    E='-----BEGIN\nKEY-----'\nF=\nG=a#b\r\nH=5$";
        let pairs = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "$HOME \"x\""),
            ("D", "one\ntwo"),
            ("E", "-----BEGIN\nKEY-----"),
            ("F", ""),
            ("G", "a#b"),
            ("H", "5$"),
        ];
        assert_eq!(
            values(text),
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn what_programs_read_differently_is_refused_without_its_value() {
        for (text, wanted) in [
            (
                "A=1\nno",
                "line 2: it is not an assignment such as `NAME=value`",
            ),
            ("1A=x", "line 1: what stands before `=` is not a name"),
            (
                "A=s3cr3t$B",
                "line 1: the value of A has a `$` that some programs replace by another variable",
            ),
            (
                "A=\"s3cr3t${B}\"",
                "line 1: the value of A has a `$` that some programs replace by another variable",
            ),
            ("A='s3cr3t", "line 1: the quote of A does not end"),
            (
                "A=\"s3cr3t\\q\"",
                "line 1: the value of A has a backslash before what no program escapes",
            ),
            (
                "A=\"x\" s3cr3t",
                "line 1: something stands behind the quoted value of A",
            ),
            (
                "A=s3\"cr3t",
                "line 1: the value of A has a quote or a backslash, which programs read differently",
            ),
            ("A='x\ny'\nA=2", "line 3: A has a value in line 1 already"),
        ] {
            assert_eq!(problem(text), wanted);
            assert!(!problem(text).contains("s3cr3t"));
        }
    }
}

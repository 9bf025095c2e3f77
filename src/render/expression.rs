//! Compiling the common expression without a grammar.
//!
//! Nearly every expression of the templates is a helper's name and plain words: `{{hcl a.b}}`,
//! `{{hcl_lines x indent=4}}`, `{{checkov_skip "id"}}`. Handlebars' grammar takes as long for
//! them as the rest of a whole rendering takes. What is not as plain as that is left to it, and a
//! test holds that both come to the same for every template.

use handlebars::template::{Parameter, Subexpression, TemplateElement};
use handlebars::{Path, PathSeg};
use serde_json::Value;

/// The element that a tag compiles to; `None` for a tag that the grammar has to read.
pub fn plain(tag: &str) -> Option<TemplateElement> {
    let inside = tag.strip_prefix("{{")?.strip_suffix("}}")?;
    let mut words = inside.split(' ');
    let helper = words.next().filter(|word| is_name(word))?;
    let mut parameters = Vec::new();
    let mut named = Vec::new();
    for word in words {
        match word.split_once('=') {
            Some((name, value)) if is_name(name) => {
                named.push((name.to_owned(), parameter(value)?));
            }
            Some(_) => return None,
            None => parameters.push(parameter(word)?),
        }
    }
    // A name alone may be a value's as well as a helper's.
    if parameters.is_empty() {
        return None;
    }
    // An expression in parentheses is the same element, and may be made by others.
    let named = named.into_iter().collect();
    let call = Subexpression::new(Parameter::Name(helper.to_owned()), parameters, named);
    Some(*call.element)
}

/// A path such as `network.created`, a whole number, or a text without an escape or a space.
fn parameter(word: &str) -> Option<Parameter> {
    if let Some(text) = word.strip_prefix('"') {
        let text = text.strip_suffix('"')?;
        let is_plain = !text.contains(['"', '\\']);
        return is_plain.then(|| Parameter::Literal(Value::from(text)));
    }
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: u64 = word.parse().ok()?;
        return Some(Parameter::Literal(Value::from(number)));
    }
    Some(Parameter::Path(path(word)?))
}

fn path(word: &str) -> Option<Path> {
    // The key or the index of what is gone through. `@root` is none of these.
    if let Some(name) = word.strip_prefix('@') {
        let is_known = matches!(name, "key" | "index" | "first" | "last");
        return is_known.then(|| Path::Local((0, name.to_owned(), word.to_owned())));
    }
    let inside = word.strip_prefix("this.").unwrap_or(word);
    let names = inside.split('.').filter(|_| word != "this");
    let segments: Option<Vec<PathSeg>> = names
        .map(|name| is_name(name).then(|| PathSeg::Named(name.to_owned())))
        .collect();
    Some(Path::Relative((segments?, word.to_owned())))
}

/// Whether a word is a name that has no meaning of its own.
fn is_name(word: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphabetic();
    word.starts_with(is_letter)
        && word
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !matches!(word, "this" | "as" | "else" | "null" | "true" | "false")
}

#[cfg(test)]
mod tests {
    use handlebars::Template;

    use super::*;

    #[test]
    fn a_plain_expression_is_what_the_grammar_makes_of_it() {
        for tag in [
            "{{hcl a}}",
            "{{hcl a.b_2.c d}}",
            "{{hcl_lines x indent=4}}",
            "{{hcl this @key this.a}}",
            "{{checkov_skip \"trail-topic\" 12}}",
        ] {
            let whole = Template::compile(tag).expect("compiles");
            assert_eq!(plain(tag).as_slice(), whole.elements, "{tag}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_grammar() {
        for tag in [
            "{{a}}",
            "{{{hcl a}}}",
            "{{hcl @root.a}}",
            "{{hcl this.this}}",
            "{{hcl ../a}}",
            "{{hcl a.[0]}}",
            "{{hcl (name a)}}",
            "{{hcl \"a b\"}}",
            "{{hcl \"\\n\"}}",
            "{{hcl 1.5}}",
            "{{hcl true}}",
            "{{hcl  a}}",
            "{{~hcl a}}",
            "{{hcl a=}}",
        ] {
            assert!(plain(tag).is_none(), "{tag}");
        }
    }
}

//! What templates may say about a value: how it is written in the language around it.
//!
//! A template never prints a value bare. It says `{{hcl x}}` for a literal, `{{hcl_text x}}`
//! inside a quoted string, `{{hcl_lines x}}` for the lines of a list or a map, `{{name x}}` for
//! an identifier, and `{{comment x}}` inside a comment.

use std::fmt::Write as _;

use handlebars::{
    Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderErrorReason,
};
use serde_json::Value;

use crate::catalog::checkov;

/// Makes the helpers known to the engine.
pub fn register(handlebars: &mut Handlebars<'_>) {
    handlebars.register_helper("hcl", Box::new(hcl));
    handlebars.register_helper("hcl_text", Box::new(hcl_text));
    handlebars.register_helper("hcl_lines", Box::new(hcl_lines));
    handlebars.register_helper("name", Box::new(name));
    handlebars.register_helper("comment", Box::new(comment));
    handlebars.register_helper("checkov_skip", Box::new(checkov_skip));
}

/// `{{hcl a b}}`: an HCL literal. Several values are joined into one string.
fn hcl(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    if let [single] = helper.params().as_slice() {
        out.write(&literal(single.value()))?;
    } else {
        out.write("\"")?;
        for part in helper.params() {
            out.write(&escaped(&plain(part.value())))?;
        }
        out.write("\"")?;
    }
    Ok(())
}

/// `"{{hcl_text x}}-suffix"`: a part of a quoted HCL string.
fn hcl_text(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    out.write(&escaped(&plain(value(helper)?)))?;
    Ok(())
}

/// `{{hcl_lines x indent=4}}`: the inside of a list or of a map, an entry a line, with the equals
/// signs where `terraform fmt` puts them. `prefix` comes before every entry of a list.
fn hcl_lines(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let indent = helper
        .hash_get("indent")
        .and_then(|indent| indent.value().as_u64())
        .and_then(|indent| usize::try_from(indent).ok())
        .unwrap_or_default();
    let lines = match value(helper)? {
        Value::Array(items) => list_lines(items, indent),
        Value::Object(entries) => map_lines(entries, indent),
        _ => return Err(misused(helper, "a list or a map")),
    };
    out.write(lines.trim_end_matches('\n'))?;
    Ok(())
}

/// `{{name x}}`: an identifier or an address, as it is. Only letters, digits, hyphens, underscores
/// and points.
fn name(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = plain(value(helper)?);
    let is_identifier = !text.is_empty()
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
    if !is_identifier {
        return Err(misused(helper, "an identifier"));
    }
    out.write(&text)?;
    Ok(())
}

/// `# {{comment x}}`: text that stays on its line.
fn comment(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = plain(value(helper)?);
    out.write(&text.replace(|letter: char| letter.is_control(), " "))?;
    Ok(())
}

/// `{{checkov_skip "name"}}`: the comment by which checkov leaves a check out, from the registry.
fn checkov_skip(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let name = plain(value(helper)?);
    let skip = checkov::find(&name).ok_or_else(|| misused(helper, "an entry of the registry"))?;
    out.write(&format!("#checkov:skip={}:{}", skip.check, skip.reason))?;
    Ok(())
}

fn value<'v>(helper: &'v Helper<'_>) -> Result<&'v Value, handlebars::RenderError> {
    helper
        .param(0)
        .map(handlebars::PathAndJson::value)
        .ok_or_else(|| misused(helper, "a value"))
}

fn misused(helper: &Helper<'_>, expected: &str) -> handlebars::RenderError {
    RenderErrorReason::Other(format!("`{}` needs {expected}", helper.name())).into()
}

/// A value as it stands in running text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value as an HCL literal on one line.
pub fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", escaped(text)),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(literal).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Number(number) => number_literal(number),
        other => other.to_string(),
    }
}

/// A whole number keeps no decimal point, as `terraform fmt` and plans show it.
fn number_literal(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
            format!("{float:.0}")
        }
        _ => number.to_string(),
    }
}

/// Text as it stands between the quotes of an HCL string: no quote ends it and no template
/// sequence starts an expression.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if letters.peek() == Some(&'{') => {
                out.push(letter);
                out.push(letter);
            }
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out
}

fn list_lines(items: &[Value], indent: usize) -> String {
    let mut out = String::new();
    for item in items {
        let _ = writeln!(out, "{:indent$}{},", "", literal(item));
    }
    out
}

fn map_lines(entries: &serde_json::Map<String, Value>, indent: usize) -> String {
    let keys: Vec<String> = entries.keys().map(|key| map_key(key)).collect();
    let width = keys
        .iter()
        .map(|key| key.chars().count())
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for (key, value) in keys.iter().zip(entries.values()) {
        let padding = width - key.chars().count();
        let _ = writeln!(
            out,
            "{:indent$}{key}{:padding$} = {}",
            "",
            "",
            literal(value)
        );
    }
    out
}

/// A key of a map: bare where HCL allows it, which is what people write.
fn map_key(key: &str) -> String {
    let mut letters = key.chars();
    let is_bare = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if is_bare {
        key.to_owned()
    } else {
        format!("\"{}\"", escaped(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_sequences_are_text() {
        assert_eq!(escaped("${x} %{y} $x $${z}"), "$${x} %%{y} $x $$${z}");
        assert_eq!(escaped("a\"b\\c\nd\u{7}"), "a\\\"b\\\\c\\nd\\u0007");
    }

    #[test]
    fn whole_numbers_have_no_point() {
        assert_eq!(literal(&serde_json::json!(3.0)), "3");
        assert_eq!(literal(&serde_json::json!(0.5)), "0.5");
        assert_eq!(
            literal(&serde_json::json!(["a", 1, true])),
            "[\"a\", 1, true]"
        );
    }
}

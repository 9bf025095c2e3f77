//! What templates may say about a value: how it is written in the language around it.
//!
//! A template never prints a value bare. It says `{{hcl x}}` for a literal, `{{hcl_text x}}`
//! inside a quoted string, `{{hcl_lines x}}` for the lines of a list or a map, `{{hcl_variable
//! "NAME" x}}` for a line of an environment file, `{{shell x}}` for a word of a shell command,
//! `{{systemd x}}` for a command of a unit, `{{cidr x}}` for a range of addresses,
//! `{{name x}}` for an identifier, and `{{comment x}}` inside a comment. Inside a heredoc it says
//! nothing: no helper escapes for one.
//!
//! Handlebars' own strict mode misses names that are given to a helper, `if` and `unless` among
//! them, which would then see nothing and say nothing. Every helper here refuses them.

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, PathAndJson, RenderContext,
    RenderErrorReason, Renderable as _,
};
use serde_json::Value;

use super::hcl::{comment_text, lines_of_list, lines_of_map, literal, part, variable};
use super::shell;
use super::systemd::command_line;
use crate::catalog::accepted_findings::{self, AcceptedFinding};
use crate::catalog::controls;

/// Makes the helpers known to the engine.
pub fn register(handlebars: &mut Handlebars<'_>) {
    handlebars.register_helper("hcl", Box::new(hcl));
    handlebars.register_helper("hcl_text", Box::new(hcl_text));
    handlebars.register_helper("hcl_lines", Box::new(hcl_lines));
    handlebars.register_helper("name", Box::new(name));
    handlebars.register_helper("comment", Box::new(comment));
    handlebars.register_helper("checkov_skip", Box::new(checkov_skip));
    handlebars.register_helper("trivy_ignore", Box::new(trivy_ignore));
    handlebars.register_helper("hcl_variable", Box::new(hcl_variable));
    handlebars.register_helper("shell", Box::new(shell_words));
    handlebars.register_helper("systemd", Box::new(systemd));
    handlebars.register_helper("cidr", Box::new(cidr));
    handlebars.register_helper("cidr6", Box::new(cidr6));
    handlebars.register_helper("ports", Box::new(ports));
    handlebars.register_helper("control", Box::new(IfControl));
    super::terraform::helpers::register(handlebars);
    handlebars.register_helper("if", Box::new(Choice { of: true }));
    handlebars.register_helper("unless", Box::new(Choice { of: false }));
}

/// `{{#if x}}` and `{{#unless x}}`, as Handlebars has them but for names that are not there.
struct Choice {
    of: bool,
}

impl HelperDef for Choice {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        handlebars: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let holds = match value(helper)? {
            Value::Null | Value::Bool(false) => false,
            Value::Array(items) => !items.is_empty(),
            Value::String(text) => !text.is_empty(),
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::Bool(true) | Value::Object(_) => true,
        };
        let chosen = if holds == self.of {
            helper.template()
        } else {
            helper.inverse()
        };
        match chosen {
            Some(template) => template.render(handlebars, context, render, out),
            None => Ok(()),
        }
    }
}

/// `{{#control "id"}}`: what makes a control hold, under a comment with its id. Nothing where the
/// image is made without the control; `{{else}}` is what there is then.
struct IfControl;

impl HelperDef for IfControl {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        handlebars: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let id = plain(value(helper)?);
        if controls::find(&id).is_none() {
            return Err(misused(helper, "a control of the registry"));
        }
        let chosen = context
            .data()
            .pointer("/image/controls")
            .and_then(Value::as_array)
            .ok_or_else(|| misused(helper, "`image.controls`, which is not in the plan"))?;
        if !chosen.iter().any(|control| *control == id) {
            return match helper.inverse() {
                Some(template) => template.render(handlebars, context, render, out),
                None => Ok(()),
            };
        }
        let indent = helper
            .hash_get("indent")
            .and_then(|indent| indent.value().as_u64())
            .and_then(|indent| usize::try_from(indent).ok())
            .unwrap_or_default();
        out.write(&format!(
            "{:indent$}# {}{id}\n",
            "",
            controls::CONTROL_MARKER
        ))?;
        match helper.template() {
            Some(template) => template.render(handlebars, context, render, out),
            None => Ok(()),
        }
    }
}

/// `{{shell x}}`: one word of a shell command; a list is as many words.
fn shell_words(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let words = match value(helper)? {
        Value::Array(items) => items
            .iter()
            .map(|item| shell::quote(&plain(item)))
            .collect(),
        other => vec![shell::quote(&plain(other))],
    };
    out.write(&words.join(" "))?;
    Ok(())
}

/// `{{systemd x}}`: the command of a unit, a word by itself or a list of them.
fn systemd(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let words: Vec<String> = match value(helper)? {
        Value::Array(items) => items.iter().map(plain).collect(),
        other => vec![plain(other)],
    };
    let line = command_line(&words)
        .ok_or_else(|| misused(helper, "a command that a unit can be given"))?;
    out.write(&line)?;
    Ok(())
}

/// `{{cidr x}}`: a range of IPv4 addresses, or one address, as it is.
fn cidr(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = plain(value(helper)?);
    let (address, length) = text.split_once('/').unwrap_or((&text, "32"));
    let is_length = length.len() <= 2 && length.parse::<u8>().is_ok_and(|length| length <= 32);
    if address.parse::<std::net::Ipv4Addr>().is_err() || !is_length {
        return Err(misused(helper, "a range of IPv4 addresses"));
    }
    out.write(&text)?;
    Ok(())
}

/// `{{cidr6 x}}`: a range of IPv6 addresses; anything else is refused.
fn cidr6(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = plain(value(helper)?);
    let range: Result<ipnet::Ipv6Net, _> = text.parse();
    let range = range.map_err(|_| misused(helper, "a range of IPv6 addresses"))?;
    out.write(&range.to_string())?;
    Ok(())
}

/// `{{ports from to}}`: one port, or a range of them; nft takes no range of one.
fn ports(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let [from, to] = helper.params().as_slice() else {
        return Err(misused(helper, "the first port and the last one"));
    };
    let (from, to) = (present(helper, from)?, present(helper, to)?);
    if !from.is_u64() || !to.is_u64() {
        return Err(misused(helper, "numbers"));
    }
    out.write(&if from == to {
        from.to_string()
    } else {
        format!("{from}-{to}")
    })?;
    Ok(())
}

/// `{{hcl a b}}`: an HCL literal. Several values are joined into one string.
fn hcl(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    if helper.params().len() == 1 {
        out.write(&literal(value(helper)?))?;
        return Ok(());
    }
    // Joined before they are escaped: one part may end with a `$` and the next begin with a `{`.
    let mut joined = String::new();
    for part in helper.params() {
        joined.push_str(&plain(present(helper, part)?));
    }
    out.write(&literal(&Value::String(joined)))?;
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
    out.write(&part(&plain(value(helper)?)))?;
    Ok(())
}

/// `{{hcl_lines x indent=4}}`: the inside of a list or of a map, an entry a line, with the equals
/// signs where `terraform fmt` puts them.
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
        Value::Array(items) => lines_of_list(items, indent),
        Value::Object(entries) => lines_of_map(entries, indent),
        _ => return Err(misused(helper, "a list or a map")),
    };
    out.write(lines.trim_end_matches('\n'))?;
    Ok(())
}

/// `{{hcl_variable "NAME" x}}`: a string that holds one line of an environment file.
fn hcl_variable(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let [name, content] = helper.params().as_slice() else {
        return Err(misused(helper, "a name and a value"));
    };
    let line = variable(
        &plain(present(helper, name)?),
        &plain(present(helper, content)?),
    );
    out.write(&literal(&Value::String(line)))?;
    Ok(())
}

/// `{{name x}}`: an identifier or an address, as it is: letters, digits, hyphens, underscores and
/// points, a letter or an underscore first. A number is fine as the end of an identifier.
fn name(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let value = value(helper)?;
    let text = plain(value);
    let begins = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    let goes_on = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let is_identifier = text.chars().all(goes_on) && text.starts_with(begins);
    if !is_identifier && !value.is_u64() {
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
    out.write(&comment_text(&plain(value(helper)?)))?;
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
    let finding = accepted_finding(helper)?;
    let check = (finding.checkov).ok_or_else(|| misused(helper, "an entry that checkov has"))?;
    out.write(&format!("#checkov:skip={check}:{}", finding.reason))?;
    Ok(())
}

/// `{{trivy_ignore "name"}}`: the comment by which trivy leaves a check out, and its reason above it:
/// what trivy reads stands on the line before the block that it is about.
fn trivy_ignore(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let finding = accepted_finding(helper)?;
    let check = (finding.trivy).ok_or_else(|| misused(helper, "an entry that trivy has"))?;
    out.write(&format!("#trivy:ignore:{check} {}", finding.reason))?;
    Ok(())
}

/// The entry of the registry that the helper names.
fn accepted_finding(helper: &Helper<'_>) -> Result<AcceptedFinding, handlebars::RenderError> {
    let name = plain(value(helper)?);
    accepted_findings::find(&name).ok_or_else(|| misused(helper, "an entry of the registry"))
}

pub fn value<'v>(helper: &'v Helper<'_>) -> Result<&'v Value, handlebars::RenderError> {
    let first = helper.param(0).ok_or_else(|| misused(helper, "a value"))?;
    present(helper, first)
}

/// A parameter's value, which has to be there. `null` is: an option that nobody has chosen.
fn present<'v>(
    helper: &Helper<'_>,
    parameter: &'v PathAndJson<'_>,
) -> Result<&'v Value, handlebars::RenderError> {
    if parameter.is_value_missing() {
        let path = parameter.relative_path().cloned().unwrap_or_default();
        return Err(misused(
            helper,
            &format!("`{path}`, which is not in the plan"),
        ));
    }
    Ok(parameter.value())
}

pub fn misused(helper: &Helper<'_>, expected: &str) -> handlebars::RenderError {
    RenderErrorReason::Other(format!("`{}` needs {expected}", helper.name())).into()
}

/// A value as it stands in running text.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

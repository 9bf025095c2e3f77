//! Helpers of templates that write what only Terraform calls so.

use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext};
use serde_json::Value;

use super::address;
use crate::catalog::metrics::Subject;
use crate::derive::identity;
use crate::render::helpers::{misused, plain, value};

/// Makes the helpers known to the engine.
pub fn register(handlebars: &mut Handlebars<'_>) {
    handlebars.register_helper("identifier", Box::new(identifier));
    handlebars.register_helper("address", Box::new(address_of));
    handlebars.register_helper("size", Box::new(size));
}

/// `{{identifier x}}`: the name of a resource that is called by a name of fleet.toml. Letters,
/// digits, hyphens and underscores, not beginning with a digit or a hyphen; anything else is
/// refused.
fn identifier(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let name = plain(value(helper)?);
    let begins = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    let goes_on = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    if !name.starts_with(begins) || !name.chars().all(goes_on) {
        return Err(misused(helper, "the name of a resource"));
    }
    out.write(&identity::identifier(&name))?;
    Ok(())
}

/// `{{address x}}`: the address of the value of a series' dimension.
fn address_of(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = plain(value(helper)?);
    let subject = Subject::ALL
        .into_iter()
        .find(|subject| subject.as_str() == text)
        .ok_or_else(|| misused(helper, "the subject of a series"))?;
    out.write(address::of_subject(subject))?;
    Ok(())
}

/// `{{size x}}`: a size of a scheduled action. -1 leaves a size as it is; an argument that is left
/// out would become 0.
fn size(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    match value(helper)? {
        Value::Null => out.write("-1")?,
        Value::Number(number) if number.is_u64() => out.write(&number.to_string())?,
        _ => return Err(misused(helper, "a size or nothing")),
    }
    Ok(())
}

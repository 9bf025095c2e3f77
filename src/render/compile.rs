//! Compiling templates quickly.
//!
//! Handlebars' grammar reads every character between tags, and counts lines from the start for
//! every tag: two thirds of a whole rendering. Text needs no grammar, and an expression such as
//! `{{hcl identity.prefix}}` is the same wherever it stands. So the grammar sees the block tags
//! and a mark in place of whatever stands between two of them; expressions are compiled once
//! each, and everything is put back into the compiled template. White space beside a block tag
//! stays where it is, because Handlebars drops the line of a tag that stands alone.

use std::collections::BTreeMap;

use handlebars::template::{TemplateElement, TemplateMapping};
use handlebars::{Template, TemplateError};

/// A letter of Unicode's private use area, which no template holds.
const MARK: char = '\u{E000}';

/// Compiles templates, and remembers the expressions that it has seen.
#[derive(Default)]
pub struct Compiler<'t> {
    expressions: BTreeMap<&'t str, Vec<TemplateElement>>,
}

/// A part of a template without blocks.
#[derive(Clone, Copy)]
enum Part<'t> {
    Text(&'t str),
    Expression(&'t str),
}

/// What stands between two block tags, and what one mark stands for.
type Run<'t> = Vec<Part<'t>>;

impl<'t> Compiler<'t> {
    /// Compiles a template.
    ///
    /// # Errors
    /// When it is not Handlebars.
    pub fn compile(&mut self, text: &'t str) -> Result<Template, TemplateError> {
        let (marked, runs) = mark(text);
        for part in runs.iter().flatten() {
            if let Part::Expression(tag) = part
                && !self.expressions.contains_key(tag)
            {
                let elements = Template::compile(tag)?.elements;
                self.expressions.insert(tag, elements);
            }
        }
        let mut template = Template::compile(&marked)?;
        self.put_back(&mut template, &runs);
        Ok(template)
    }

    /// Puts what stands between block tags back where its mark is.
    fn put_back(&self, template: &mut Template, runs: &[Run<'t>]) {
        let elements = std::mem::take(&mut template.elements);
        let mapping = std::mem::take(&mut template.mapping);
        for (element, position) in elements.into_iter().zip(mapping) {
            match element {
                TemplateElement::RawString(raw) => {
                    for part in unmarked(&raw, runs) {
                        self.push_part(template, part, &position);
                    }
                }
                TemplateElement::HelperBlock(mut block) => {
                    let inner = [&mut block.template, &mut block.inverse];
                    for inner in inner.into_iter().flatten() {
                        self.put_back(inner, runs);
                    }
                    push(template, TemplateElement::HelperBlock(block), &position);
                }
                other => push(template, other, &position),
            }
        }
    }

    fn push_part(&self, template: &mut Template, part: Part<'_>, position: &TemplateMapping) {
        match part {
            // What a backslash kept from being a tag.
            Part::Text(text) if text.contains("\\{{") => {
                push_text(template, &text.replace("\\{{", "{{"), position);
            }
            Part::Text(text) => push_text(template, text, position),
            Part::Expression(tag) => {
                for element in self.expressions.get(tag).into_iter().flatten() {
                    push(template, element.clone(), position);
                }
            }
        }
    }
}

/// The parts that a text with marks stands for.
fn unmarked<'r>(raw: &'r str, runs: &'r [Run<'_>]) -> Vec<Part<'r>> {
    let mut parts = Vec::new();
    // Between two marks stands the number of what they stand for.
    for (index, piece) in raw.split(MARK).enumerate() {
        let number = piece.parse::<usize>().ok().filter(|_| index % 2 == 1);
        match number.and_then(|number| runs.get(number)) {
            Some(run) => parts.extend(run.iter().copied()),
            None => parts.push(Part::Text(piece)),
        }
    }
    parts
}

/// Adds a text to what may already end in one.
fn push_text(template: &mut Template, text: &str, position: &TemplateMapping) {
    if text.is_empty() {
        return;
    }
    match template.elements.last_mut() {
        Some(TemplateElement::RawString(before)) => before.push_str(text),
        _ => push(
            template,
            TemplateElement::RawString(text.to_owned()),
            position,
        ),
    }
}

/// A template has a position for every element, which its errors name.
fn push(template: &mut Template, element: TemplateElement, position: &TemplateMapping) {
    template.elements.push(element);
    template.mapping.push(position.clone());
}

/// The block tags of a template with a mark for each run between them, and the runs.
fn mark(text: &str) -> (String, Vec<Run<'_>>) {
    let mut marked = String::with_capacity(text.len() / 8);
    let mut runs = Vec::new();
    let mut run = Run::new();
    let mut rest = text;
    while let Some(start) = next_tag(rest) {
        run.push(Part::Text(&rest[..start]));
        let end = rest[start..]
            .find("}}")
            .map_or(rest.len(), |end| start + end + 2);
        let tag = &rest[start..end];
        if is_expression(tag) {
            run.push(Part::Expression(tag));
        } else {
            push_mark(std::mem::take(&mut run), &mut runs, &mut marked);
            marked.push_str(tag);
        }
        rest = &rest[end..];
    }
    run.push(Part::Text(rest));
    push_mark(run, &mut runs, &mut marked);
    (marked, runs)
}

/// Where the next tag starts. `\{{` is text that looks like one.
fn next_tag(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text[from..].find("{{") {
        let at = from + found;
        if !text[..at].ends_with('\\') {
            return Some(at);
        }
        from = at + 2;
    }
    None
}

/// Whether a tag stands for itself, rather than opening, dividing or closing a block.
fn is_expression(tag: &str) -> bool {
    let inside = tag.trim_start_matches('{');
    inside.starts_with(|letter: char| letter.is_ascii_alphabetic()) && !inside.starts_with("else")
}

/// Writes a mark for a run, with the white space at both its ends left as it is.
fn push_mark<'t>(mut run: Run<'t>, runs: &mut Vec<Run<'t>>, marked: &mut String) {
    let is_blank = |part: &Part<'_>| matches!(part, Part::Text(text) if text.trim().is_empty());
    if run.iter().all(is_blank) {
        marked.extend(run.iter().map(|part| match part {
            Part::Text(text) | Part::Expression(text) => *text,
        }));
        return;
    }
    if let Some(Part::Text(first)) = run.first_mut() {
        let (space, rest) = first.split_at(first.len() - first.trim_start().len());
        marked.push_str(space);
        *first = rest;
    }
    let mut space_after = "";
    if let Some(Part::Text(last)) = run.last_mut() {
        (*last, space_after) = last.split_at(last.trim_end().len());
    }
    marked.push(MARK);
    marked.push_str(&runs.len().to_string());
    marked.push(MARK);
    marked.push_str(space_after);
    runs.push(run);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::FORMATS;

    /// Renders by both ways of compiling.
    fn both(text: &str, data: &serde_json::Value) -> (String, String) {
        let mut handlebars = handlebars::Handlebars::new();
        handlebars.register_escape_fn(handlebars::no_escape);
        handlebars.register_template(
            "quick",
            Compiler::default().compile(text).expect("compiles"),
        );
        handlebars
            .register_template_string("whole", text)
            .expect("compiles");
        let render = |name| handlebars.render(name, data).expect("renders");
        (render("quick"), render("whole"))
    }

    #[test]
    fn lines_around_tags_are_as_handlebars_has_them() {
        let text = "a\nb\n\n{{#if yes}}\n\n  c\n  d {{x}}\n\n{{/if}}\ne\n\nf\n{{#each list}}\n- {{this}}\n  g\n  h\n{{/each}}\ni \\{{ j }}\nk\nl\n{{#if no}}\nm\nn\no\n{{else}}\np\nq\nr\n{{/if}}\n";
        let data = json!({"yes": true, "no": false, "x": 1, "list": ["s", "t"]});
        let (quick, whole) = both(text, &data);
        assert_eq!(quick, whole);
    }

    #[test]
    fn every_template_is_what_handlebars_makes_of_it() {
        for template in FORMATS.iter().flat_map(|format| (format.templates)()) {
            let quick = without_positions(
                Compiler::default()
                    .compile(template.text)
                    .expect("compiles"),
            );
            let whole = without_positions(Template::compile(template.text).expect("compiles"));
            assert!(quick == whole, "{} differs", template.name);
        }
    }

    /// A text's position is its first letter's, which a mark has moved within the line; an empty
    /// text prints nothing.
    fn without_positions(mut template: Template) -> Template {
        template.mapping.clear();
        template
            .elements
            .retain(|element| *element != TemplateElement::RawString(String::new()));
        for element in &mut template.elements {
            if let TemplateElement::HelperBlock(block) = element {
                block.template = block.template.take().map(without_positions);
                block.inverse = block.inverse.take().map(without_positions);
            }
        }
        template
    }
}

//! Compiling templates quickly.
//!
//! Handlebars' grammar reads every character between tags, and counts lines from the start for
//! every tag: two thirds of a whole rendering. Text needs no grammar, and an expression such as
//! `{{hcl identity.prefix}}` is the same wherever it stands. So the grammar sees only the block
//! tags, with a mark in place of each expression and of each longer text; expressions are
//! compiled once each, and everything is put back into the compiled template. What surrounds a
//! block tag on its own line stays, because Handlebars drops the line of a tag that stands alone.

use std::collections::HashMap;

use handlebars::template::{TemplateElement, TemplateMapping};
use handlebars::{Template, TemplateError};

/// A letter of Unicode's private use area, which no template holds.
const MARK: char = '\u{E000}';

/// Compiles templates, and remembers the expressions that it has seen.
#[derive(Default)]
pub struct Compiler<'t> {
    expressions: HashMap<&'t str, Vec<TemplateElement>>,
}

/// What a mark stands for.
enum Marked<'t> {
    Text(&'t str),
    Expression(&'t str),
}

impl<'t> Compiler<'t> {
    /// Compiles a template.
    ///
    /// # Errors
    /// When it is not Handlebars.
    pub fn compile(&mut self, text: &'t str) -> Result<Template, TemplateError> {
        let mut marks = Vec::new();
        let marked = mark(text, &mut marks);
        for mark in &marks {
            if let Marked::Expression(tag) = mark
                && !self.expressions.contains_key(tag)
            {
                let elements = Template::compile(tag)?.elements;
                self.expressions.insert(tag, elements);
            }
        }
        let mut template = Template::compile(&marked)?;
        self.put_back(&mut template, &marks);
        Ok(template)
    }

    /// Puts texts and expressions back where their marks are.
    fn put_back(&self, template: &mut Template, marks: &[Marked<'t>]) {
        let elements = std::mem::take(&mut template.elements);
        let mapping = std::mem::take(&mut template.mapping);
        for (element, position) in elements.into_iter().zip(mapping) {
            match element {
                TemplateElement::RawString(raw) => {
                    self.expand(template, &raw, &position, marks);
                }
                TemplateElement::HelperBlock(mut block) => {
                    let inner = [&mut block.template, &mut block.inverse];
                    for inner in inner.into_iter().flatten() {
                        self.put_back(inner, marks);
                    }
                    push(template, TemplateElement::HelperBlock(block), &position);
                }
                other => push(template, other, &position),
            }
        }
    }

    fn expand(
        &self,
        template: &mut Template,
        raw: &str,
        position: &TemplateMapping,
        marks: &[Marked<'t>],
    ) {
        let mut text = String::new();
        // Between two marks stands the number of what they stand for.
        for (index, part) in raw.split(MARK).enumerate() {
            let number = part.trim_end().parse::<usize>().ok();
            match number
                .filter(|_| index % 2 == 1)
                .and_then(|number| marks.get(number))
            {
                None => text.push_str(part),
                Some(Marked::Text(marked)) => text.push_str(marked),
                Some(Marked::Expression(tag)) => {
                    push_text(template, std::mem::take(&mut text), position);
                    for element in self.expressions.get(tag).into_iter().flatten() {
                        push(template, element.clone(), position);
                    }
                }
            }
        }
        push_text(template, text, position);
    }
}

fn push_text(template: &mut Template, text: String, position: &TemplateMapping) {
    if !text.is_empty() {
        push(template, TemplateElement::RawString(text), position);
    }
}

/// A template has a position for every element, which its errors name.
fn push(template: &mut Template, element: TemplateElement, position: &TemplateMapping) {
    template.elements.push(element);
    template.mapping.push(position.clone());
}

/// The template with a mark for each expression and for each longer text.
fn mark<'t>(text: &'t str, marks: &mut Vec<Marked<'t>>) -> String {
    let mut marked = String::with_capacity(text.len() / 4);
    let mut rest = text;
    while let Some(start) = next_tag(rest) {
        mark_text(&rest[..start], marks, &mut marked);
        let end = rest[start..]
            .find("}}")
            .map_or(rest.len(), |end| start + end + 2);
        let tag = &rest[start..end];
        if is_expression(tag) {
            push_mark(Marked::Expression(tag), 0, marks, &mut marked);
        } else {
            marked.push_str(tag);
        }
        rest = &rest[end..];
    }
    mark_text(rest, marks, &mut marked);
    marked
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

/// Puts a mark in place of the whole lines between two tags.
fn mark_text<'t>(text: &'t str, marks: &mut Vec<Marked<'t>>, marked: &mut String) {
    let lines = text.find('\n').map(|first| first + 1).zip(text.rfind('\n'));
    match lines {
        // A backslash before a tag is Handlebars' own business.
        Some((first, last)) if first < last && !text[first..last].contains("{{") => {
            marked.push_str(&text[..first]);
            // As many lines as the text has, so that an error names the right one.
            let lines = text[first..last].matches('\n').count();
            push_mark(Marked::Text(&text[first..last]), lines, marks, marked);
            marked.push_str(&text[last..]);
        }
        _ => marked.push_str(text),
    }
}

fn push_mark<'t>(of: Marked<'t>, lines: usize, marks: &mut Vec<Marked<'t>>, marked: &mut String) {
    marked.push(MARK);
    marked.push_str(&marks.len().to_string());
    marked.extend(std::iter::repeat_n('\n', lines));
    marked.push(MARK);
    marks.push(of);
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

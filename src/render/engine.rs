//! Handlebars, set up so that nothing is missed and nothing is unescaped.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use handlebars::{
    Context, Handlebars, Output, RenderContext, Renderable as _, Template, no_escape,
};
use serde::Serialize;

use super::compile::compile;
use super::{FORMATS, helpers};

/// The templates of every format. Each is compiled when it is first rendered: one fleet takes
/// part of them, a thousand fleets share them.
pub struct Engine {
    handlebars: Handlebars<'static>,
    templates: BTreeMap<&'static str, Compiled>,
}

struct Compiled {
    text: &'static str,
    once: OnceLock<Result<Template, String>>,
}

impl Compiled {
    fn get(&self) -> Result<&Template, String> {
        let compile = || compile(self.text).map_err(|error| error.to_string());
        self.once
            .get_or_init(compile)
            .as_ref()
            .map_err(String::clone)
    }
}

/// A template that does not fit the plan.
#[derive(Debug)]
pub struct RenderError {
    template: String,
    problem: String,
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template {}: {}", self.template, self.problem)
    }
}

impl std::error::Error for RenderError {}

impl Engine {
    #[must_use]
    pub fn new() -> Self {
        let mut handlebars = Handlebars::new();
        // An unknown name is a fault, not an empty string.
        handlebars.set_strict_mode(true);
        // Nothing rendered is HTML. What a user types goes through a helper of its language.
        handlebars.register_escape_fn(no_escape);
        helpers::register(&mut handlebars);
        let all = FORMATS.iter().flat_map(|format| (format.templates)());
        let templates = all.map(|template| {
            let text = template.text;
            let once = OnceLock::new();
            (template.name, Compiled { text, once })
        });
        Self {
            handlebars,
            templates: templates.collect(),
        }
    }

    /// Prepares what several templates are rendered with.
    ///
    /// # Errors
    /// When it cannot be serialized, which plain data always can.
    pub fn context(&self, of: &impl Serialize) -> Result<Context, RenderError> {
        Context::wraps(of).map_err(|error| RenderError {
            template: "(plan)".to_owned(),
            problem: error.to_string(),
        })
    }

    /// Renders one template.
    ///
    /// # Errors
    /// When it names what the context does not have.
    pub fn render(&self, template: &str, context: &Context) -> Result<String, RenderError> {
        let fault = |problem: String| RenderError {
            template: template.to_owned(),
            problem,
        };
        let Some(compiled) = self.templates.get(template) else {
            return Err(fault("there is no such template".to_owned()));
        };
        let mut text = Text(String::with_capacity(compiled.text.len()));
        let mut state = RenderContext::new(None);
        let template = compiled.get().map_err(fault)?;
        template
            .render(&self.handlebars, context, &mut state, &mut text)
            .map_err(|error| fault(error.to_string()))?;
        Ok(text.0)
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

/// What is rendered so far.
struct Text(String);

impl Output for Text {
    fn write(&mut self, part: &str) -> std::io::Result<()> {
        self.0.push_str(part);
        Ok(())
    }
}

//! Handlebars, set up so that nothing is missed and nothing is unescaped.

use std::fmt;

use handlebars::{Context, Handlebars, no_escape};
use serde::Serialize;

use super::compile::Compiler;
use super::{FORMATS, helpers};

/// The compiled templates of every format.
pub struct Engine {
    handlebars: Handlebars<'static>,
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
    /// Compiles every template.
    ///
    /// # Errors
    /// When one is not Handlebars, which the tests rule out.
    pub fn new() -> Result<Self, RenderError> {
        let mut handlebars = Handlebars::new();
        // An unknown name is a fault, not an empty string.
        handlebars.set_strict_mode(true);
        // Nothing rendered is HTML. What a user types goes through a helper of its language.
        handlebars.register_escape_fn(no_escape);
        helpers::register(&mut handlebars);
        let mut compiler = Compiler::default();
        for template in FORMATS.iter().flat_map(|format| (format.templates)()) {
            let compiled = compiler
                .compile(template.text)
                .map_err(|error| RenderError {
                    template: template.name.to_owned(),
                    problem: error.to_string(),
                })?;
            handlebars.register_template(template.name, compiled);
        }
        Ok(Self { handlebars })
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
        self.handlebars
            .render_with_context(template, context)
            .map_err(|error| RenderError {
                template: template.to_owned(),
                problem: error.to_string(),
            })
    }
}

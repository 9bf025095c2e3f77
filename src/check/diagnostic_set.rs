//! Findings of several environments.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;

/// Findings of several environments, each once, with the environments that it was found in.
#[derive(Default)]
pub struct DiagnosticSet {
    order: Vec<Diagnostic>,
    /// Where in the order the findings of a code at a place are.
    places: BTreeMap<(usize, &'static str), Vec<usize>>,
    environments: BTreeMap<usize, Vec<String>>,
}

impl DiagnosticSet {
    pub fn add(&mut self, environment: &str, diagnostic: Diagnostic) {
        let place = (diagnostic.span.start, diagnostic.code);
        let here = self.places.entry(place).or_default();
        let known = here.iter().find(|index| self.order[**index] == diagnostic);
        let index = match known {
            Some(index) => *index,
            None => {
                self.order.push(diagnostic);
                here.push(self.order.len() - 1);
                self.order.len() - 1
            }
        };
        let environments = self.environments.entry(index).or_default();
        if !environments.iter().any(|name| name == environment) {
            environments.push(environment.to_owned());
        }
    }

    pub fn into_diagnostics(mut self, all: &[&str]) -> Vec<Diagnostic> {
        for (index, diagnostic) in self.order.iter_mut().enumerate() {
            let environments = self.environments.remove(&index).unwrap_or_default();
            let everywhere = all
                .iter()
                .all(|name| environments.iter().any(|found| found == name));
            if !everywhere {
                diagnostic.environments = environments;
            }
        }
        self.order
    }
}

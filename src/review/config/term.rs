//! The value of an expression, as far as it is known without AWS.

use std::collections::BTreeMap;

/// A value, or what it will be made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Term>),
    Map(BTreeMap<String, Term>),
    /// An attribute that only AWS knows.
    Reference {
        address: String,
        attribute: String,
    },
    /// A resource as a whole.
    Resource(String),
    /// All resources of a `for_each`, by key.
    Resources(BTreeMap<String, String>),
    /// A function, a template or an operator and its operands. What it comes to depends on these
    /// alone, so two are equal where their operands are.
    Made {
        by: String,
        of: Vec<Term>,
    },
}

impl From<serde_json::Value> for Term {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::Text(text),
            Value::Array(values) => Self::List(values.into_iter().map(Self::from).collect()),
            Value::Object(members) => Self::Map(
                members
                    .into_iter()
                    .map(|(key, value)| (key, Self::from(value)))
                    .collect(),
            ),
        }
    }
}

impl Term {
    /// The same with every resource under its new address.
    #[must_use]
    pub fn renamed(&self, moves: &BTreeMap<String, String>) -> Self {
        let name = |address: &String| moves.get(address).unwrap_or(address).clone();
        let all = |terms: &[Self]| terms.iter().map(|term| term.renamed(moves)).collect();
        match self {
            Self::Reference { address, attribute } => Self::Reference {
                address: name(address),
                attribute: attribute.clone(),
            },
            Self::Resource(address) => Self::Resource(name(address)),
            Self::Resources(of) => Self::Resources(
                of.iter()
                    .map(|(key, address)| (key.clone(), name(address)))
                    .collect(),
            ),
            Self::List(terms) => Self::List(all(terms)),
            Self::Map(members) => Self::Map(
                members
                    .iter()
                    .map(|(key, term)| (key.clone(), term.renamed(moves)))
                    .collect(),
            ),
            Self::Made { by, of } => Self::Made {
                by: by.clone(),
                of: all(of),
            },
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => self.clone(),
        }
    }

    /// Every reference in it.
    pub fn references<'t>(&'t self, found: &mut Vec<(&'t str, &'t str)>) {
        match self {
            Self::Reference { address, attribute } => found.push((address, attribute)),
            Self::Resource(address) => found.push((address, "")),
            Self::List(terms) | Self::Made { of: terms, .. } => {
                terms.iter().for_each(|term| term.references(found));
            }
            Self::Map(terms) => terms.values().for_each(|term| term.references(found)),
            Self::Resources(all) => {
                found.extend(all.values().map(|address| (address.as_str(), "")));
            }
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => {}
        }
    }

    /// The text of a text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a number, or of a text that is one.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(text) | Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// What stands at a dotted path; a list on the way stands for its first element.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Self> {
        let mut term = self;
        for key in path.split('.') {
            if let Self::List(terms) = term {
                term = terms.first()?;
            }
            let Self::Map(members) = term else {
                return None;
            };
            term = members.get(key)?;
        }
        Some(term)
    }

    /// The elements of a list; of anything else itself.
    #[must_use]
    pub fn elements(&self) -> &[Self] {
        match self {
            Self::List(terms) => terms,
            other => std::slice::from_ref(other),
        }
    }
}

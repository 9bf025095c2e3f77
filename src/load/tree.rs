//! The tables of a fleet.toml before typing, each node with its place in the text.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeString, DeTable, DeValue};

use crate::fleet::path::{Path, Segment};

/// A parsed file, or one environment of it after merging. Spans stay those of the text, so a
/// value that an overlay brought points into the overlay.
#[derive(Clone, Debug)]
pub struct SpannedTree<'s> {
    root: Spanned<DeTable<'s>>,
}

/// What a path leads to.
enum Node<'t, 's> {
    Table(&'t DeTable<'s>),
    Value(&'t Spanned<DeValue<'s>>),
}

impl<'s> SpannedTree<'s> {
    #[must_use]
    pub fn new(root: Spanned<DeTable<'s>>) -> Self {
        Self { root }
    }

    #[must_use]
    pub fn root(&self) -> &Spanned<DeTable<'s>> {
        &self.root
    }

    /// Takes a top-level key out of the tree.
    pub fn remove(&mut self, key: &str) -> Option<Spanned<DeValue<'s>>> {
        self.root.get_mut().remove(key)
    }

    /// Lays `overlay` over this tree: tables merge key by key, everything else replaces.
    pub fn merge(&mut self, overlay: &DeTable<'s>) {
        merge_tables(self.root.get_mut(), overlay);
    }

    /// Whether the user typed a value at this path.
    #[must_use]
    pub fn contains(&self, path: &Path) -> bool {
        self.find(path).is_some()
    }

    /// The place of the value at `path`; of the nearest enclosing value where nothing was typed
    /// there; of the start of the file where nothing encloses it either.
    #[must_use]
    pub fn span(&self, path: &Path) -> Range<usize> {
        let mut at = Some(path.clone());
        while let Some(path) = at {
            match self.find(&path) {
                Some(Node::Value(value)) if value.get_ref().is_table() => {
                    return self.key_span(&path).unwrap_or_else(|| value.span());
                }
                Some(Node::Value(value)) => return value.span(),
                _ => at = path.parent(),
            }
        }
        0..0
    }

    /// The place of the key at the end of `path`, where it has one in the text.
    #[must_use]
    pub fn key_span(&self, path: &Path) -> Option<Range<usize>> {
        let Some(Segment::Key(key)) = path.segments().last() else {
            return None;
        };
        let table = match self.find(&path.clone().parent()?)? {
            Node::Table(table) => table,
            Node::Value(value) => value.get_ref().as_table()?,
        };
        table.get_key_value(key.as_str()).map(|(key, _)| key.span())
    }

    /// Removes the value at `path`, so that the rest of the tree can still be typed.
    pub fn remove_at(&mut self, path: &Path) {
        remove_from_table(self.root.get_mut(), path.segments());
    }

    /// Puts a string in a table of the top level.
    pub fn set_string(&mut self, table: &str, key: &'s str, value: &'s str) {
        let Some(DeValue::Table(table)) = self.root.get_mut().get_mut(table).map(Spanned::get_mut)
        else {
            return;
        };
        let span = table.get(key).map_or(0..0, Spanned::span);
        let value = DeValue::String(Cow::Borrowed(value));
        table.remove(key);
        table.insert(
            Spanned::new(span.clone(), Cow::Borrowed(key)),
            Spanned::new(span, value),
        );
    }

    /// Every date in the tree with its path, and what is written there.
    #[must_use]
    pub fn dates(&self) -> Vec<(Path, String)> {
        let mut found = Vec::new();
        walk(&Path::default(), self.root.get_ref(), &mut |path, value| {
            if let DeValue::Datetime(date) = value {
                found.push((path.clone(), date.to_string()));
            }
        });
        found
    }

    /// Every string in the tree with its path, keys left out.
    #[must_use]
    pub fn strings(&self) -> Vec<(Path, &str)> {
        let mut found = Vec::new();
        collect_strings(&Path::default(), self.root.get_ref(), &mut found);
        found
    }

    /// The tree as JSON, for validation by a JSON Schema. Dates become strings.
    #[must_use]
    pub fn to_json(&self) -> Value {
        table_to_json(self.root.get_ref())
    }

    fn find(&self, path: &Path) -> Option<Node<'_, 's>> {
        let mut node = Node::Table(self.root.get_ref());
        for segment in path.segments() {
            let next = match (segment, &node) {
                (Segment::Key(key), Node::Table(table)) => table.get(key.as_str()),
                (Segment::Key(key), Node::Value(value)) => {
                    value.get_ref().as_table()?.get(key.as_str())
                }
                (Segment::Index(index), Node::Value(value)) => {
                    value.get_ref().as_array()?.get(*index)
                }
                (Segment::Index(_), Node::Table(_)) => None,
            };
            node = Node::Value(next?);
        }
        Some(node)
    }
}

fn merge_tables<'s>(base: &mut DeTable<'s>, overlay: &DeTable<'s>) {
    for (key, value) in overlay {
        let name: &str = key.get_ref();
        if let (Some(DeValue::Table(base)), DeValue::Table(overlay)) =
            (base.get_mut(name).map(Spanned::get_mut), value.get_ref())
        {
            merge_tables(base, overlay);
            continue;
        }
        // A map keeps the key it has, and with it the span of the value that was replaced.
        base.remove(name);
        base.insert(key.clone(), value.clone());
    }
}

fn remove_from_table(table: &mut DeTable<'_>, way: &[Segment]) {
    match way {
        [Segment::Key(key)] => {
            table.remove(key.as_str());
        }
        [Segment::Key(key), rest @ ..] => {
            if let Some(value) = table.get_mut(key.as_str()) {
                remove_from_value(value.get_mut(), rest);
            }
        }
        _ => {}
    }
}

fn remove_from_value(value: &mut DeValue<'_>, way: &[Segment]) {
    match (value, way) {
        (DeValue::Table(table), way) => remove_from_table(table, way),
        (DeValue::Array(items), [Segment::Index(index)]) => {
            let kept = items.iter().enumerate();
            *items = kept
                .filter(|(position, _)| position != index)
                .map(|(_, item)| item.clone())
                .collect();
        }
        (DeValue::Array(items), [Segment::Index(index), rest @ ..]) => {
            if let Some(item) = items.get_mut(*index) {
                remove_from_value(item.get_mut(), rest);
            }
        }
        _ => {}
    }
}

fn collect_strings<'t>(at: &Path, table: &'t DeTable<'_>, found: &mut Vec<(Path, &'t str)>) {
    for (key, value) in table {
        collect_value(at.clone().key(key.get_ref()), value.get_ref(), found);
    }
}

fn collect_value<'t>(at: Path, value: &'t DeValue<'_>, found: &mut Vec<(Path, &'t str)>) {
    match value {
        DeValue::String(text) => found.push((at, text)),
        DeValue::Table(table) => collect_strings(&at, table, found),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_value(at.clone().index(index), item.get_ref(), found);
            }
        }
        _ => {}
    }
}

/// Visits every value of a table that is no table itself.
fn walk(at: &Path, table: &DeTable<'_>, visit: &mut dyn FnMut(&Path, &DeValue<'_>)) {
    for (key, value) in table {
        walk_value(&at.clone().key(key.get_ref()), value.get_ref(), visit);
    }
}

fn walk_value(at: &Path, value: &DeValue<'_>, visit: &mut dyn FnMut(&Path, &DeValue<'_>)) {
    match value {
        DeValue::Table(table) => walk(at, table, visit),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk_value(&at.clone().index(index), item.get_ref(), visit);
            }
        }
        other => visit(at, other),
    }
}

fn table_to_json(table: &DeTable<'_>) -> Value {
    let entries = table
        .iter()
        .map(|(key, value)| (text_of(key.get_ref()), value_to_json(value.get_ref())));
    Value::Object(entries.collect::<Map<_, _>>())
}

fn text_of(text: &DeString<'_>) -> String {
    Cow::into_owned(text.clone())
}

fn value_to_json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text_of(text)),
        DeValue::Integer(integer) => integer_to_json(integer),
        DeValue::Float(float) => float
            .as_str()
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map_or(Value::Null, Value::Number),
        DeValue::Boolean(boolean) => Value::Bool(*boolean),
        DeValue::Datetime(datetime) => Value::String(datetime.to_string()),
        DeValue::Array(items) => items
            .iter()
            .map(|item| value_to_json(item.get_ref()))
            .collect(),
        DeValue::Table(table) => table_to_json(table),
    }
}

/// An integer past 64 bits becomes a float, which every range of the schema refuses.
fn integer_to_json(integer: &DeInteger<'_>) -> Value {
    match i64::from_str_radix(integer.as_str(), integer.radix()) {
        Ok(number) => Value::from(number),
        Err(_) => Number::from_f64(f64::MAX).map_or(Value::Null, Value::Number),
    }
}

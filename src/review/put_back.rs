//! The second fleet with one key as it is in the first: what then still changes is not that key's work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::civil::Date;
use toml::{Table, Value};

use super::causes::Cause;
use super::side::{Side, terraform_of};
use crate::fleet::path::Segment;
use crate::render::{Engine, FileSet};

/// Renders the second fleet without a change. Each key is put back once, for all environments.
pub struct PutBack<'s> {
    engine: &'s Engine,
    today: Date,
    old: Option<Value>,
    new: Option<Value>,
    rendered: Mutex<BTreeMap<String, Rendering>>,
}

/// `None` where the fleet without the change breaks a rule.
type Rendering = Arc<OnceLock<Option<Arc<FileSet>>>>;

impl<'s> PutBack<'s> {
    pub fn new(engine: &'s Engine, before: &Side, after: &Side, today: Date) -> Self {
        let table = |side: &Side| side.source.text.parse::<Table>().ok().map(Value::Table);
        Self {
            engine,
            today,
            old: table(before),
            new: table(after),
            rendered: Mutex::default(),
        }
    }

    /// The root modules of the second fleet with one key as in the first; `None` where that breaks a rule.
    pub fn terraform_without(&self, cause: &Cause) -> Option<Arc<FileSet>> {
        let rendering = {
            let mut all = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(cause.path.clone()).or_default())
        };
        rendering.get_or_init(|| self.render(cause)).clone()
    }

    fn render(&self, cause: &Cause) -> Option<Arc<FileSet>> {
        let mut new = self.new.clone()?;
        let was = find(self.old.as_ref()?, &cause.segments).cloned();
        put(&mut new, &cause.segments, was)?;
        let text = toml::to_string(&new).ok()?;
        terraform_of(self.engine, text, self.today).map(Arc::new)
    }
}

fn find<'v>(value: &'v Value, path: &[Segment]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match step {
        Segment::Key(key) => value.get(key.as_str()),
        Segment::Index(index) => value.get(*index),
    })
}

fn put(value: &mut Value, path: &[Segment], now: Option<Value>) -> Option<()> {
    match (path, value) {
        ([Segment::Key(key)], Value::Table(table)) => {
            match now {
                Some(now) => table.insert(key.clone(), now),
                None => table.remove(key),
            };
            Some(())
        }
        ([Segment::Index(index)], Value::Array(array)) => {
            *array.get_mut(*index)? = now?;
            Some(())
        }
        ([Segment::Key(key), rest @ ..], Value::Table(table)) => {
            put(table.get_mut(key)?, rest, now)
        }
        ([Segment::Index(index), rest @ ..], Value::Array(array)) => {
            put(array.get_mut(*index)?, rest, now)
        }
        _ => None,
    }
}

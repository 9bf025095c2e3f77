//! The schema as PostgreSQL's own catalogue has it, and what of a change breaks programs that know the schema before.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::GenericClient;

/// A column of a table or a view.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    kind: String,
    is_required: bool,
    has_default: bool,
}

/// Tables and views, and what they refuse.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// By relation, and by the column's name.
    columns: BTreeMap<String, BTreeMap<String, Column>>,
    /// Constraints by relation and name: their text.
    constraints: BTreeMap<(String, String), String>,
    /// Relation and name of each unique index and of each trigger.
    unique: BTreeSet<(String, String)>,
    triggers: BTreeSet<(String, String)>,
}

const COLUMNS: &str = "
    SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull AND relkind = 'r',
           atthasdef OR attidentity <> ''
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped";
const CONSTRAINTS: &str = "
    SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid)
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
    WHERE relnamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'x')";
const UNIQUE: &str = "
    SELECT relname, indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    WHERE relnamespace = 'public'::regnamespace AND indisunique";
const TRIGGERS: &str = "
    SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal";

impl Catalog {
    pub async fn read(client: &impl GenericClient) -> Self {
        let rows = async |query: &str| client.query(query, &[]).await.expect("the catalogue");
        let mut catalog = Self::default();
        for row in rows(COLUMNS).await {
            let relation = catalog.columns.entry(row.get(0)).or_default();
            let column = Column {
                kind: row.get(2),
                is_required: row.get(3),
                has_default: row.get(4),
            };
            relation.insert(row.get(1), column);
        }
        let pair = |row: &tokio_postgres::Row| (row.get(0), row.get(1));
        for row in rows(CONSTRAINTS).await {
            catalog.constraints.insert(pair(&row), row.get(2));
        }
        catalog.unique = rows(UNIQUE).await.iter().map(pair).collect();
        catalog.triggers = rows(TRIGGERS).await.iter().map(pair).collect();
        catalog
    }

    /// What of the change from this schema to another breaks a program that knows this one.
    pub fn breaks(&self, after: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (relation, columns) in &self.columns {
            match after.columns.get(relation) {
                None => found.push(format!("{relation} is gone")),
                Some(now) => found.extend(column_breaks(relation, columns, now)),
            }
        }
        let is_old = |relation: &str| self.columns.contains_key(relation);
        for (key @ (relation, _), text) in &after.constraints {
            if !is_old(relation) || self.constraints.get(key) == Some(text) {
                continue;
            }
            match self.constraints.get(key) {
                None => found.push(format!("{relation} has a new constraint: {text}")),
                Some(before) => {
                    let refused = literals(before)
                        .into_iter()
                        .filter(|literal| !literals(text).contains(literal));
                    found.extend(refused.map(|literal| format!("{relation} refuses {literal}")));
                }
            }
        }
        for (before, now, what) in [
            (&self.unique, &after.unique, "unique index"),
            (&self.triggers, &after.triggers, "trigger"),
        ] {
            let added = now
                .difference(before)
                .filter(|(relation, _)| is_old(relation));
            found.extend(
                added.map(|(relation, name)| format!("{relation} has a new {what}: {name}")),
            );
        }
        found
    }
}

fn column_breaks(
    relation: &str,
    before: &BTreeMap<String, Column>,
    after: &BTreeMap<String, Column>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, column) in before {
        let place = format!("{relation}.{name}");
        let Some(now) = after.get(name) else {
            found.push(format!("{place} is gone"));
            continue;
        };
        if now.kind != column.kind {
            found.push(format!("{place} is {} and was {}", now.kind, column.kind));
        }
        match (column.is_required, now.is_required) {
            // A program that reads it does not expect that it is empty.
            (true, false) => found.push(format!("{place} may be empty")),
            (false, true) => found.push(format!("{place} may not be empty any more")),
            _ => {}
        }
        if column.has_default && !now.has_default {
            found.push(format!("{place} has no default any more"));
        }
    }
    for (name, now) in after {
        if !before.contains_key(name) && now.is_required && !now.has_default {
            found.push(format!(
                "{relation}.{name} needs a value that older programs do not write"
            ));
        }
    }
    found
}

/// The texts in a constraint, such as the values of a list.
fn literals(text: &str) -> BTreeSet<String> {
    let quoted = text.split('\'').skip(1).step_by(2);
    quoted.map(|literal| format!("'{literal}'")).collect()
}

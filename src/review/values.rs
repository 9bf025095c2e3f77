//! Looks into the values of a plan.

use serde_json::Value;

/// How deep rules look into values. Those of providers are far flatter.
pub const MAX_DEPTH: usize = 32;

/// Every value at a dotted path. A list on the way stands for each of its elements, because the
/// plan writes a nested block as a list.
#[must_use]
pub fn at<'v>(value: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut found = vec![value];
    for key in path.split('.') {
        found = found
            .into_iter()
            .flat_map(elements)
            .filter_map(|element| element.get(key))
            .collect();
    }
    found.into_iter().flat_map(elements).collect()
}

fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(elements) => elements.iter().flat_map(elements_of).collect(),
        other => vec![other],
    }
}

fn elements_of(value: &Value) -> Vec<&Value> {
    elements(value)
}

/// The strings at a dotted path.
pub fn strings_at<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = &'v str> {
    at(value, path).into_iter().filter_map(Value::as_str)
}

/// Whether a switch at this path is on. Launch templates write theirs as texts.
#[must_use]
pub fn is_on(value: &Value, path: &str) -> bool {
    at(value, path)
        .into_iter()
        .any(|found| found == &Value::Bool(true) || found == "true")
}

/// Whether a switch at this path is off, and said to be.
#[must_use]
pub fn is_off(value: &Value, path: &str) -> bool {
    at(value, path)
        .into_iter()
        .any(|found| found == &Value::Bool(false) || found == "false")
}

/// Whether nothing stands at this path.
#[must_use]
pub fn is_absent(value: &Value, path: &str) -> bool {
    at(value, path)
        .into_iter()
        .all(|found| found.is_null() || found == "")
}

/// Whether a marker of unknown or sensitive values covers anything at this path.
#[must_use]
pub fn is_marked(markers: &Value, path: &str) -> bool {
    if markers == &Value::Bool(true) {
        return true;
    }
    let mut found = vec![markers];
    for key in path.split('.') {
        let mut next = Vec::new();
        for element in found.into_iter().flat_map(elements) {
            match element {
                Value::Bool(true) => return true,
                other => next.extend(other.get(key)),
            }
        }
        found = next;
    }
    found.into_iter().any(has_mark)
}

/// Every path at which a marker stands, as [`at`] takes it.
#[must_use]
pub fn marked_paths(markers: &Value) -> Vec<String> {
    let mut found = Vec::new();
    mark(markers, "", 0, &mut found);
    found.sort();
    found.dedup();
    found
}

fn mark(markers: &Value, path: &str, depth: usize, found: &mut Vec<String>) {
    match markers {
        Value::Bool(true) => found.push(path.to_owned()),
        Value::Array(elements) if depth < MAX_DEPTH => {
            for element in elements {
                mark(element, path, depth + 1, found);
            }
        }
        Value::Object(members) if depth < MAX_DEPTH => {
            for (name, inner) in members {
                let below = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                mark(inner, &below, depth + 1, found);
            }
        }
        _ => {}
    }
}

fn has_mark(markers: &Value) -> bool {
    match markers {
        Value::Bool(marked) => *marked,
        Value::Array(elements) => elements.iter().any(has_mark),
        Value::Object(members) => members.values().any(has_mark),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_on_the_way_are_each_of_their_elements() {
        let value = json!({ "ingress": [{ "cidr_blocks": ["a", "b"] }, { "cidr_blocks": ["c"] }] });
        let found: Vec<&str> = strings_at(&value, "ingress.cidr_blocks").collect();
        assert_eq!(found, ["a", "b", "c"]);
    }

    #[test]
    fn a_mark_above_covers_what_is_below() {
        let markers = json!({ "ingress": [{ "cidr_blocks": [false, true] }], "policy": true });
        assert!(is_marked(&markers, "ingress.cidr_blocks"));
        assert!(is_marked(&markers, "policy"));
        assert!(!is_marked(&markers, "name"));
        assert!(is_marked(&json!(true), "name"));
    }
}

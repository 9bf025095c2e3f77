//! What Terraform will do to each resource when one rendered root module takes the place of another.
//! No AWS and no state: what was rendered before is taken for what there is.

use std::collections::{BTreeMap, BTreeSet};

use super::config::{Module, Object, Term};
use super::terraform_plan::Action;
use super::types;

/// One resource that changes.
#[derive(Clone, Debug)]
pub struct Change {
    pub address: String,
    pub kind: String,
    pub action: Action,
    /// Attributes that change, or may: those of which AWS only knows the new value are among them.
    pub attributes: Vec<String>,
    /// Attributes that cannot change in place.
    pub replaced_by: Vec<String>,
    /// Attributes whose new value is known only after the apply.
    pub unknown: Vec<String>,
    /// Whether nothing is known of the type, so that an update may be a replacement.
    pub may_replace: bool,
    pub before: Option<Object>,
    pub after: Option<Object>,
}

/// What is known of values that only AWS knows, while the plan is made.
#[derive(Default)]
struct Unknowns {
    /// Resources that are created or replaced, data sources that change.
    whole: BTreeSet<String>,
    /// Attributes that an update renews.
    attributes: BTreeSet<(String, String)>,
}

impl Unknowns {
    fn covers(&self, term: &Term) -> bool {
        let mut references = Vec::new();
        term.references(&mut references);
        references.iter().any(|(address, attribute)| {
            let first = attribute.split('.').next().unwrap_or_default();
            self.whole.contains(*address)
                || self
                    .attributes
                    .contains(&((*address).to_owned(), first.to_owned()))
        })
    }
}

/// Plans the way from one root module to another.
#[must_use]
pub fn plan(before: &Module, after: &Module) -> Vec<Change> {
    let (old, new) = (before.objects(), after.objects());
    let moves_region = before.region != after.region;
    let tags = before.default_tags != after.default_tags;
    let mut unknowns = Unknowns::default();
    // Each round carries what is unknown one reference further.
    loop {
        let changes = round(&old, &new, &unknowns, tags, moves_region);
        let next = unknowns_of(&changes, &old, &new, &unknowns);
        let is_done = next.whole == unknowns.whole && next.attributes == unknowns.attributes;
        unknowns = next;
        if is_done {
            return changes;
        }
    }
}

fn round(
    old: &BTreeMap<String, Object>,
    new: &BTreeMap<String, Object>,
    unknowns: &Unknowns,
    tags: bool,
    moves_region: bool,
) -> Vec<Change> {
    let addresses: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    addresses
        .into_iter()
        .filter_map(|address| match (old.get(address), new.get(address)) {
            (Some(before), None) if !before.is_data => Some(whole(before, Action::Destroy)),
            (None, Some(after)) if !after.is_data => Some(whole(after, Action::Create)),
            (Some(before), Some(after)) if !after.is_data => {
                changed(before, after, unknowns, tags, moves_region)
            }
            _ => None,
        })
        .collect()
}

fn whole(object: &Object, action: Action) -> Change {
    let is_created = action == Action::Create;
    Change {
        address: object.address.clone(),
        kind: object.kind.clone(),
        action,
        attributes: Vec::new(),
        replaced_by: Vec::new(),
        unknown: Vec::new(),
        may_replace: false,
        before: (!is_created).then(|| object.clone()),
        after: is_created.then(|| object.clone()),
    }
}

fn changed(
    before: &Object,
    after: &Object,
    unknowns: &Unknowns,
    tags: bool,
    moves_region: bool,
) -> Option<Change> {
    let names: BTreeSet<&String> = before.values.keys().chain(after.values.keys()).collect();
    let mut attributes = Vec::new();
    let mut unknown = Vec::new();
    for name in names {
        if after.ignored.contains(name) || types::is_write_only(name) {
            continue;
        }
        let (was, is) = (before.values.get(name), after.values.get(name));
        let is_unknown = is.is_some_and(|term| unknowns.covers(term));
        if is_unknown {
            unknown.push(name.clone());
        }
        if is_unknown || differs(&after.kind, name, was, is) {
            attributes.push(name.clone());
        }
    }
    if tags && types::is_tagged(&after.kind) && !attributes.iter().any(|name| name == "tags") {
        attributes.push("tags_all".to_owned());
    }
    if moves_region {
        attributes.push("region".to_owned());
    }
    if attributes.is_empty() {
        return None;
    }
    let facts = types::find(&after.kind).and_then(|facts| facts.force_new);
    let replaced_by: Vec<String> = attributes
        .iter()
        .filter(|name| {
            name.as_str() == "region" || facts.is_some_and(|known| known.contains(&name.as_str()))
        })
        .cloned()
        .collect();
    Some(Change {
        address: after.address.clone(),
        kind: after.kind.clone(),
        action: if replaced_by.is_empty() {
            Action::Update
        } else {
            Action::Replace
        },
        attributes,
        may_replace: facts.is_none(),
        replaced_by,
        unknown,
        before: Some(before.clone()),
        after: Some(after.clone()),
    })
}

/// Whether the provider sees a difference between two values.
fn differs(kind: &str, name: &str, was: Option<&Term>, is: Option<&Term>) -> bool {
    let normal = |term: Option<&Term>| match term {
        None | Some(Term::Null) => None,
        Some(term) if types::is_set(kind, name) => Some(sorted(term)),
        Some(term) => Some(term.clone()),
    };
    normal(was) != normal(is)
}

fn sorted(term: &Term) -> Term {
    match term {
        Term::List(terms) => {
            let mut terms = terms.clone();
            terms.sort();
            Term::List(terms)
        }
        other => other.clone(),
    }
}

fn unknowns_of(
    changes: &[Change],
    old: &BTreeMap<String, Object>,
    new: &BTreeMap<String, Object>,
    unknowns: &Unknowns,
) -> Unknowns {
    let mut next = Unknowns::default();
    for change in changes {
        match change.action {
            Action::Create | Action::Replace => {
                next.whole.insert(change.address.clone());
            }
            Action::Update => {
                let renewed = types::find(&change.kind).map_or(&[][..], |facts| facts.renewed);
                for attribute in renewed {
                    next.attributes
                        .insert((change.address.clone(), (*attribute).to_owned()));
                }
            }
            _ => {}
        }
    }
    for (address, data) in new.iter().filter(|(_, object)| object.is_data) {
        let is_same = old
            .get(address)
            .is_some_and(|before| before.values == data.values);
        let is_pending = data.values.values().any(|term| refers_to(term, changes));
        if !is_same || is_pending || data.values.values().any(|term| unknowns.covers(term)) {
            next.whole.insert(address.clone());
        }
    }
    next
}

/// Whether a term refers to a resource that changes in any way. Terraform reads such a data source
/// only in the apply (`read_because_dependency_pending`).
fn refers_to(term: &Term, changes: &[Change]) -> bool {
    let mut references = Vec::new();
    term.references(&mut references);
    references.iter().any(|(address, _)| {
        changes
            .binary_search_by(|change| change.address.as_str().cmp(address))
            .is_ok()
    })
}

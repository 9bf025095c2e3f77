//! What Terraform will do to each resource when one rendered root module takes the place of another.
//! No AWS and no state: what was rendered before is taken for what there is.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::config::{Module, Object, Term};
use super::terraform_plan::Action;
use super::{provider_rules, types};

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
    /// Whether only the account knows how many resources of this address there are.
    pub is_count_unknown: bool,
    /// Whether `prevent_destroy` forbids it, so that Terraform makes no plan at all.
    pub is_refused: bool,
    /// The address that it had before, where a `moved` block names it.
    pub moved_from: Option<String>,
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
pub fn plan_changes(before: &Module, after: &Module) -> Vec<Change> {
    let new = after.objects();
    let (old, moves) = if after.moved.is_empty() {
        (Cow::Borrowed(before.objects()), BTreeMap::new())
    } else {
        let (old, moves) = moved(before.objects().clone(), &after.moved);
        (Cow::Owned(old), moves)
    };
    let moves_region = before.region != after.region;
    let tags = before.default_tags != after.default_tags;
    let mut unknowns = Unknowns::default();
    // Each round carries what is unknown one reference further.
    loop {
        let mut changes = round(&old, new, &unknowns, tags, moves_region);
        let next = unknowns_of(&changes, &old, new, &unknowns);
        let is_done = next.whole == unknowns.whole && next.attributes == unknowns.attributes;
        unknowns = next;
        if is_done {
            finish(&mut changes, after, &moves);
            return changes;
        }
    }
}

/// What the configuration says beside values: what is let go, what is protected, what was moved.
fn finish(changes: &mut Vec<Change>, after: &Module, moves: &BTreeMap<String, String>) {
    for change in changes.iter_mut() {
        if change.action == Action::Destroy && after.forgets(&change.address) {
            change.action = Action::Forget;
        }
        change.is_refused = change.action.destroys() && after.prevents_destroy(&change.address);
    }
    for (from, to) in moves {
        match changes.iter_mut().find(|change| change.address == *to) {
            Some(change) => change.moved_from = Some(from.clone()),
            None => changes.push(Change {
                moved_from: Some(from.clone()),
                ..Change::of(to, Action::NoOp)
            }),
        }
    }
    changes.sort_by(|one, other| one.address.cmp(&other.address));
}

/// The objects of before under the addresses that `moved` blocks give them, and each move that was
/// made: from, to. A resource that is at the new address already stays where it is.
fn moved(
    mut old: BTreeMap<String, Object>,
    blocks: &[(String, String)],
) -> (BTreeMap<String, Object>, BTreeMap<String, String>) {
    // Origin and present address of what was moved, so that a chain of moves is one.
    let mut moves: BTreeMap<String, String> = BTreeMap::new();
    // A chain may be written in any order, and has as many links as there are blocks.
    for _ in blocks {
        for (from, to) in blocks {
            let addresses: Vec<String> = old.keys().cloned().collect();
            for address in addresses {
                let Some(target) = target(&address, from, to) else {
                    continue;
                };
                if old.contains_key(&target) {
                    continue;
                }
                let Some(mut object) = old.remove(&address) else {
                    continue;
                };
                target.clone_into(&mut object.address);
                old.insert(target.clone(), object);
                let origin = moves.iter().find(|(_, now)| **now == address);
                let origin = origin.map_or(address.clone(), |(origin, _)| origin.clone());
                moves.insert(origin, target);
            }
        }
    }
    if !moves.is_empty() {
        for object in old.values_mut() {
            for term in object.values.values_mut() {
                *term = term.renamed(&moves);
            }
        }
    }
    (old, moves)
}

/// Where a `moved` block moves an address: one resource, or all of a block with their keys.
fn target(address: &str, from: &str, to: &str) -> Option<String> {
    if address == from {
        return Some(to.to_owned());
    }
    let key = address.strip_prefix(from)?;
    (key.starts_with('[') && !to.ends_with(']')).then(|| format!("{to}{key}"))
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

impl Change {
    /// A change of which nothing is known but what happens to which resource.
    fn of(address: &str, action: Action) -> Self {
        Self {
            address: address.to_owned(),
            kind: address.split('.').next().unwrap_or_default().to_owned(),
            action,
            attributes: Vec::new(),
            replaced_by: Vec::new(),
            unknown: Vec::new(),
            may_replace: false,
            is_count_unknown: false,
            is_refused: false,
            moved_from: None,
            before: None,
            after: None,
        }
    }
}

fn whole(object: &Object, action: Action) -> Change {
    let is_created = action == Action::Create;
    Change {
        is_count_unknown: object.unknown_repetition.is_some(),
        before: (!is_created).then(|| object.clone()),
        after: is_created.then(|| object.clone()),
        ..Change::of(&object.address, action)
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
        if after.ignored.contains(name) || provider_rules::is_write_only(name) {
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
    if tags
        && provider_rules::is_tagged(&after.kind)
        && !attributes.iter().any(|name| name == "tags")
    {
        attributes.push("tags_all".to_owned());
    }
    if moves_region {
        attributes.push("region".to_owned());
    }
    let counts_otherwise = before.unknown_repetition != after.unknown_repetition;
    if counts_otherwise {
        attributes.push("count".to_owned());
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
        action: if replaced_by.is_empty() {
            Action::Update
        } else {
            Action::Replace
        },
        attributes,
        may_replace: facts.is_none(),
        is_count_unknown: after.unknown_repetition.is_some(),
        replaced_by,
        unknown,
        before: Some(before.clone()),
        after: Some(after.clone()),
        ..Change::of(&after.address, Action::Update)
    })
}

/// Whether the provider sees a difference between two values.
fn differs(kind: &str, name: &str, was: Option<&Term>, is: Option<&Term>) -> bool {
    // Most values are the same, and what the provider makes of them then is too.
    if was == is {
        return false;
    }
    let is_set = provider_rules::is_set(kind, name);
    let normal = |term| normal(kind, name, term, is_set);
    normal(was) != normal(is)
}

/// A value as the provider sees it.
fn normal<'t>(
    kind: &str,
    name: &str,
    term: Option<&'t Term>,
    is_set: bool,
) -> Option<Cow<'t, Term>> {
    match term {
        None | Some(Term::Null) => None,
        Some(Term::Text(text)) if provider_rules::is_default(kind, name, text) => None,
        Some(term) if is_set => Some(Cow::Owned(sorted(term))),
        Some(term) => Some(Cow::Borrowed(term)),
    }
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

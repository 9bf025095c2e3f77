//! Ways to set something in every environment, or in every entry.

use std::collections::BTreeMap;

use valet_gen::resolve::{Environment, Iam, Identity, Plan, Terraform};

pub fn each(plan: &mut Plan, change: impl Fn(&mut Environment)) {
    plan.environments.iter_mut().for_each(change);
}

pub fn each_identity(plan: &mut Plan, change: impl Fn(&mut Identity)) {
    change(&mut plan.account.identity);
    plan.environments
        .iter_mut()
        .for_each(|environment| change(&mut environment.identity));
}

pub fn each_terraform(plan: &mut Plan, change: impl Fn(&mut Terraform)) {
    change(&mut plan.account.terraform);
    plan.environments
        .iter_mut()
        .for_each(|environment| change(&mut environment.terraform));
}

pub fn each_iam(plan: &mut Plan, change: impl Fn(&mut Iam)) {
    change(&mut plan.account.iam);
    plan.environments
        .iter_mut()
        .for_each(|environment| change(&mut environment.iam));
}

/// Puts one entry under this key, beside those that are there.
pub fn insert<V: Clone>(map: &mut BTreeMap<String, V>, key: &str) {
    if let Some(value) = map.values().next().cloned() {
        map.insert(key.to_owned(), value);
    }
}

/// Leaves one entry, under this key: where keys are rendered as a list, another key would be at
/// another place of it.
pub fn only<V>(map: &mut BTreeMap<String, V>, key: &str) {
    if let Some((_, value)) = map.pop_first() {
        map.clear();
        map.insert(key.to_owned(), value);
    }
}

/// Gives every entry this value.
pub fn fill(map: &mut BTreeMap<String, String>, text: &str) {
    map.values_mut().for_each(|value| text.clone_into(value));
}

/// Gives every entry of a list this value.
pub fn fill_all(list: &mut [String], text: &str) {
    list.iter_mut().for_each(|value| text.clone_into(value));
}

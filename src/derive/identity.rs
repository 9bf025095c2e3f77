//! Names, paths and tags of an environment.

use std::collections::BTreeMap;

use crate::catalog::regions::{self, Region};
use crate::fleet::Identity;

/// The folder and the environment's name of what there is once per account; no environment may
/// have it.
pub const ACCOUNT: &str = "account";

/// `<fleet>-<environment>`, the beginning of every resource's name.
#[must_use]
pub fn prefix(identity: &Identity, environment: &str) -> String {
    format!("{}-{environment}", identity.name)
}

/// `/<fleet>/<environment>`, above every parameter, secret and log group.
#[must_use]
pub fn path(identity: &Identity, environment: &str) -> String {
    format!("/{}/{environment}", identity.name)
}

/// The bucket of session records, without the account's id at its end, which makes it unique.
#[must_use]
pub fn session_bucket(identity: &Identity, environment: &str) -> String {
    format!("{}-session", prefix(identity, environment))
}

/// A log group of the environment with this path.
#[must_use]
pub fn log_group(path: &str, name: &str) -> String {
    format!("{path}/{name}")
}

/// The partition of every ARN of the fleet.
#[must_use]
pub fn partition(identity: &Identity) -> &'static str {
    regions::find(&identity.region).map_or("aws", Region::partition)
}

/// The tag that says which resource it is.
const NAME_TAG: &str = "Name";

/// Tags of every resource, `Name` aside: those of fleet.toml and the generator's own.
#[must_use]
pub fn tags(identity: &Identity, environment: &str) -> BTreeMap<String, String> {
    let mut tags = identity.tags.clone();
    tags.extend([
        ("Environment".to_owned(), environment.to_owned()),
        ("Fleet".to_owned(), identity.name.clone()),
        ("ManagedBy".to_owned(), "valet-gen".to_owned()),
    ]);
    tags
}

/// Tags of what the group launches, `Name` among them.
#[must_use]
pub fn instance_tags(identity: &Identity, environment: &str) -> BTreeMap<String, String> {
    let mut tags = tags(identity, environment);
    let name = format!("{}-worker", prefix(identity, environment));
    tags.insert(NAME_TAG.to_owned(), name);
    tags
}

/// A name as an identifier of letters, digits and underscores. Two schedules or alarms whose names
/// differ only in `-` and `_` would be one resource in a format that has no hyphens in names.
#[must_use]
pub fn identifier(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::resource_names::RESERVED_TAG_KEYS;

    #[test]
    fn the_registry_of_own_tags_is_what_is_set() {
        let identity = Identity {
            name: "valet".to_owned(),
            region: "us-east-1".to_owned(),
            tags: BTreeMap::new(),
        };
        let tags = instance_tags(&identity, "staging");
        let set: Vec<&str> = tags.keys().map(String::as_str).collect();
        assert_eq!(set, RESERVED_TAG_KEYS);
    }
}

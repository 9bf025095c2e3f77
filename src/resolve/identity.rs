//! `[fleet]` with an environment: names, paths and tags.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::names;
use crate::fleet;

/// What an environment is called.
#[derive(Clone, Debug, Serialize)]
pub struct Identity {
    pub fleet: String,
    pub environment: String,
    pub region: String,
    /// `<fleet>-<environment>`, the beginning of every resource's name.
    pub prefix: String,
    /// `/<fleet>/<environment>`, above every parameter, secret and log group.
    pub path: String,
    /// The Auto Scaling group, which is also the fleet-level dimension of every metric.
    pub group: String,
    /// Tags of every resource, `Name` aside.
    pub tags: BTreeMap<String, String>,
    /// Tags of what the group launches, `Name` among them.
    pub instance_tags: BTreeMap<String, String>,
}

pub fn resolve(identity: &fleet::Identity, environment: &str) -> Identity {
    let fleet::Identity { name, region, tags } = identity;
    let prefix = format!("{name}-{environment}");
    let mut tags = tags.clone();
    tags.extend([
        ("Environment".to_owned(), environment.to_owned()),
        ("Fleet".to_owned(), name.clone()),
        ("ManagedBy".to_owned(), "valet-gen".to_owned()),
    ]);
    Identity {
        fleet: name.clone(),
        environment: environment.to_owned(),
        region: region.clone(),
        path: format!("/{name}/{environment}"),
        group: names::GROUP.with(&prefix),
        instance_tags: with_name(&tags, format!("{prefix}-worker")),
        prefix,
        tags,
    }
}

fn with_name(tags: &BTreeMap<String, String>, name: String) -> BTreeMap<String, String> {
    let mut tags = tags.clone();
    tags.insert("Name".to_owned(), name);
    tags
}

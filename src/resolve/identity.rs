//! `[fleet]` with an environment: names, paths and tags.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::resource_names;
use crate::{derive, fleet};

/// What an environment is called.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    let fleet::Identity {
        name,
        region,
        tags: _,
    } = identity;
    let prefix = derive::identity::prefix(identity, environment);
    Identity {
        fleet: name.clone(),
        environment: environment.to_owned(),
        region: region.clone(),
        path: derive::identity::path(identity, environment),
        group: resource_names::GROUP.with(&prefix),
        prefix,
        tags: derive::identity::tags(identity, environment),
        instance_tags: derive::identity::instance_tags(identity, environment),
    }
}

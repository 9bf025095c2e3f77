//! What the templates of the image and of its recipe are rendered with.

use serde::Serialize;
use serde_json::Value;

use crate::resolve::{Access, Environment, Identity, Image, Instances, Network, Plan, Worker};

/// The tables of an environment that an image depends on.
#[derive(Debug, Serialize)]
pub struct Context<'p> {
    identity: &'p Identity,
    network: &'p Network,
    instances: &'p Instances,
    image: &'p Image,
    worker: &'p Worker,
    access: &'p Access,
}

impl<'p> Context<'p> {
    pub fn of(environment: &'p Environment) -> Self {
        Self {
            identity: &environment.identity,
            network: &environment.network,
            instances: &environment.instances,
            image: &environment.image,
            worker: &environment.worker,
            access: &environment.access,
        }
    }
}

/// What each environment's templates are rendered with.
///
/// # Panics
/// Never: plain data can be serialized.
pub fn contexts(plan: &Plan) -> Vec<Value> {
    let environments = plan.environments.iter();
    environments
        .map(|environment| serde_json::to_value(Context::of(environment)))
        .map(|context| context.expect("plain data can be serialized"))
        .collect()
}

//! What the templates of the image are rendered with. Nothing that differs between two environments with the same image
//! is in it, so that no template can put it into one.

use serde::Serialize;
use serde_json::Value;

use crate::catalog::secret_rules::SECRET_RULES;
use crate::resolve::{Egress, Environment, Image, Plan};

/// The values that an image depends on.
#[derive(Debug, Serialize)]
pub struct ImageContext<'p> {
    image: MadeWith<'p>,
    worker: Programs<'p>,
    network: Reachable<'p>,
    access: WaysIn,
}

#[derive(Debug, Serialize)]
struct MadeWith<'p> {
    base: &'p crate::resolve::OperatingSystem,
    packages: &'p [String],
    controls: &'p [&'static str],
    checks: &'p [crate::resolve::Check],
    /// Kind and pattern, divided by a tab.
    secret_rules: Vec<String>,
    secret_exceptions: &'p [String],
    /// Whether the runtime's command is `node`.
    starts_node: bool,
    /// Whether AdsPower exists for the architecture.
    has_adspower: bool,
}

#[derive(Debug, Serialize)]
struct Programs<'p> {
    runtime_command: &'p [String],
    runtime_user: &'p str,
    adspower_user: &'p str,
    adspower_port: u32,
    novnc_port: u32,
}

#[derive(Debug, Serialize)]
struct Reachable<'p> {
    egress: &'p [Egress],
    has_ipv6_egress: bool,
}

#[derive(Debug, Serialize)]
struct WaysIn {
    instance_connect: bool,
}

impl<'p> ImageContext<'p> {
    /// Without `..` for the image's own table: a new key does not compile until somebody decides whether it shapes the
    /// image.
    pub fn of(environment: &'p Environment) -> Self {
        let Image {
            base,
            packages,
            controls,
            checks,
            secret_exceptions,
            // How it is made, where it goes and how long it is kept.
            builder: _,
            agent: _,
            source: _,
            locked_ami: _,
            build_instance_type: _,
            regions: _,
            share_with: _,
            // Whose image is launched instead.
            parameter: _,
            shared_by: _,
            retain_count: _,
            deprecate_after_days: _,
            waivers: _,
            // Files beside the rendered ones, with digests of their own.
            payload: _,
        } = &environment.image;
        let worker = &environment.worker;
        Self {
            image: MadeWith {
                base,
                packages,
                controls,
                checks,
                secret_rules: SECRET_RULES
                    .iter()
                    .map(|rule| format!("{}\t{}", rule.kind, rule.pattern))
                    .collect(),
                secret_exceptions,
                starts_node: worker
                    .runtime_command
                    .first()
                    .is_some_and(|it| it == "node"),
                has_adspower: base.architecture == "amd64",
            },
            worker: Programs {
                runtime_command: &worker.runtime_command,
                runtime_user: &worker.runtime_user,
                adspower_user: &worker.adspower_user,
                adspower_port: worker.adspower_port,
                novnc_port: worker.novnc_port,
            },
            network: Reachable {
                egress: &environment.network.egress,
                has_ipv6_egress: environment.network.has_ipv6_egress,
            },
            access: WaysIn {
                instance_connect: environment.access.instance_connect,
            },
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
        .map(|environment| serde_json::to_value(ImageContext::of(environment)))
        .map(|context| context.expect("plain data can be serialized"))
        .collect()
}

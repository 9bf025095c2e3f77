//! What the templates of the image are rendered with. Nothing that differs between two environments with the same image
//! is in it, so that no template can put it into one.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::contents::step_files;
use crate::catalog::secret_rules::SECRET_RULES;
use crate::derive::image_contents::host;
use crate::derive::payload::{ADSPOWER, NODE, needed};
use crate::fleet;
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
    /// Those of package sources of the fleet's own among them.
    packages: Vec<&'p str>,
    certificates: Vec<&'p str>,
    /// Names of the fleet's own package sources.
    sources: Vec<&'p str>,
    /// Their hosts.
    source_hosts: Vec<&'p str>,
    files: &'p [fleet::ImageFile],
    file_paths: Vec<&'p str>,
    /// Files of the steps of the fleet's own, in their order.
    steps: Vec<String>,
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
            ca_certificates,
            apt_sources,
            files,
            steps,
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
            keys: _,
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
        let needed = needed(&worker.runtime_command, environment.instances.architecture);
        Self {
            image: MadeWith {
                base,
                packages: all_packages(packages, apt_sources),
                certificates: names(ca_certificates, |it| &it.name),
                sources: names(apt_sources, |it| &it.name),
                source_hosts: apt_sources.iter().filter_map(|it| host(&it.uri)).collect(),
                files,
                file_paths: names(files, |it| &it.path),
                steps: step_files(steps),
                controls,
                checks,
                secret_rules: SECRET_RULES
                    .iter()
                    .map(|rule| format!("{}\t{}", rule.kind, rule.pattern))
                    .collect(),
                secret_exceptions,
                starts_node: needed.contains(&NODE),
                has_adspower: needed.contains(&ADSPOWER),
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

/// The packages that are installed, each once.
fn all_packages<'p>(packages: &'p [String], sources: &'p [fleet::AptSource]) -> Vec<&'p str> {
    let of_sources = sources.iter().flat_map(|source| &source.packages);
    let all: BTreeSet<&str> = packages
        .iter()
        .chain(of_sources)
        .map(String::as_str)
        .collect();
    all.into_iter().collect()
}

fn names<T>(parts: &[T], name: impl Fn(&T) -> &String) -> Vec<&str> {
    parts.iter().map(|part| name(part).as_str()).collect()
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

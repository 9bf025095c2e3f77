//! `valet-gen bake --plan`: what a bake would be made from, and what it would be called. Nothing is
//! asked of AWS.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Serialize;
use valet_bundle::{Bundle, BundleError, BundleSummary, PayloadFile, read_payload};

use super::bake::{payload_cache, results};
use super::bake_estimate::BakeEstimate;
use super::exit::{choose_environment, file_error, internal_error};
use super::payload::{Fetching, collect};
use super::pipeline::{fleet_file, plan_or_exit};
use super::{Exit, ResultFormat, print};
use crate::fleet::Builder;
use crate::images::config_sha256;
use crate::render::{Engine, FileSet, render};
use crate::resolve::Environment;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct BakePlanArgs<'r> {
    pub fleet: &'r Path,
    pub environment: Option<&'r str>,
    /// The folder of the payload.
    pub payload: Option<&'r Path>,
    /// The file that gets the bundle.
    pub bundle: Option<&'r Path>,
    pub format: ResultFormat,
}

/// What a bake would be. The field names are part of the interface.
#[derive(Debug, Serialize)]
struct BakePlan<'p> {
    environment: &'p str,
    builder: Builder,
    architecture: &'p str,
    base: Base<'p>,
    build_instance_type: &'p str,
    regions: &'p [String],
    share_with: &'p [String],
    /// The digest of the rendered files that go into the image.
    config_sha256: String,
    payload: Vec<PayloadFile>,
    bundle: BundleSummary,
    /// The key of the bundle in its bucket.
    bundle_key: String,
    /// The image's name; the time and the commit are those of the bake.
    image_name: String,
    /// The image that the environment launches now, where images.lock has one.
    locked_ami: Option<&'p str>,
    estimate: BakeEstimate,
}

#[derive(Debug, Serialize)]
struct Base<'p> {
    name: &'p str,
    /// The public SSM parameter with the id of the base image.
    parameter: &'p str,
}

pub fn run(request: BakePlanArgs<'_>) -> Exit {
    planned(request).unwrap_or_else(|exit| exit)
}

fn planned(request: BakePlanArgs<'_>) -> Result<Exit, Exit> {
    let plan = plan_or_exit(request.fleet)?;
    let environment = choose_environment(request.fleet, &plan, request.environment)?;
    let rendered = render(&Engine::new(), &plan).map_err(|error| internal_error(&error))?;
    let name = &environment.identity.environment;
    let fleet = fleet_file(request.fleet);
    let payload = match request.payload {
        Some(folder) => read_payload(folder).map_err(|error| bundle_error(&error))?,
        None => {
            let cache = payload_cache(&results(request.fleet, None));
            collect(&fleet, environment, &cache, Fetching::Nothing)?
        }
    };
    let files = bundle_files(&rendered, name);
    let bundle = Bundle {
        files: &files,
        payload: &payload,
    };
    let summary = write_bundle(&bundle, request.bundle)?;
    let config_sha256 = config_sha256(&rendered, name);
    let bundle_key = format!("bundles/{}.tar.zst", summary.sha256);
    let plan = BakePlan {
        environment: name,
        builder: environment.image.builder,
        architecture: environment.instances.architecture.as_str(),
        base: Base {
            name: environment.image.base.name,
            parameter: environment.image.base.parameter,
        },
        build_instance_type: &environment.image.build_instance_type,
        regions: &environment.image.regions,
        share_with: &environment.image.share_with,
        payload: payload.clone(),
        estimate: BakeEstimate::new(environment, &bundle_key),
        bundle_key,
        bundle: summary,
        image_name: image_name(environment, &config_sha256),
        config_sha256,
        locked_ami: environment.image.locked_ami.as_deref(),
    };
    match request.format {
        ResultFormat::Human => print::to_stdout(plan.text(request.bundle)),
        ResultFormat::Json => {
            print::line_to_stdout(serde_json::to_string_pretty(&plan).unwrap_or_default());
        }
    }
    Ok(Exit::Success)
}

/// The folders of an environment's rendering that the component unpacks.
pub fn bundle_files(rendered: &FileSet, environment: &str) -> BTreeMap<String, String> {
    let below = rendered.iter().filter_map(|(path, text)| {
        let path = path.strip_prefix(environment)?.strip_prefix('/')?;
        let is_in = path.starts_with("image/") || path.starts_with("cloudwatch/");
        is_in.then(|| (path.to_owned(), text.clone()))
    });
    below.collect()
}

/// As the recipes of both builders name it.
fn image_name(environment: &Environment, config_sha256: &str) -> String {
    format!(
        "{}-{}-<time>-<commit>-{}",
        environment.identity.prefix,
        environment.image.base.architecture,
        &config_sha256[..8]
    )
}

/// Writes the bundle beside its place and moves it there when it is whole; or only measures it.
fn write_bundle(bundle: &Bundle<'_>, path: Option<&Path>) -> Result<BundleSummary, Exit> {
    let Some(path) = path else {
        return bundle.summary().map_err(|error| bundle_error(&error));
    };
    let help = "choose a file in a folder that can be written, with --bundle";
    let refuse = |error: &std::io::Error| file_error(&path.display(), error, help);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(|error| refuse(&error))?;
    let file = tempfile::NamedTempFile::new_in(folder).map_err(|error| refuse(&error))?;
    let summary = bundle
        .write(file.as_file())
        .map_err(|error| bundle_error(&error))?;
    file.as_file().sync_all().map_err(|error| refuse(&error))?;
    file.persist(path).map_err(|error| refuse(&error.error))?;
    Ok(summary)
}

pub fn bundle_error(error: &BundleError) -> Exit {
    print::line_to_stderr(format_args!("error: {error}\n  help: {}", error.help()));
    Exit::Io
}

impl BakePlan<'_> {
    fn text(&self, written: Option<&Path>) -> String {
        let mut text = format!("{}: a bake would be made from\n", self.environment);
        let mut line = |what: &str, value: &str| {
            let _ = writeln!(text, "  {what:<16}{value}");
        };
        line("builder", builder_name(self.builder));
        line(
            "base",
            &format!("{}, {}", self.base.name, self.base.parameter),
        );
        line(
            "build host",
            &format!("{}, {}", self.build_instance_type, self.architecture),
        );
        line("configuration", &format!("sha256 {}", self.config_sha256));
        for file in &self.payload {
            let megabytes = file.bytes as f64 / 1e6;
            line(
                "payload",
                &format!("{}, {megabytes:.1} MB, sha256 {}", file.name, file.sha256),
            );
        }
        if self.payload.is_empty() {
            line(
                "payload",
                "none: the image has no agent, no runtime and no browser",
            );
        }
        let kilobytes = self.bundle.bytes as f64 / 1e3;
        line(
            "bundle",
            &format!("{kilobytes:.1} kB, sha256 {}", self.bundle.sha256),
        );
        line("bundle key", &self.bundle_key);
        line("image name", &self.image_name);
        line("copies to", &self.regions.join(", "));
        if !self.share_with.is_empty() {
            line("shared with", &self.share_with.join(", "));
        }
        line(
            "launched now",
            self.locked_ami.unwrap_or("what the SSM parameter names"),
        );
        text.push_str(&self.estimate.text());
        match written {
            Some(path) => {
                let _ = writeln!(text, "  {:<16}{}", "written", path.display());
            }
            None => text.push_str("Nothing was made.\n"),
        }
        text
    }
}

fn builder_name(builder: Builder) -> &'static str {
    match builder {
        Builder::ImageBuilder => "EC2 Image Builder",
        Builder::Packer => "Packer",
    }
}

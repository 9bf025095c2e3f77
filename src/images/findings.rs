//! What can be wrong with images.lock.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use valet_images_lock::ImageKey;

use super::digest::config_sha256;
use super::lock_file::LockFile;
use crate::diagnostic::{Diagnostic, DiagnosticReport, Explanation, Severity, Subject};
use crate::fleet::ImageSource;
use crate::render::FileSet;
use crate::resolve::Plan;

const INVALID: &str = "images-lock.invalid";
const NEWER_FORMAT: &str = "images-lock.newer-format";
const UNKNOWN: &str = "images-lock.unknown-environment";
const UNUSED: &str = "images-lock.unused";
const OTHER_CONFIGURATION: &str = "images-lock.other-configuration";

/// Every code of this file.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: INVALID,
        severity: Severity::Error,
        title: "images.lock is what bake writes",
        reason: "The file decides which machine image runs. What does not have the form that `valet-gen bake` \
              writes may be half of a merge, and is not guessed at.",
    },
    Explanation {
        code: NEWER_FORMAT,
        severity: Severity::Error,
        title: "images.lock has a format that this version reads",
        reason: "A newer valet-gen wrote it. An older one could overlook what it does not know.",
    },
    Explanation {
        code: UNKNOWN,
        severity: Severity::Warning,
        title: "Every locked image belongs to an environment",
        reason: "An entry of an environment, architecture or region that fleet.toml does not have is read by \
              nobody: the environment may have been renamed, and launches another image now.",
    },
    Explanation {
        code: UNUSED,
        severity: Severity::Warning,
        title: "A locked image is the one that Terraform launches",
        reason: "With `source = \"parameter\"` Terraform reads the SSM parameter, and what is locked changes nothing.",
    },
    Explanation {
        code: OTHER_CONFIGURATION,
        severity: Severity::Warning,
        title: "The locked image is the one that fleet.toml makes",
        reason: "Packages, controls, units and the configuration of the CloudWatch agent are part of the image. \
              What changed in fleet.toml since the bake is not on the instances until an image is baked and \
              promoted.",
    },
];

/// A text that is not a lock.
pub(super) fn invalid(message: &str, span: Range<usize>) -> Diagnostic {
    let help = "restore the file from version control; after a merge, take one side whole and promote again";
    diagnostic(
        INVALID,
        format!("images.lock is not valid: {message}"),
        span,
        "here",
        help.to_owned(),
    )
}

/// A lock that another version of this program wrote.
pub(super) fn newer_format(message: String, span: Range<usize>) -> Diagnostic {
    let help = "use the version of valet-gen that wrote it, or a newer one".to_owned();
    diagnostic(
        NEWER_FORMAT,
        message,
        span,
        "written by a newer version",
        help,
    )
}

/// Entries that nothing in the plan reads.
#[must_use]
pub fn against_plan(file: &LockFile, plan: &Plan) -> DiagnosticReport {
    let findings = file.lock.images.keys().filter_map(|key| {
        let mut environments = plan.environments.iter();
        let environment = environments.find(|it| it.identity.environment == key.environment);
        let span = span_of(file, key, None);
        let Some(environment) = environment else {
            let known: Vec<&str> = plan
                .environments
                .iter()
                .map(|it| it.identity.environment.as_str())
                .collect();
            return Some(diagnostic(
                UNKNOWN,
                format!("fleet.toml has no environment `{}`", key.environment),
                span,
                "this image is launched by nobody",
                format!("remove the entry, or name one of: {}", known.join(", ")),
            ));
        };
        let architecture = environment.instances.architecture.as_str();
        if key.architecture != architecture {
            return Some(diagnostic(
                UNKNOWN,
                format!(
                    "environment `{}` runs on {architecture}, and this image is for {}",
                    key.environment, key.architecture
                ),
                span,
                "this image is launched by nobody",
                "bake and promote an image of that architecture, and remove the entry".to_owned(),
            ));
        }
        // A copy in another region is what `[image] regions` asks for.
        let is_copied_to = environment.image.regions.contains(&key.region);
        if key.region != environment.identity.region && !is_copied_to {
            return Some(diagnostic(
                UNKNOWN,
                format!(
                    "environment `{}` is in {}, and its image has no copy in {}",
                    key.environment, environment.identity.region, key.region
                ),
                span,
                "this image is launched by nobody",
                "remove the entry, or add the region to `regions` in `[image]`".to_owned(),
            ));
        }
        (environment.image.source == Some(ImageSource::Parameter)).then(|| {
            diagnostic(
                UNUSED,
                format!(
                    "environment `{}` reads its image from the SSM parameter",
                    key.environment
                ),
                span,
                "this entry changes nothing",
                "remove the entry, or take `source = \"parameter\"` out of `[image]`".to_owned(),
            )
        })
    });
    DiagnosticReport::new(file.source.clone(), findings.collect())
}

/// Locked images that the rendered files do not make any more.
#[must_use]
pub fn against_files(file: &LockFile, plan: &Plan, files: &FileSet) -> DiagnosticReport {
    let mut findings = Vec::new();
    for environment in &plan.environments {
        let name = &environment.identity.environment;
        let key = ImageKey {
            environment: name.clone(),
            architecture: environment.instances.architecture.as_str().to_owned(),
            region: environment.identity.region.clone(),
        };
        let Some(image) = file.lock.images.get(&key) else {
            continue;
        };
        let now = config_sha256(files, name);
        if environment.image.locked_ami.is_none() || image.config_sha256.as_str() == now {
            continue;
        }
        findings.push(diagnostic(
            OTHER_CONFIGURATION,
            format!("{} of environment `{name}` was made from another configuration", image.ami),
            span_of(file, &key, Some("config_sha256")),
            &format!("fleet.toml makes {}…", &now[..12]),
            format!("bake an image of environment `{name}` and promote it; until then its instances run what was baked"),
        ));
    }
    DiagnosticReport::new(file.source.clone(), findings)
}

fn diagnostic(
    code: &'static str,
    message: String,
    span: Range<usize>,
    label: &str,
    help: String,
) -> Diagnostic {
    let explanation = EXPLANATIONS.iter().find(|it| it.code == code);
    let explanation = explanation.expect("every code is in the table");
    Diagnostic {
        code,
        severity: explanation.severity,
        title: explanation.title,
        reason: explanation.reason,
        message,
        subject: Subject::Source,
        span,
        label: label.to_owned(),
        related: Vec::new(),
        help,
        environments: Vec::new(),
    }
}

/// Where an entry, or one of its members, stands.
fn span_of(file: &LockFile, key: &ImageKey, member: Option<&str>) -> Range<usize> {
    let Ok(root) = DeTable::parse(&file.source.text) else {
        return 0..0;
    };
    let root = root.into_inner();
    let path = ["image", &key.environment, &key.architecture, &key.region];
    let mut table = &root;
    let mut span = 0..0;
    for name in path.into_iter().chain(member) {
        let Some(value) = table.get(name) else {
            return span;
        };
        span = Spanned::span(value);
        match value.get_ref() {
            DeValue::Table(below) => table = below,
            _ => return span,
        }
    }
    span
}

//! `valet-gen bake` on AWS.

use std::path::Path;

use valet_bake_aws::sdk::{self, Baked};
use valet_bake_aws::{ErrorKind, Request};
use valet_bundle::{Bundle, PayloadFile, read_payload};

use super::Asked;
use super::inputs::{Inputs, commit};
use super::show::{Begun, Ended, Progress, report, run};
use crate::cli::bake::results;
use crate::cli::bake_plan::{bundle_error, bundle_files};
use crate::cli::exit::{file_error, usage_error};
use crate::cli::pipeline::fleet_file;
use crate::cli::{Exit, ResultFormat, print};
use crate::fleet::Builder;
use crate::images::config_sha256;

/// The agent's name in the payload, as provisioning looks for it.
const AGENT: &str = "valet-worker";

pub fn make(asked: &Asked<'_>) -> Exit {
    made(asked).unwrap_or_else(|exit| exit)
}

fn made(asked: &Asked<'_>) -> Result<Exit, Exit> {
    let inputs = Inputs::read(asked.fleet, asked.environment)?;
    let environment = inputs.environment();
    let name = &environment.identity.environment;
    if environment.image.builder == Builder::Packer {
        return Err(usage_error(
            &format!("environment `{name}`"),
            &"its image is built by Packer, and `bake` runs Image Builder",
            &format!(
                "run `packer build` in generated/{name}/packer, or say `builder = \"imagebuilder\"` in [image]"
            ),
        ));
    }
    let payload = payload(asked)?;
    let folder = results(asked.fleet, asked.out);
    let bundle_file = bundle_file(&folder)?;
    let files = bundle_files(&inputs.files, name);
    let bundle = Bundle {
        files: &files,
        payload: &payload,
    };
    let summary = bundle
        .write(bundle_file.as_file())
        .map_err(|error| bundle_error(&error))?;
    let documents = inputs.documents()?;
    let config = config_sha256(&inputs.files, name);
    let commit = commit(&fleet_file(asked.fleet));
    let agent = payload.iter().find(|file| file.name == AGENT);
    let request = Request {
        fleet: &environment.identity.fleet,
        environment: name,
        prefix: &environment.identity.prefix,
        region: &environment.identity.region,
        architecture: environment.instances.architecture.as_str(),
        regions: &environment.image.regions,
        base_parameter: environment.image.base.parameter,
        base_owner: environment.image.base.owner,
        documents: &documents,
        config_sha256: &config,
        worker_sha256: agent.map(|file| file.sha256.as_str()),
        commit: commit.as_deref(),
        bundle: bundle_file.path(),
        bundle_sha256: &summary.sha256,
        deprecate_after_days: environment.image.deprecate_after_days,
        share_with: &environment.image.share_with,
        journals: &folder,
        resume: asked.resume,
        poll_seconds: asked.poll_seconds,
    };
    let begun = Begun::default();
    let mut progress = Progress::new();
    let ended = run(sdk::bake(&request, &|id| begun.set(id), &mut |event| {
        progress.show(event)
    }));
    progress.finish();
    Ok(end(asked, ended?, &begun))
}

fn end(asked: &Asked<'_>, ended: Ended<Baked>, begun: &Begun) -> Exit {
    let id = begun.get();
    match (ended, id) {
        (Ended::With(Ok(baked)), _) => {
            show(&baked, asked.format);
            Exit::Success
        }
        (Ended::With(Err(error)), id) => {
            let exit = report(&error);
            if let Some(id) =
                id.filter(|_| matches!(error.kind, ErrorKind::Resumable | ErrorKind::Refused))
            {
                print::line_to_stderr(format_args!("  resume: valet-gen bake --resume {id}"));
            }
            exit
        }
        (Ended::Interrupted, Some(id)) => {
            print::line_to_stderr(format_args!(
                "error: interrupted; what was begun goes on in AWS\n  help: go on with `valet-gen bake --resume {id}`, or remove it with `valet-gen bake abort {id}`"
            ));
            Exit::Resumable
        }
        (Ended::Interrupted, None) => {
            print::line_to_stderr(
                "error: interrupted before anything was made\n  help: run `valet-gen bake` again",
            );
            Exit::Interrupted
        }
    }
}

/// The payload: an image without it starts nothing, so it has to be named.
fn payload(asked: &Asked<'_>) -> Result<Vec<PayloadFile>, Exit> {
    let Some(folder) = asked.payload else {
        return Err(usage_error(
            &"bake",
            &"there is no payload: the image would have no agent, no runtime and no browser",
            "name the folder with --payload; docs/bake.md says what belongs in it",
        ));
    };
    read_payload(folder).map_err(|error| bundle_error(&error))
}

/// A file for the bundle, which goes with the process.
fn bundle_file(folder: &Path) -> Result<tempfile::NamedTempFile, Exit> {
    std::fs::create_dir_all(folder)
        .and_then(|()| {
            tempfile::Builder::new()
                .prefix(".bundle-")
                .tempfile_in(folder)
        })
        .map_err(|error| {
            file_error(
                &folder.display(),
                &error,
                "choose a writable folder with --out",
            )
        })
}

fn show(baked: &Baked, format: ResultFormat) {
    if format == ResultFormat::Json {
        print::line_to_stdout(serde_json::to_string_pretty(baked).unwrap_or_default());
        return;
    }
    print::line_to_stdout(format_args!("bake      {}", baked.bake_id));
    print::line_to_stdout(format_args!("base      {}", baked.source_ami));
    for image in &baked.images {
        let found = if image.found {
            "  (it was there; nothing was built)"
        } else {
            ""
        };
        print::line_to_stdout(format_args!(
            "{:<9} {}  {}{found}",
            image.region, image.ami, image.name
        ));
    }
    if let Some(checks) = baked.checks {
        print::line_to_stdout(format_args!(
            "checks    {} passed, {} skipped",
            checks.passed, checks.skipped
        ));
    }
}

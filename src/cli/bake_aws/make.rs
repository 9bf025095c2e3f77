//! `valet-gen bake` on AWS.

use std::path::Path;

use valet_bake_aws::sdk::packer::{self, PackerBake};
use valet_bake_aws::sdk::{self, BakeOutcome};
use valet_bake_aws::{AwsBakeRequest, AwsError, BakeId, ErrorKind, ImageKey};
use valet_bundle::{Bundle, PayloadFile, read_payload};

use super::inputs::{Inputs, commit};
use super::options::BakeOptions;
use super::preflight::before_bake;
use super::show::{Begun, Ended, Progress, report, run, run_plain};
use crate::cli::bake::{payload_cache, results};
use crate::cli::bake_plan::{bundle_error, bundle_files};
use crate::cli::exit::{file_error, usage_error};
use crate::cli::payload::{Fetching, collect};
use crate::cli::pipeline::fleet_file;
use crate::cli::{Exit, ResultFormat, print};
use crate::derive::payload::{AGENT, CONTROL, needed};
use crate::fleet::Builder;
use crate::images::config_sha256;
use crate::resolve::Environment;

pub fn make(asked: &BakeOptions<'_>) -> Exit {
    made(asked).unwrap_or_else(|exit| exit)
}

fn made(asked: &BakeOptions<'_>) -> Result<Exit, Exit> {
    let inputs = Inputs::read(asked.fleet, asked.environment)?;
    let environment = inputs.environment();
    let name = &environment.identity.environment;
    let payload = payload(asked, environment)?;
    refuse_missing(environment, &payload)?;
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
    let keys = image_keys(environment);
    let request = AwsBakeRequest {
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
        image_keys: &keys,
        journals: &folder,
        resume: asked.resume,
        poll_seconds: asked.poll_seconds,
    };
    if environment.image.builder == Builder::Packer {
        packer::look_for_programs().map_err(|error| report(&error))?;
    }
    ask_first(asked, name)?;
    match environment.image.builder {
        Builder::ImageBuilder => by_image_builder(asked, &request),
        Builder::Packer => {
            let packer = PackerBake {
                request: &request,
                template: inputs.template()?,
                build_instance_type: &environment.image.build_instance_type,
                unpack: &|folder| unpack_bundle(bundle_file.path(), folder),
            };
            by_packer(asked, &packer)
        }
    }
}

/// The keys of the image, as the bake asks for them.
pub fn image_keys(environment: &Environment) -> Vec<ImageKey> {
    let keys = environment.image.keys.iter();
    keys.map(|key| ImageKey {
        region: key.region.clone(),
        existing: key.existing.clone(),
    })
    .collect()
}

/// Asks the account what would make the bake fail, unless it goes on with what has its place there already.
fn ask_first(asked: &BakeOptions<'_>, environment: &str) -> Result<(), Exit> {
    match (asked.resume, asked.skip_preflight) {
        (Some(_), _) => Ok(()),
        (None, Some(reason)) => {
            print::line_to_stderr(format_args!("preflight     skipped: {reason}"));
            Ok(())
        }
        (None, None) => before_bake(asked.fleet, environment),
    }
}

fn by_image_builder(asked: &BakeOptions<'_>, request: &AwsBakeRequest<'_>) -> Result<Exit, Exit> {
    let begun = Begun::default();
    let mut progress = Progress::new();
    let asks = "interrupted: what was begun goes on in AWS. Once more leaves it to `valet-gen bake --resume`.";
    let began = |id: &BakeId| begun.set(id);
    let mut tell = |event| progress.show(event);
    let ended = run(asks, sdk::bake(request, &began, &mut tell));
    progress.finish();
    Ok(end(asked, ended?, &begun))
}

fn by_packer(asked: &BakeOptions<'_>, packer: &PackerBake<'_>) -> Result<Exit, Exit> {
    let begun = Begun::default();
    let mut progress = Progress::new();
    let asks = "interrupted: Packer goes on. Once more ends it, and removes what it has made.";
    let began = |id: &BakeId| begun.set(id);
    let mut tell = |event| progress.show(event);
    let ended = run(asks, packer::bake(packer, &began, &mut tell));
    progress.finish();
    let ended = ended?;
    let (Ended::Interrupted, Some(id)) = (&ended, begun.get()) else {
        return Ok(end(asked, ended, &begun));
    };
    // Packer ended with its work; what it left is removed, unless somebody is in a hurry.
    let mut progress = Progress::new();
    let asks = "interrupted: what Packer left is being removed. Once more leaves it.";
    let removed = run(
        asks,
        packer::clean_up(packer, &id, &mut |event| progress.show(event)),
    );
    progress.finish();
    match removed? {
        Ended::With(Ok(())) => {
            print::line_to_stderr(format_args!(
                "error: interrupted; what Packer had not finished is removed\n  help: begin again with `valet-gen bake --resume {id}`"
            ));
            Ok(Exit::Resumable)
        }
        Ended::With(Err(error)) => {
            report(&error);
            print::line_to_stderr(format_args!(
                "  help: remove what is left with `valet-gen bake abort {id}`"
            ));
            Ok(Exit::Leftovers)
        }
        Ended::Interrupted => {
            print::line_to_stderr(format_args!(
                "error: interrupted; something of the build host may be left\n  help: remove it with `valet-gen bake abort {id}`"
            ));
            Ok(Exit::Leftovers)
        }
    }
}

/// The bundle, where Packer's template looks for what it uploads.
fn unpack_bundle(bundle: &Path, folder: &Path) -> Result<(), AwsError> {
    valet_bundle::unpack(bundle, folder).map_err(|error| {
        AwsError::new(
            ErrorKind::File,
            folder.display(),
            error,
            "choose a writable folder with --out",
        )
    })
}

fn end(asked: &BakeOptions<'_>, ended: Ended<BakeOutcome>, begun: &Begun) -> Exit {
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
fn payload(asked: &BakeOptions<'_>, environment: &Environment) -> Result<Vec<PayloadFile>, Exit> {
    if let Some(folder) = asked.payload {
        return read_payload(folder).map_err(|error| bundle_error(&error));
    }
    let cache = payload_cache(&results(asked.fleet, asked.out));
    let region = &environment.identity.region;
    let fetch =
        |bucket: &str, key: &str, to: &Path| run_plain(sdk::fetch_object(region, bucket, key, to));
    let fleet = fleet_file(asked.fleet);
    let collected = collect(&fleet, environment, &cache, Fetching::With(&fetch))?;
    if collected.is_empty() {
        return Err(usage_error(
            &"bake",
            &"there is no payload: the image would have no agent, no runtime and no browser",
            "say where its programs are in [image.payload], or name a folder with --payload; docs/bake.md says what belongs in it",
        ));
    }
    Ok(collected)
}

/// Refuses a payload that provisioning would refuse, once there is a host.
fn refuse_missing(environment: &Environment, payload: &[PayloadFile]) -> Result<(), Exit> {
    if !environment.image.controls.contains(&CONTROL) {
        return Ok(());
    }
    let command = &environment.worker.runtime_command;
    let needed = needed(command, environment.instances.architecture).into_iter();
    let missing: Vec<&str> = needed
        .filter(|name| !payload.iter().any(|file| file.name == *name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(usage_error(
        &"the payload",
        &format!("it lacks {}", missing.join(", ")),
        "say where its programs are in [image.payload], or put them into the folder of --payload, each with its line in SHA256SUMS; docs/bake.md says what belongs in it",
    ))
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

fn show(baked: &BakeOutcome, format: ResultFormat) {
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

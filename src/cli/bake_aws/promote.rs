//! `valet-gen bake promote` and `valet-gen bake rollback`

use std::str::FromStr as _;
use std::time::Duration;

use valet_bake_aws::BakeId;
use valet_bake_aws::sdk::{self, Ec2Image, ImageChoice, PromotionTarget, RefreshRequest};
use valet_images_lock::{AmiId, ImagesLock};

use super::digests::refuse_other_content;
use super::inputs::Inputs;
use super::locked;
use super::show::{run_plain, with_progress};
use crate::cli::bake::{LifeArgs, PromoteArgs, RollbackArgs};
use crate::cli::exit::usage_error;
use crate::cli::{Exit, print};
use crate::resolve::Environment;

pub fn promote(arguments: &PromoteArgs) -> Exit {
    promoted(arguments).unwrap_or_else(|exit| exit)
}

fn promoted(arguments: &PromoteArgs) -> Result<Exit, Exit> {
    let of = &arguments.of;
    if let Some(ami) = &arguments.image
        && AmiId::from_str(ami).is_err()
    {
        return Err(usage_error(
            ami,
            &"this is not the id of an image",
            "an id is such as ami-0123456789abcdef0; `valet-gen bake list` shows those that there are",
        ));
    }
    if let Some(bake) = &arguments.bake
        && BakeId::parse(bake).is_none()
    {
        return Err(usage_error(
            bake,
            &"this is not the id of a bake",
            "an id ends with 16 hexadecimal digits; `valet-gen bake list --format json` shows those that there are",
        ));
    }
    let name = arguments.to.as_deref().or(of.environment.as_deref());
    let inputs = Inputs::read(&of.fleet, name)?;
    let environment = inputs.environment();
    let lock = locked::read(&of.fleet)?;
    let from = match &arguments.from {
        Some(from) => Some(launched(&inputs, &lock, of, from)?),
        None => None,
    };
    let choice = match (&arguments.image, &arguments.bake, &from) {
        (Some(ami), _, _) | (_, _, Some(ami)) => ImageChoice::Ami(ami),
        (_, Some(bake), _) => ImageChoice::Bake(bake),
        _ => ImageChoice::Newest,
    };
    let parameter = parameter(environment);
    let images = run_plain(sdk::promotable(target(environment, &parameter), choice))?;
    let entry = arguments
        .from
        .as_ref()
        .and_then(|from| locked::launched(&inputs, &lock, from));
    refuse_other_content(&inputs, &images, entry)?;
    if locked::is_used(environment, &lock) {
        refuse_refresh(environment, arguments.refresh)?;
        return lock_images(of, environment, lock, &images);
    }
    write_parameter(
        environment,
        &parameter,
        home(environment, &images)?,
        arguments.refresh.then_some(arguments.poll),
    )
}

pub fn rollback(arguments: &RollbackArgs) -> Exit {
    rolled_back(arguments).unwrap_or_else(|exit| exit)
}

fn rolled_back(arguments: &RollbackArgs) -> Result<Exit, Exit> {
    let of = &arguments.of;
    let inputs = Inputs::read(&of.fleet, of.environment.as_deref())?;
    let environment = inputs.environment();
    let mut lock = locked::read(&of.fleet)?;
    let parameter = parameter(environment);
    let target = target(environment, &parameter);
    if locked::is_used(environment, &lock) {
        refuse_refresh(environment, arguments.refresh)?;
        let mut before = None;
        for region in &environment.image.regions {
            let key = locked::key(environment, region);
            if lock.roll_back(&key) && *region == environment.identity.region {
                before = lock.images.get(&key).map(|image| image.ami.to_string());
            }
        }
        let Some(ami) = before else {
            return Err(usage_error(
                &locked::path(&of.fleet).display(),
                &format!(
                    "environment `{}` has launched no other image before",
                    environment.identity.environment
                ),
                "promote one with `valet-gen bake promote --image AMI`",
            ));
        };
        let images = run_plain(sdk::promotable(target, ImageChoice::Ami(&ami)))?;
        let name = &environment.identity.environment;
        refuse_other_content(&inputs, &images, locked::launched(&inputs, &lock, name))?;
        locked::write(&of.fleet, &lock)?;
        print::line_to_stdout(format_args!(
            "{} launches {ami} again, once images.lock is merged and applied",
            environment.identity.environment
        ));
        return Ok(Exit::Success);
    }
    let before = run_plain(sdk::parameter_before(target))?;
    let images = run_plain(sdk::promotable(target, ImageChoice::Ami(&before)))?;
    write_parameter(
        environment,
        &parameter,
        home(environment, &images)?,
        arguments.refresh.then_some(arguments.poll),
    )
}

/// What an environment launches: by the lock, or by its parameter.
fn launched(inputs: &Inputs, lock: &ImagesLock, of: &LifeArgs, name: &str) -> Result<String, Exit> {
    let from = inputs.find(name).ok_or_else(|| {
        usage_error(
            &of.fleet.display(),
            &format!("there is no environment `{name}`"),
            "name one of fleet.toml with --from",
        )
    })?;
    let to = inputs.environment();
    if from.identity.region != to.identity.region {
        return Err(usage_error(
            &format!("environment `{name}`"),
            &format!(
                "it is in {}, and `{}` in {}",
                from.identity.region, to.identity.environment, to.identity.region
            ),
            "name the image's copy in that region with --image",
        ));
    }
    if locked::is_used(from, lock) {
        let entry = lock.images.get(&locked::key(from, &from.identity.region));
        return entry.map(|image| image.ami.to_string()).ok_or_else(|| {
            usage_error(
                &format!("environment `{name}`"),
                &"images.lock has no image of it",
                "promote one to it first",
            )
        });
    }
    run_plain(sdk::parameter_now(&from.identity.region, &parameter(from)))
}

fn refuse_refresh(environment: &Environment, refresh: bool) -> Result<(), Exit> {
    if !refresh {
        return Ok(());
    }
    Err(usage_error(
        &"--refresh",
        &format!(
            "images.lock says what `{}` launches, so `terraform apply` rolls it out",
            environment.identity.environment
        ),
        "leave --refresh out, merge images.lock and apply; or say `source = \"parameter\"` in [image]",
    ))
}

fn lock_images(
    of: &LifeArgs,
    environment: &Environment,
    mut lock: ImagesLock,
    images: &[Ec2Image],
) -> Result<Exit, Exit> {
    for image in images {
        lock.promote(
            locked::key(environment, &image.region),
            locked::entry(environment, image)?,
        );
    }
    locked::write(&of.fleet, &lock)?;
    let name = &environment.identity.environment;
    for image in images {
        print::line_to_stdout(format_args!(
            "{name}, {}: {}  {}",
            image.region, image.ami, image.name
        ));
    }
    print::line_to_stdout(
        "images.lock says so now. `valet-gen render`, review the change, merge it and apply it.",
    );
    Ok(Exit::Success)
}

/// Writes the parameter, and replaces the instances where seconds between two looks at that are given.
fn write_parameter(
    environment: &Environment,
    parameter: &str,
    image: &Ec2Image,
    refresh: Option<u64>,
) -> Result<Exit, Exit> {
    let target = target(environment, parameter);
    let written = with_progress(|tell| run_plain(sdk::write_parameter(target, &image.ami, tell)))?;
    match written {
        Some(before) => print::line_to_stdout(format_args!(
            "{parameter}: {} (before: {before})",
            image.ami
        )),
        None => print::line_to_stdout(format_args!("{parameter}: {}", image.ami)),
    }
    let Some(seconds) = refresh else {
        print::line_to_stdout(
            "New instances launch it after the next `terraform apply`; --refresh replaces those that run.",
        );
        return Ok(Exit::Success);
    };
    let group = &environment.identity.group;
    let rollout = RefreshRequest {
        group,
        alarm: environment.alerts.refresh_alarm.as_deref(),
        poll: Duration::from_secs(seconds),
    };
    let refresh = with_progress(|tell| run_plain(sdk::refresh(target, rollout, &image.ami, tell)))?;
    print::line_to_stdout(format_args!(
        "{group}: every instance is of {} (refresh {})",
        image.ami, refresh.id
    ));
    Ok(Exit::Success)
}

/// The image in the environment's own region.
fn home<'i>(environment: &Environment, images: &'i [Ec2Image]) -> Result<&'i Ec2Image, Exit> {
    let region = &environment.identity.region;
    images
        .iter()
        .find(|image| image.region == *region)
        .ok_or_else(|| {
            usage_error(
                &format!("environment `{}`", environment.identity.environment),
                &format!("`regions` in [image] leaves out its own region, {region}"),
                "name the region there, and bake again",
            )
        })
}

pub fn parameter(environment: &Environment) -> String {
    format!("{}/ami", environment.identity.path)
}

pub fn target<'e>(environment: &'e Environment, parameter: &'e str) -> PromotionTarget<'e> {
    PromotionTarget {
        fleet: &environment.identity.fleet,
        environment: &environment.identity.environment,
        region: &environment.identity.region,
        regions: &environment.image.regions,
        architecture: environment.instances.architecture.as_str(),
        parameter,
    }
}

//! `valet-gen bake promote` and `valet-gen bake rollback`

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use valet_bake_aws::BakeId;
use valet_bake_aws::sdk::{
    self, Ec2Image, ImageChoice, PromotionTarget, RefreshRequest, StartedRefresh,
};
use valet_images_lock::{AmiId, ImagesLock};

use super::digests::{refuse_other_content, refuse_other_environment};
use super::inputs::Inputs;
use super::locked;
use super::make::image_keys;
use super::promotion::{Promotion, PromotionSource};
use super::show::{run_plain, with_progress};
use crate::cli::bake::{LifeArgs, PromoteArgs, RollbackArgs};
use crate::cli::exit::usage_error;
use crate::cli::{Exit, ResultFormat, print};
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
    let images = launchable(environment, target(environment, &parameter), choice)?;
    let entry = arguments
        .from
        .as_ref()
        .and_then(|from| locked::launched(&inputs, &lock, from));
    refuse_other_content(&inputs, &images, entry)?;
    refuse_other_environment(&inputs, &images)?;
    if locked::is_used(environment, &lock) {
        refuse_refresh(environment, arguments.refresh)?;
        return lock_images(of, environment, lock, &images);
    }
    let refresh = arguments.refresh.then_some(arguments.poll);
    let home = home(environment, &images)?;
    write_parameter(environment, &parameter, home, refresh, of.format)
}

/// The image that is asked for, in every region, once it is proven that the environment can launch it.
fn launchable(
    environment: &Environment,
    target: PromotionTarget<'_>,
    choice: ImageChoice<'_>,
) -> Result<Vec<Ec2Image>, Exit> {
    let images = run_plain(sdk::promotable(target, choice))?;
    let keys = image_keys(environment);
    if !keys.is_empty() {
        let prefix = &environment.identity.prefix;
        run_plain(sdk::refuse_other_keys(
            target.region,
            prefix,
            &keys,
            &images,
        ))?;
    }
    Ok(images)
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
        let images = launchable(environment, target, ImageChoice::Ami(&ami))?;
        let name = &environment.identity.environment;
        refuse_other_content(&inputs, &images, locked::launched(&inputs, &lock, name))?;
        locked::write(&of.fleet, &lock)?;
        if of.format == ResultFormat::Json {
            Promotion::in_lock(name, &images).print();
        } else {
            print::line_to_stdout(format_args!(
                "{name} launches {ami} again, once images.lock is merged and applied"
            ));
        }
        return Ok(Exit::Success);
    }
    let before = run_plain(sdk::parameter_before(target))?;
    let images = launchable(environment, target, ImageChoice::Ami(&before))?;
    refuse_other_content(&inputs, &images, None)?;
    let refresh = arguments.refresh.then_some(arguments.poll);
    let home = home(environment, &images)?;
    write_parameter(environment, &parameter, home, refresh, of.format)
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
    if of.format == ResultFormat::Json {
        Promotion::in_lock(name, images).print();
        return Ok(Exit::Success);
    }
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
    format: ResultFormat,
) -> Result<Exit, Exit> {
    let target = target(environment, parameter);
    let say = |line: fmt::Arguments<'_>| {
        if format == ResultFormat::Human {
            print::line_to_stdout(line);
        }
    };
    let before = with_progress(|tell| run_plain(sdk::write_parameter(target, &image.ami, tell)))?;
    match &before {
        Some(before) => say(format_args!(
            "{parameter}: {} (before: {before})",
            image.ami
        )),
        None => say(format_args!("{parameter}: {}", image.ami)),
    }
    let refreshed = match refresh {
        Some(seconds) => Some(replace_instances(target, environment, image, seconds)?.id),
        None => None,
    };
    match &refreshed {
        Some(id) => say(format_args!(
            "{}: every instance is of {} (refresh {id})",
            environment.identity.group, image.ami
        )),
        None => say(format_args!(
            "New instances launch it after the next `terraform apply`; --refresh replaces those that run."
        )),
    }
    if format == ResultFormat::Json {
        let done = Promotion {
            environment: &environment.identity.environment,
            source: PromotionSource::Parameter,
            images: vec![image.into()],
            before,
            refresh: refreshed,
        };
        done.print();
    }
    Ok(Exit::Success)
}

fn replace_instances(
    target: PromotionTarget<'_>,
    environment: &Environment,
    image: &Ec2Image,
    seconds: u64,
) -> Result<StartedRefresh, Exit> {
    let rollout = RefreshRequest {
        group: &environment.identity.group,
        alarm: environment.alerts.refresh_alarm.as_deref(),
        poll: Duration::from_secs(seconds),
    };
    with_progress(|tell| run_plain(sdk::refresh(target, rollout, &image.ami, tell)))
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

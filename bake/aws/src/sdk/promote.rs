//! An image becomes the one that an environment launches, and the one of before comes back.

use std::time::Duration;

use aws_sdk_ssm::types::ParameterType;

use super::clients::{AwsClients, connect};
use super::find::{Ec2Image, image, images_of, images_with};
use super::finish::{problem, tag_resources};
use super::refusal::{is_missing, refusal};
use crate::error::{AwsError, ErrorKind};
use crate::progress::ProgressEvent;
use crate::tags;

/// The environment that gets an image.
#[derive(Clone, Copy, Debug)]
pub struct PromotionTarget<'t> {
    pub fleet: &'t str,
    pub environment: &'t str,
    pub region: &'t str,
    /// Every region that has a copy.
    pub regions: &'t [String],
    /// As EC2 names it: `x86_64` or `arm64`.
    pub architecture: &'t str,
    /// The SSM parameter that Terraform reads, `<path>/ami`.
    pub parameter: &'t str,
}

/// Which image is asked for.
#[derive(Clone, Copy, Debug)]
pub enum ImageChoice<'c> {
    /// The newest verified one of the environment.
    Newest,
    /// By its id in the environment's region.
    Ami(&'c str),
    /// By the bake that made it.
    Bake(&'c str),
}

/// How many answers in a row have to say that an image is available.
const ANSWERS: u32 = 3;

/// The image that is asked for, in every region, with its checks: available several times in a row, of the right
/// architecture, encrypted, with IMDSv2, not public, verified.
///
/// # Errors
/// When there is none, or one of them does not hold: nothing is promoted then.
pub async fn promotable(
    target: PromotionTarget<'_>,
    choice: ImageChoice<'_>,
) -> Result<Vec<Ec2Image>, AwsError> {
    let account = connect(target.region).await?;
    let chosen = choose(&account, target, choice).await?;
    let bake = chosen.tag_value(tags::BAKE_ID).to_owned();
    let mut images = Vec::new();
    for region in target.regions {
        let copy = if *region == target.region {
            Some(chosen.clone())
        } else {
            let tag = format!("tag:{}", tags::BAKE_ID);
            images_with(&account, region, &[(&tag, &bake)])
                .await?
                .into_iter()
                .next()
        };
        let copy = copy.ok_or_else(|| {
            unsafe_image(
                &chosen,
                &format!("it has no copy in {region}"),
                &format!("bake again: `regions` in [image] names {region}"),
            )
        })?;
        for _ in 0..ANSWERS {
            check(&account, target, &copy).await?;
        }
        images.push(copy);
    }
    Ok(images)
}

async fn choose(
    account: &AwsClients,
    target: PromotionTarget<'_>,
    choice: ImageChoice<'_>,
) -> Result<Ec2Image, AwsError> {
    let none = |what: String, help: &str| {
        AwsError::new(ErrorKind::Unsafe, what, "there is no such image", help)
    };
    match choice {
        ImageChoice::Ami(ami) => {
            let found = image(account, target.region, ami).await?;
            found.ok_or_else(|| {
                none(
                    format!("{ami} in {}", target.region),
                    "`valet-gen bake list` shows what there is",
                )
            })
        }
        ImageChoice::Bake(id) => {
            let tag = format!("tag:{}", tags::BAKE_ID);
            let found = images_with(account, target.region, &[(&tag, id)]).await?;
            found.into_iter().next().ok_or_else(|| {
                none(
                    format!("bake {id}"),
                    "`valet-gen bake list` shows what there is",
                )
            })
        }
        ImageChoice::Newest => {
            let found = images_of(account, target.region, target.fleet, target.environment).await?;
            found.into_iter().find(Ec2Image::is_usable).ok_or_else(|| {
                let what = format!("a verified image of environment `{}`", target.environment);
                none(
                    what,
                    "run `valet-gen bake` first, or name one with --image or --from",
                )
            })
        }
    }
}

/// Asks for the image again, and holds it against what may be launched.
async fn check(
    account: &AwsClients,
    target: PromotionTarget<'_>,
    expected: &Ec2Image,
) -> Result<(), AwsError> {
    let found = image(account, &expected.region, &expected.ami).await?;
    let found = found
        .ok_or_else(|| unsafe_image(expected, "it is not there any more", "choose another one"))?;
    let problem = problem(&found, target.architecture).or_else(|| {
        let status = found.tag_value(tags::STATUS);
        let is_ours = found.tag_value("Fleet") == target.fleet;
        if !is_ours {
            Some(format!("it is not an image of fleet `{}`", target.fleet))
        } else if tags::is_whole(status) {
            None
        } else {
            Some(format!(
                "its {} is `{status}`, and not `{}`",
                tags::STATUS,
                tags::VERIFIED
            ))
        }
    });
    match problem {
        None => Ok(()),
        Some(problem) => Err(unsafe_image(
            &found,
            &problem,
            "choose another image, or bake again",
        )),
    }
}

fn unsafe_image(image: &Ec2Image, problem: &str, help: &str) -> AwsError {
    AwsError::new(
        ErrorKind::Unsafe,
        format!("{} in {}", image.ami, image.region),
        problem,
        help,
    )
}

async fn tag_promoted(
    account: &AwsClients,
    target: PromotionTarget<'_>,
    ami: &str,
) -> Result<(), AwsError> {
    let status = (tags::STATUS, tags::PROMOTED.to_owned());
    tag_resources(account, target.region, [&ami.to_owned()], &[status]).await
}

/// How often the parameter is asked for after it was written: EC2 looks at the image before the new version counts.
const READ_BACKS: u32 = 20;

/// Writes the parameter that Terraform reads, and waits until its version and its value are those that were written.
///
/// # Errors
/// When AWS refuses it, or the parameter does not become what was written.
pub async fn write_parameter(
    target: PromotionTarget<'_>,
    ami: &str,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<Option<String>, AwsError> {
    let account = connect(target.region).await?;
    let name = target.parameter;
    let before = value(&account, name).await?;
    if before.as_ref().is_some_and(|(value, _)| *value == ami) {
        // Whoever wrote it may have been stopped before it was tagged.
        let found = image(&account, target.region, ami).await?;
        if found.is_some_and(|it| it.tag_value(tags::STATUS) != tags::PROMOTED) {
            tag_promoted(&account, target, ami).await?;
        }
        return Ok(None);
    }
    let sent = account
        .ssm()
        .put_parameter()
        .name(name)
        .value(ami)
        .data_type("aws:ec2:image")
        .r#type(ParameterType::String)
        .overwrite(true)
        .send()
        .await
        .map_err(|error| refusal("ssm:PutParameter", &error))?;
    for _ in 0..READ_BACKS {
        if value(&account, name).await? == Some((ami.to_owned(), sent.version())) {
            tag_promoted(&account, target, ami).await?;
            return Ok(before.map(|(value, _)| value));
        }
        tell(ProgressEvent::Shows(format!(
            "waits for {name}, version {}",
            sent.version()
        )));
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    Err(AwsError::new(
        ErrorKind::Unsafe,
        format!("parameter {name}"),
        format!(
            "it was written and does not become {ami}: EC2 does not find the image, or somebody else writes"
        ),
        "look at the parameter's history in Systems Manager",
    ))
}

/// A parameter's value and version.
async fn value(account: &AwsClients, name: &str) -> Result<Option<(String, i64)>, AwsError> {
    match account.ssm().get_parameter().name(name).send().await {
        Ok(answer) => Ok(answer
            .parameter()
            .and_then(|it| Some((it.value()?.to_owned(), it.version())))),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(refusal("ssm:GetParameter", &error)),
    }
}

/// The image that a parameter names.
///
/// # Errors
/// When there is no such parameter, or AWS refuses the call.
pub async fn parameter_now(region: &str, name: &str) -> Result<String, AwsError> {
    let account = connect(region).await?;
    let found = value(&account, name).await?;
    found.map(|(value, _)| value).ok_or_else(|| {
        AwsError::new(
            ErrorKind::Unsafe,
            format!("parameter {name}"),
            "it is not there",
            "promote an image to the environment first",
        )
    })
}

/// The image that the parameter named before the one of now.
///
/// # Errors
/// When there is none, or AWS refuses the call.
pub async fn parameter_before(target: PromotionTarget<'_>) -> Result<String, AwsError> {
    let account = connect(target.region).await?;
    let mut versions = Vec::new();
    let mut pages = account
        .ssm()
        .get_parameter_history()
        .name(target.parameter)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| refusal("ssm:GetParameterHistory", &error))?;
        versions.extend(
            page.parameters()
                .iter()
                .filter_map(|it| Some((it.version(), it.value()?.to_owned()))),
        );
    }
    versions.sort_unstable();
    let now = versions.pop().map(|(_, value)| value);
    let before = versions
        .into_iter()
        .rev()
        .map(|(_, value)| value)
        .find(|value| Some(value) != now.as_ref());
    before.ok_or_else(|| {
        AwsError::new(
            ErrorKind::Unsafe,
            format!("parameter {}", target.parameter),
            "it has named no other image before",
            "promote one with `valet-gen bake promote --image AMI`",
        )
    })
}

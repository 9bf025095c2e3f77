//! What is left when Image Builder has made an image: attributes that it cannot set, tags, and proof that they are
//! there.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::{AttributeValue, Tag};
use serde_json::json;

use super::bundle;
use super::clients::AwsClients;
use super::find::{Ec2Image, image};
use super::journal_writer::JournalWriter;
use super::refusal::refusal;
use super::run::baked_image;
use super::share::share;
use crate::bake_id::{BakeId, digest_hex};
use crate::error::{AwsError, ErrorKind};
use crate::image_documents::BuildContext;
use crate::progress::ProgressEvent;
use crate::request::{AwsBakeRequest, BakedImage, CheckCounts};
use crate::tags;
use crate::verify_report::VerifyReport;

/// How many answers in a row have to say that an image is available: one that was just made is found by one of
/// EC2's servers and not by the next.
const ANSWERS: u32 = 3;

/// How long an image may take to be available in its region, in seconds.
const AVAILABLE_SECONDS: u64 = 3600;

/// The bake whose images are finished.
pub struct FinishContext<'f> {
    pub account: &'f AwsClients,
    pub request: &'f AwsBakeRequest<'f>,
    pub id: &'f BakeId,
    pub context: &'f BuildContext,
}

/// Finishes the image of every region. Only then is any of them verified.
pub async fn finish(
    bake: &FinishContext<'_>,
    record: &mut JournalWriter,
    amis: &BTreeMap<String, String>,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<(Vec<BakedImage>, Option<CheckCounts>), AwsError> {
    tell(ProgressEvent::Begins("finish".to_owned()));
    let (checks, sbom_sha256) = reports(bake).await?;
    let mut provenance = vec![
        (tags::BAKE_ID, bake.id.to_string()),
        (tags::BUNDLE_SHA256, bake.request.bundle_sha256.to_owned()),
        (tags::CONFIG_DIGEST, bake.request.config_sha256.to_owned()),
        (tags::SOURCE_AMI, bake.context.source_ami.clone()),
        (tags::CHECKS, checks.to_tag()),
        (tags::SBOM_SHA256, sbom_sha256),
    ];
    provenance.extend(
        bake.request
            .worker_sha256
            .map(|it| (tags::WORKER_SHA256, it.to_owned())),
    );
    provenance.extend(
        bake.request
            .commit
            .map(|it| (tags::GIT_COMMIT, it.to_owned())),
    );
    let mut images = Vec::new();
    for (region, ami) in amis {
        tell(ProgressEvent::Shows(format!("{region}: {ami}")));
        let found = available(bake, region, ami).await?;
        protect(bake, record, &found).await?;
        tag(bake, record, &found, &provenance).await?;
        images.push(read_back(bake, region, ami, &provenance).await?);
    }
    // Everything is proven in every region. Whom an image is shared with may launch it from here on.
    for image in &images {
        share(bake, record, image).await?;
    }
    for image in &images {
        tag(
            bake,
            record,
            image,
            &[(tags::STATUS, tags::VERIFIED.to_owned())],
        )
        .await?;
        let detail = format!("{}, verified, {} checks passed", image.ami, checks.passed);
        tell(ProgressEvent::Done {
            what: image.region.clone(),
            detail,
        });
    }
    Ok((
        images
            .iter()
            .map(|image| baked_image(image, false))
            .collect(),
        Some(checks),
    ))
}

/// What the build host wrote: the verdict of its checks, and the digest of the bill of materials.
async fn reports(bake: &FinishContext<'_>) -> Result<(CheckCounts, String), AwsError> {
    let prefix = BuildContext::report_prefix(bake.id);
    let bucket = &bake.context.bucket;
    let missing = |key: &str| {
        AwsError::new(
            ErrorKind::BuildFailed,
            format!("s3://{bucket}/{key}"),
            "the build host has not written it, so nothing says that the image passed its checks",
            "see that the bake role may write below reports/, and bake again",
        )
    };
    let key = format!("{prefix}/verify.json");
    let verify = bundle::report(bake.account, bucket, &key)
        .await?
        .ok_or_else(|| missing(&key))?;
    let report: VerifyReport = serde_json::from_slice(&verify).map_err(|error| {
        let help = "look at the log of the build";
        AwsError::new(
            ErrorKind::BuildFailed,
            format!("s3://{bucket}/{key}"),
            error,
            help,
        )
    })?;
    let checks = report.count();
    if let Some(problem) = report.problem() {
        return Err(AwsError::new(
            ErrorKind::BuildFailed,
            format!("s3://{bucket}/{key}"),
            problem,
            "mend what they name, and bake again",
        ));
    }
    let key = format!("{prefix}/sbom.cdx.json");
    let sbom = bundle::report(bake.account, bucket, &key)
        .await?
        .ok_or_else(|| missing(&key))?;
    Ok((checks, digest_hex(sbom)))
}

/// Waits until an image is there for good. Each answer comes from a client of its own.
async fn available(
    bake: &FinishContext<'_>,
    region: &str,
    ami: &str,
) -> Result<Ec2Image, AwsError> {
    let pause = Duration::from_secs(bake.request.poll_seconds.min(5));
    let tries = AVAILABLE_SECONDS / pause.as_secs().max(1);
    let mut in_a_row = 0;
    for _ in 0..tries {
        match image(bake.account, region, ami).await? {
            Some(found) if found.state == "available" => {
                in_a_row += 1;
                if in_a_row == ANSWERS {
                    return Ok(found);
                }
            }
            Some(found)
                if matches!(
                    found.state.as_str(),
                    "failed" | "error" | "invalid" | "deregistered"
                ) =>
            {
                let problem = format!("its state is {}", found.state);
                return Err(AwsError::new(
                    ErrorKind::BuildFailed,
                    ami,
                    problem,
                    "bake again",
                ));
            }
            _ => in_a_row = 0,
        }
        tokio::time::sleep(pause).await;
    }
    Err(AwsError::new(
        ErrorKind::Resumable,
        ami,
        format!(
            "it is not available in {region} after {} minutes",
            AVAILABLE_SECONDS / 60
        ),
        format!("go on with `valet-gen bake --resume {}`", bake.id),
    ))
}

/// IMDSv2 for whoever launches it without a word about metadata, and the day when it is old.
async fn protect(
    bake: &FinishContext<'_>,
    record: &mut JournalWriter,
    found: &Ec2Image,
) -> Result<(), AwsError> {
    let Ec2Image { region, ami, .. } = found;
    let ec2 = bake.account.ec2(region);
    if !found.is_imds_v2 {
        record.intent("ModifyImageAttribute", ami)?;
        ec2.modify_image_attribute()
            .image_id(ami)
            .attribute("imdsSupport")
            .imds_support(AttributeValue::builder().value("v2.0").build())
            .send()
            .await
            .map_err(|error| refusal("ec2:ModifyImageAttribute", &error))?;
        record.outcome(
            "ModifyImageAttribute",
            ami,
            json!({ "imdsSupport": "v2.0" }),
        )?;
    }
    if found.deprecated.is_none() {
        let at = deprecation(&found.created, bake.request.deprecate_after_days);
        record.intent("EnableImageDeprecation", ami)?;
        ec2.enable_image_deprecation()
            .image_id(ami)
            .deprecate_at(aws_sdk_ec2::primitives::DateTime::from_secs(at))
            .send()
            .await
            .map_err(|error| refusal("ec2:EnableImageDeprecation", &error))?;
        record.outcome("EnableImageDeprecation", ami, json!({ "at": at }))?;
    }
    Ok(())
}

/// When an image is deprecated, in seconds since 1970: days after it was made, so that a bake that goes on later
/// says the same.
fn deprecation(created: &str, days: u32) -> i64 {
    let created: jiff::Timestamp = created.parse().unwrap_or_else(|_| jiff::Timestamp::now());
    created.as_second() + i64::from(days) * 24 * 3600
}

async fn tag(
    bake: &FinishContext<'_>,
    record: &mut JournalWriter,
    found: &Ec2Image,
    more: &[(&str, String)],
) -> Result<(), AwsError> {
    let Ec2Image {
        region,
        ami,
        snapshots,
        ..
    } = found;
    record.intent("CreateTags", ami)?;
    tag_resources(
        bake.account,
        region,
        [ami].into_iter().chain(snapshots),
        more,
    )
    .await?;
    record.outcome(
        "CreateTags",
        ami,
        json!(
            more.iter()
                .map(|(key, value)| [*key, value])
                .collect::<Vec<_>>()
        ),
    )
}

/// Tags resources of EC2.
pub async fn tag_resources(
    account: &AwsClients,
    region: &str,
    resources: impl IntoIterator<Item = &String>,
    tags: &[(&str, String)],
) -> Result<(), AwsError> {
    let mut call = account.ec2(region).create_tags();
    for resource in resources {
        call = call.resources(resource);
    }
    for (key, value) in tags {
        call = call.tags(Tag::builder().key(*key).value(value).build());
    }
    call.send()
        .await
        .map_err(|error| refusal("ec2:CreateTags", &error))?;
    Ok(())
}

/// How often what was set is asked for: one of EC2's servers knows it before the next one does.
pub const READ_BACKS: u32 = 20;

/// What was set is asked for again: an answer without an error is no proof.
async fn read_back(
    bake: &FinishContext<'_>,
    region: &str,
    ami: &str,
    provenance: &[(&str, String)],
) -> Result<Ec2Image, AwsError> {
    let mut problem = String::new();
    for _ in 0..READ_BACKS {
        match image(bake.account, region, ami).await? {
            None => problem = "it is not there any more".to_owned(),
            Some(found) => match differs(&found, bake.request.architecture, provenance) {
                Some(differs) => problem = differs,
                None => return Ok(found),
            },
        }
        tokio::time::sleep(Duration::from_secs(bake.request.poll_seconds.min(5))).await;
    }
    let help = format!(
        "go on with `valet-gen bake --resume {}`; if it stays, remove the image with `valet-gen bake abort {0}`",
        bake.id
    );
    let subject = format!("{ami} in {region}");
    Err(AwsError::new(ErrorKind::Unsafe, subject, problem, help))
}

fn differs(found: &Ec2Image, architecture: &str, provenance: &[(&str, String)]) -> Option<String> {
    let missing = || {
        provenance
            .iter()
            .find(|(key, value)| found.tag_value(key) != value)
    };
    problem(found, architecture)
        .or_else(|| missing().map(|(key, _)| format!("its tag {key} is not what was written")))
}

/// What an image must not be, by what EC2 says of it.
pub fn problem(found: &Ec2Image, architecture: &str) -> Option<String> {
    if found.state != "available" {
        Some(format!("its state is {}", found.state))
    } else if found.architecture != architecture {
        Some(format!(
            "it is for {}, and the fleet runs on {architecture}",
            found.architecture
        ))
    } else if !found.is_imds_v2 {
        Some("it does not ask for IMDSv2".to_owned())
    } else if !found.is_encrypted {
        Some("a volume of it is not encrypted".to_owned())
    } else if found.is_public {
        Some("everybody may launch it".to_owned())
    } else {
        None
    }
}

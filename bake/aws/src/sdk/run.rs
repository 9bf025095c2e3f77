//! One bake with Image Builder, from the base image to images that are verified.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::account::{build_context, filter, newest_base};
use super::bundle;
use super::clients::{AwsClients, connect};
use super::find::{Ec2Image, images_with};
use super::finish::{self, FinishContext};
use super::image_builder::ensure_build;
use super::journal_writer::{JournalWriter, start};
use super::refusal::refusal;
use super::resume::{refuse_other_id, resumed_base};
use super::watch;
use crate::bake_id::{BakeId, Inputs};
use crate::error::{AwsError, ErrorKind};
use crate::image_documents::{BuildContext, fill};
use crate::progress::ProgressEvent;
use crate::request::{AwsBakeRequest, BakedImage, CheckCounts};
use crate::tags;

/// What a bake came to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BakeOutcome {
    pub bake_id: String,
    pub source_ami: String,
    pub images: Vec<BakedImage>,
    pub checks: Option<CheckCounts>,
}

/// Makes the image, or goes on with it, or finds it whole.
///
/// `began` is told the id as soon as something can have been made: what to resume if it is interrupted.
///
/// # Errors
/// When AWS refuses something, the build fails, or it would not be safe.
pub async fn bake(
    request: &AwsBakeRequest<'_>,
    began: &(dyn Fn(&BakeId) + Sync),
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<BakeOutcome, AwsError> {
    tell(ProgressEvent::Begins("account".to_owned()));
    let account = connect(request.region).await?;
    let source_ami = match request.resume {
        Some(id) => resumed_base(&account, request, id).await?,
        None => newest_base(&account, request).await?,
    };
    let id = BakeId::of(Inputs {
        prefix: request.prefix,
        architecture: request.architecture,
        region: request.region,
        source_ami: &source_ami,
        bundle_sha256: request.bundle_sha256,
        recipe: &content(request),
    });
    refuse_other_id(request, &id)?;
    tell(ProgressEvent::Done {
        what: "account".to_owned(),
        detail: format!("{}, {}, base {source_ami}", account.id, request.region),
    });
    let existing = existing(&account, request, &id).await?;
    if let Some(baked) = whole(request, &id, &source_ami, &existing) {
        return Ok(baked);
    }
    let context = build_context(&account, request, &source_ami).await?;
    let mut record = JournalWriter::open(request, &id, &start(request, &source_ami))?;
    began(&id);
    let key = BuildContext::bundle_key(request.bundle_sha256);
    upload(&account, &mut record, request, &context.bucket, &key, tell).await?;

    tell(ProgressEvent::Begins("build".to_owned()));
    let mut provenance = vec![
        (tags::BAKE_ID, id.as_str()),
        (tags::BUNDLE_SHA256, request.bundle_sha256),
        (tags::CONFIG_DIGEST, request.config_sha256),
        (tags::SOURCE_AMI, source_ami.as_str()),
        (tags::STATUS, tags::BUILDING),
    ];
    provenance.extend(
        request
            .worker_sha256
            .map(|digest| (tags::WORKER_SHA256, digest)),
    );
    let filled = fill(
        request.documents,
        &context,
        &id,
        &provenance,
        request.bundle_sha256,
    );
    let gone = deregistered(&account, request, &filled.image_version_arn).await?;
    let build = ensure_build(&account, &mut record, &id, &filled, &gone).await?;
    let amis = watch::wait(
        &account,
        &build.arn,
        Duration::from_secs(request.poll_seconds),
        &request.journals.join(format!("{id}.log")),
        tell,
    )
    .await?;
    tell(ProgressEvent::Done {
        what: "build".to_owned(),
        detail: build.arn.clone(),
    });
    let amis = in_every_region(request, &build.arn, amis)?;
    let finish = FinishContext {
        account: &account,
        request,
        id: &id,
        context: &context,
    };
    let (images, checks) = finish::finish(&finish, &mut record, &amis, tell).await?;
    let baked = BakeOutcome {
        bake_id: id.to_string(),
        source_ami,
        images,
        checks,
    };
    record.end(serde_json::to_value(&baked).unwrap_or_default())?;
    Ok(baked)
}

/// What decides what is built, besides base and bundle. The keys of a shared image are part of it.
fn content(request: &AwsBakeRequest<'_>) -> Value {
    let documents = request.documents.content();
    if request.image_keys.is_empty() {
        return documents;
    }
    json!([documents, request.image_keys])
}

/// What there is of this bake in every region.
pub async fn existing(
    account: &AwsClients,
    request: &AwsBakeRequest<'_>,
    id: &BakeId,
) -> Result<Vec<Ec2Image>, AwsError> {
    let tag = format!("tag:{}", tags::BAKE_ID);
    let mut found = Vec::new();
    for region in request.regions {
        found.extend(images_with(account, region, &[(&tag, id.as_str())]).await?);
    }
    Ok(found)
}

/// The image, where every region has it whole.
pub fn whole(
    request: &AwsBakeRequest<'_>,
    id: &BakeId,
    source_ami: &str,
    existing: &[Ec2Image],
) -> Option<BakeOutcome> {
    let of_region = |region: &String| {
        existing
            .iter()
            .find(|image| image.region == *region && image.is_usable())
    };
    let images: Vec<&Ec2Image> = request
        .regions
        .iter()
        .map(of_region)
        .collect::<Option<_>>()?;
    Some(BakeOutcome {
        bake_id: id.to_string(),
        source_ami: source_ami.to_owned(),
        checks: images
            .first()
            .and_then(|image| CheckCounts::parse_tag(image.tag_value(tags::CHECKS))),
        images: images
            .into_iter()
            .map(|image| baked_image(image, true))
            .collect(),
    })
}

pub fn baked_image(image: &Ec2Image, found: bool) -> BakedImage {
    BakedImage {
        region: image.region.clone(),
        ami: image.ami.clone(),
        name: image.name.clone(),
        snapshots: image.snapshots.clone(),
        found,
    }
}

/// Uploads the bundle, where the bucket does not have it.
pub async fn upload(
    account: &AwsClients,
    record: &mut JournalWriter,
    request: &AwsBakeRequest<'_>,
    bucket: &str,
    key: &str,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<(), AwsError> {
    tell(ProgressEvent::Begins("upload".to_owned()));
    let bytes = std::fs::metadata(request.bundle)
        .map(|it| it.len())
        .unwrap_or_default();
    let done = |detail: String| ProgressEvent::Done {
        what: "upload".to_owned(),
        detail,
    };
    if bundle::is_there(account, bucket, key, bytes).await? {
        tell(done("the bucket has it".to_owned()));
        return Ok(());
    }
    record.intent("PutObject", key)?;
    let mut shows = |sent: u64| {
        tell(ProgressEvent::Shows(format!(
            "{:.1} of {:.1} MB",
            sent as f64 / 1e6,
            bytes as f64 / 1e6
        )));
    };
    bundle::upload(account, bucket, key, request.bundle, &mut shows).await?;
    record.outcome("PutObject", key, json!({ "bytes": bytes }))?;
    tell(done(format!("{:.1} MB", bytes as f64 / 1e6)));
    Ok(())
}

/// Images of earlier builds of this version that were deregistered since: their builds are of no use.
async fn deregistered(
    account: &AwsClients,
    request: &AwsBakeRequest<'_>,
    version: &str,
) -> Result<Vec<String>, AwsError> {
    let builds = super::image_builder::builds(&account.image_builder(), version).await?;
    let mut gone = Vec::new();
    for (region, ami) in builds.iter().flat_map(|build| &build.amis) {
        if !request.regions.contains(region) {
            continue;
        }
        let answer = account
            .ec2(region)
            .describe_images()
            .filters(filter("image-id", ami))
            .send()
            .await;
        let answer = answer.map_err(|error| refusal("ec2:DescribeImages", &error))?;
        if answer.images().is_empty() {
            gone.push(ami.clone());
        }
    }
    Ok(gone)
}

/// A build has to have made an image in each region that was asked for.
fn in_every_region(
    request: &AwsBakeRequest<'_>,
    build: &str,
    amis: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, AwsError> {
    match request
        .regions
        .iter()
        .find(|region| !amis.contains_key(*region))
    {
        None => Ok(amis),
        Some(region) => Err(AwsError::new(
            ErrorKind::BuildFailed,
            build,
            format!("it is available, and made no image in {region}"),
            "look at the build in Image Builder's console; the next bake tries again once its record is deleted",
        )),
    }
}

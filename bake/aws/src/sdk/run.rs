//! One bake with Image Builder, from the base image to images that are verified.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::account::{filter, newest_base, refuse_shared_copies, surroundings};
use super::bundle;
use super::clients::{Account, connect};
use super::find::{FoundImage, images_with};
use super::finish::{self, Finish};
use super::image_builder::ensure_build;
use super::recipes::recipes_named;
use super::refusal::refusal;
use super::watch;
use crate::bake_id::{BakeId, Inputs};
use crate::error::{AwsError, ErrorKind};
use crate::image_documents::{Surroundings, fill};
use crate::journal::{Entry, Journal, JournalError, Start};
use crate::progress::Event;
use crate::request::{BakedImage, Checks, Request};
use crate::tags;

/// What a bake came to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Baked {
    pub bake_id: String,
    pub source_ami: String,
    pub images: Vec<BakedImage>,
    pub checks: Option<Checks>,
}

/// The journal, as the stages write it.
pub struct Record {
    journal: Journal,
}

impl Record {
    /// Opens the journal of a bake, and says that a run begins.
    pub fn open(request: &Request<'_>, id: &BakeId, start: &Start) -> Result<Self, AwsError> {
        let journal = Journal::open(request.journals, id, start);
        let journal = journal.map_err(|error| unwritable(&error))?;
        Ok(Self { journal })
    }

    /// Says how it ended.
    pub fn end(&mut self, result: Value) -> Result<(), AwsError> {
        self.journal.end(result).map_err(|error| unwritable(&error))
    }

    pub fn intent(&mut self, call: &str, subject: &str) -> Result<(), AwsError> {
        self.journal
            .intent(call, subject)
            .map_err(|error| unwritable(&error))
    }

    pub fn outcome(&mut self, call: &str, subject: &str, answer: Value) -> Result<(), AwsError> {
        self.journal
            .outcome(call, subject, answer)
            .map_err(|error| unwritable(&error))
    }
}

fn unwritable(error: &JournalError) -> AwsError {
    AwsError::new(
        ErrorKind::File,
        "journal",
        error,
        "choose a folder that can be written, with --out; nothing is sent to AWS that is not noted before",
    )
}

/// Makes the image, or goes on with it, or finds it whole.
///
/// `began` is told the id as soon as something can have been made: what to resume if it is interrupted.
///
/// # Errors
/// When AWS refuses something, the build fails, or it would not be safe.
pub async fn bake(
    request: &Request<'_>,
    began: &(dyn Fn(&BakeId) + Sync),
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<Baked, AwsError> {
    refuse_shared_copies(request)?;
    tell(Event::Begins("account".to_owned()));
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
    tell(Event::Done {
        what: "account".to_owned(),
        detail: format!("{}, {}, base {source_ami}", account.id, request.region),
    });
    let existing = existing(&account, request, &id).await?;
    if let Some(baked) = whole(request, &id, &source_ami, &existing) {
        return Ok(baked);
    }
    let around = surroundings(&account, request, &source_ami).await?;
    let mut record = Record::open(request, &id, &start(request, &source_ami))?;
    began(&id);
    let key = Surroundings::bundle_key(request.bundle_sha256);
    upload(&account, &mut record, request, &around.bucket, &key, tell).await?;

    tell(Event::Begins("build".to_owned()));
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
        &around,
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
    tell(Event::Done {
        what: "build".to_owned(),
        detail: build.arn.clone(),
    });
    let amis = in_every_region(request, &build.arn, amis)?;
    let finish = Finish {
        account: &account,
        request,
        id: &id,
        around: &around,
    };
    let (images, checks) = finish::finish(&finish, &mut record, &amis, tell).await?;
    let baked = Baked {
        bake_id: id.to_string(),
        source_ami,
        images,
        checks,
    };
    record.end(serde_json::to_value(&baked).unwrap_or_default())?;
    Ok(baked)
}

/// What decides what is built, besides base and bundle. A key that somebody names for a shared image is part of it.
fn content(request: &Request<'_>) -> Value {
    let documents = request.documents.content();
    match request
        .existing_key
        .filter(|_| !request.share_with.is_empty())
    {
        Some(key) => json!([documents, key]),
        None => documents,
    }
}

/// What a journal says of the bake.
pub fn start(request: &Request<'_>, source_ami: &str) -> Start {
    Start {
        fleet: request.fleet.to_owned(),
        environment: request.environment.to_owned(),
        region: request.region.to_owned(),
        source_ami: source_ami.to_owned(),
        config_sha256: request.config_sha256.to_owned(),
        bundle_sha256: request.bundle_sha256.to_owned(),
    }
}

/// The content has to be what the interrupted bake was begun with.
pub fn refuse_other_id(request: &Request<'_>, id: &BakeId) -> Result<(), AwsError> {
    match request.resume.filter(|resumed| *resumed != id.as_str()) {
        None => Ok(()),
        Some(resumed) => Err(AwsError::new(
            ErrorKind::Unsafe,
            resumed,
            format!("fleet.toml and the payload make another image now: {id}"),
            "check out the commit that it was begun with, or run `valet-gen bake` without --resume and `valet-gen bake abort` for the old one",
        )),
    }
}

/// The base that an interrupted bake began with: from its journal, or, on another machine, from its recipe.
async fn resumed_base(
    account: &Account,
    request: &Request<'_>,
    id: &str,
) -> Result<String, AwsError> {
    if let (_, Some(base)) = journalled_base(request, id)? {
        return Ok(base);
    }
    let name = request.documents.recipe["name"]
        .as_str()
        .unwrap_or_default();
    let recipes = recipes_named(account, name).await?;
    let of_id = recipes.into_iter().find(|recipe| recipe.bake_id == id);
    of_id.map(|recipe| recipe.source_ami).ok_or_else(|| {
        AwsError::new(
            ErrorKind::Usage,
            id,
            "neither a journal nor a recipe of Image Builder has this id",
            "run `valet-gen bake` without --resume: nothing of it was made",
        )
    })
}

/// The id that was typed, and the base in its journal, where this machine has it.
///
/// # Errors
/// When it is no id, or the journal is of another fleet or cannot be read.
pub fn journalled_base(
    request: &Request<'_>,
    id: &str,
) -> Result<(BakeId, Option<String>), AwsError> {
    let Some(bake_id) = BakeId::parse(id) else {
        return Err(AwsError::new(
            ErrorKind::Usage,
            id,
            "this is not the id of a bake",
            "an id ends with 16 hexadecimal digits; `valet-gen bake status` lists the bakes that go on",
        ));
    };
    if !id.starts_with(&format!("{}-", request.prefix)) {
        return Err(AwsError::new(
            ErrorKind::Usage,
            id,
            format!("it is not a bake of {}", request.prefix),
            "name the fleet file and --environment that it was begun with",
        ));
    }
    let journal = Journal::read(request.journals, &bake_id).map_err(|error| {
        AwsError::new(
            ErrorKind::File,
            "journal",
            error,
            "move the file away: what is in AWS is found without it",
        )
    })?;
    let start = journal.into_iter().flatten().find_map(|entry| match entry {
        Entry::Start { start, .. } => Some(start),
        _ => None,
    });
    let Some(start) = start else {
        return Ok((bake_id, None));
    };
    let Start {
        fleet, environment, ..
    } = &start;
    if (fleet.as_str(), environment.as_str()) == (request.fleet, request.environment) {
        return Ok((bake_id, Some(start.source_ami)));
    }
    Err(AwsError::new(
        ErrorKind::Unsafe,
        id,
        format!("its journal is that of fleet `{fleet}`, environment `{environment}`"),
        "name the fleet file and --environment that it was begun with",
    ))
}

/// What there is of this bake in every region.
pub async fn existing(
    account: &Account,
    request: &Request<'_>,
    id: &BakeId,
) -> Result<Vec<FoundImage>, AwsError> {
    let tag = format!("tag:{}", tags::BAKE_ID);
    let mut found = Vec::new();
    for region in request.regions {
        found.extend(images_with(account, region, &[(&tag, id.as_str())]).await?);
    }
    Ok(found)
}

/// The image, where every region has it whole.
pub fn whole(
    request: &Request<'_>,
    id: &BakeId,
    source_ami: &str,
    existing: &[FoundImage],
) -> Option<Baked> {
    let of_region = |region: &String| {
        existing
            .iter()
            .find(|image| image.region == *region && image.is_usable())
    };
    let images: Vec<&FoundImage> = request
        .regions
        .iter()
        .map(of_region)
        .collect::<Option<_>>()?;
    Some(Baked {
        bake_id: id.to_string(),
        source_ami: source_ami.to_owned(),
        checks: images
            .first()
            .and_then(|image| Checks::parse_tag(image.tag(tags::CHECKS))),
        images: images
            .into_iter()
            .map(|image| baked_image(image, true))
            .collect(),
    })
}

pub fn baked_image(image: &FoundImage, found: bool) -> BakedImage {
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
    account: &Account,
    record: &mut Record,
    request: &Request<'_>,
    bucket: &str,
    key: &str,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<(), AwsError> {
    tell(Event::Begins("upload".to_owned()));
    let bytes = std::fs::metadata(request.bundle)
        .map(|it| it.len())
        .unwrap_or_default();
    let done = |detail: String| Event::Done {
        what: "upload".to_owned(),
        detail,
    };
    if bundle::is_there(account, bucket, key, bytes).await? {
        tell(done("the bucket has it".to_owned()));
        return Ok(());
    }
    record.intent("PutObject", key)?;
    let mut shows = |sent: u64| {
        tell(Event::Shows(format!(
            "{:.1} of {:.1} MB",
            sent as f64 / 1e6,
            bytes as f64 / 1e6
        )))
    };
    bundle::upload(account, bucket, key, request.bundle, &mut shows).await?;
    record.outcome("PutObject", key, json!({ "bytes": bytes }))?;
    tell(done(format!("{:.1} MB", bytes as f64 / 1e6)));
    Ok(())
}

/// Images of earlier builds of this version that were deregistered since: their builds are of no use.
async fn deregistered(
    account: &Account,
    request: &Request<'_>,
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
    request: &Request<'_>,
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

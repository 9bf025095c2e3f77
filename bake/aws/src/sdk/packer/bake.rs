//! One bake with Packer, from the base image to images that are verified.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::adopt::finished;
use super::first_host::{FirstHost, verify};
use super::leftovers::{Scope, instances, remove_leftovers};
use super::process::end_earlier;
use super::programs;
use super::run::{Folders, SBOM, VERIFY, build};
use super::variables::{check, variables};
use crate::bake_id::{BakeId, Inputs};
use crate::error::{AwsError, ErrorKind};
use crate::image_documents::BuildContext;
use crate::progress::ProgressEvent;
use crate::request::AwsBakeRequest;
use crate::sdk::account::{build_context, newest_base};
use crate::sdk::bundle;
use crate::sdk::clients::{AwsClients, connect};
use crate::sdk::finish::{self, FinishContext};
use crate::sdk::journal_writer::{JournalWriter, start};
use crate::sdk::resume::{journalled_base, refuse_other_id};
use crate::sdk::run::{BakeOutcome, existing, upload, whole};

/// What Packer takes besides what is asked of every builder.
#[derive(Clone, Copy)]
pub struct PackerBake<'p> {
    pub request: &'p AwsBakeRequest<'p>,
    /// The rendered template.
    pub template: &'p str,
    pub build_instance_type: &'p str,
    /// Unpacks the bundle into a folder.
    pub unpack: &'p (dyn Fn(&Path) -> Result<(), AwsError> + Sync),
}

/// The key of a bundle that belongs to one bake, so that whoever ends the bake can remove it.
pub fn bundle_key(id: &BakeId, bundle_sha256: &str) -> String {
    format!("bundles/{id}/{bundle_sha256}.tar.zst")
}

/// Makes the image, or adopts what an earlier run had finished, or finds it whole.
///
/// `began` is told the id as soon as something can have been made: what to resume if it is interrupted. Whoever
/// interrupts it calls [`clean_up`].
///
/// # Errors
/// When a program is missing, AWS refuses something, the build fails, or it would not be safe. What Packer left is
/// removed then.
pub async fn bake(
    packer: &PackerBake<'_>,
    began: &(dyn Fn(&BakeId) + Sync),
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<BakeOutcome, AwsError> {
    let request = packer.request;
    let program = programs::look()?;
    tell(ProgressEvent::Begins("account".to_owned()));
    let account = connect(request.region).await?;
    let source_ami = match request.resume {
        Some(id) => resumed_base(&account, request, id).await?,
        None => newest_base(&account, request).await?,
    };
    let id = bake_id(packer, &source_ami);
    refuse_other_id(request, &id)?;
    check(packer, &id)?;
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
    let work = Work {
        packer,
        account: &account,
        id: &id,
        context: &context,
        program: &program,
        reports: reports(request, &id)?,
    };
    let made = work.make(&mut record, tell).await;
    let _ = fs::remove_dir_all(work.staging());
    match made {
        Ok(baked) => {
            let images = baked.images.iter().map(|image| image.ami.clone());
            remove_leftovers(work.scope(), &images.collect(), tell).await?;
            record.end(serde_json::to_value(&baked).unwrap_or_default())?;
            Ok(baked)
        }
        Err(error) => match work.remove(error.kind, tell).await {
            Ok(()) => Err(error),
            Err(second) => Err(left(&error, &second, &id)),
        },
    }
}

/// Removes what a bake that was interrupted has left. Nothing of Packer runs any more when it is called.
///
/// # Errors
/// When AWS refuses a call, or something stays.
pub async fn clean_up(
    packer: &PackerBake<'_>,
    id: &str,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<(), AwsError> {
    let request = packer.request;
    let Some(id) = BakeId::parse(id) else {
        return Ok(());
    };
    let account = connect(request.region).await?;
    let reports = reports(request, &id)?;
    let _ = fs::remove_dir_all(reports.join(STAGING));
    let keep = finished(&account, request, &id, &reports).await?;
    let keep = keep.unwrap_or_default().into_values().collect();
    remove_leftovers(scope(&account, request, &id), &keep, tell).await
}

/// Ends the Packer of a bake that was killed alone on this machine, and forgets what it worked on.
///
/// # Errors
/// When the folder of the journals cannot be named.
pub fn end_run(journals: &Path, id: &BakeId) -> Result<(), AwsError> {
    let folder = journals.join(id.as_str());
    let folder = std::path::absolute(&folder).map_err(|error| unwritable(&folder, &error))?;
    end_earlier(&folder.join(STAGING).join(TEMPLATE));
    let _ = fs::remove_dir_all(folder);
    Ok(())
}

/// The template's folder in it.
const TEMPLATE: &str = "packer";

/// What Packer works in, below the folder of the reports.
const STAGING: &str = "staging";

fn bake_id(packer: &PackerBake<'_>, source_ami: &str) -> BakeId {
    let request = packer.request;
    BakeId::of(Inputs {
        prefix: request.prefix,
        architecture: request.architecture,
        region: request.region,
        source_ami,
        bundle_sha256: request.bundle_sha256,
        recipe: &recipe(packer),
    })
}

/// What decides what is built, besides base and bundle. The keys of a shared image are part of it.
fn recipe(packer: &PackerBake<'_>) -> Value {
    let mut recipe = json!({ "packer": packer.template });
    if !packer.request.image_keys.is_empty() {
        recipe["keys"] = json!(packer.request.image_keys);
    }
    recipe
}

fn scope<'s>(account: &'s AwsClients, request: &AwsBakeRequest<'s>, id: &'s BakeId) -> Scope<'s> {
    Scope {
        account,
        region: request.region,
        regions: request.regions,
        id,
        pause: Duration::from_secs(request.poll_seconds.min(5)),
    }
}

fn reports(request: &AwsBakeRequest<'_>, id: &BakeId) -> Result<PathBuf, AwsError> {
    let folder = request.journals.join(id.as_str());
    std::path::absolute(&folder).map_err(|error| unwritable(&folder, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> AwsError {
    AwsError::new(
        ErrorKind::File,
        path.display(),
        error,
        "choose a writable folder with --out",
    )
}

/// The base that an interrupted bake began with: from its journal, or, on another machine, from its build host.
async fn resumed_base(
    account: &AwsClients,
    request: &AwsBakeRequest<'_>,
    id: &str,
) -> Result<String, AwsError> {
    let (bake_id, base) = journalled_base(request, id)?;
    if let Some(base) = base {
        return Ok(base);
    }
    for instance in instances(account, request.region, &bake_id).await? {
        let Some(ami) = instance.image_id() else {
            continue;
        };
        // The first instance of an image that was made has that image, not the base.
        if !is_first_host(&instance) {
            return Ok(ami.to_owned());
        }
    }
    Err(AwsError::new(
        ErrorKind::Usage,
        id,
        "neither a journal nor a build host has this id",
        "run `valet-gen bake` without --resume; `valet-gen bake abort` removes what is left of it",
    ))
}

fn is_first_host(instance: &aws_sdk_ec2::types::Instance) -> bool {
    let mut tags = instance.tags().iter();
    tags.any(|tag| {
        tag.key() == Some("Name") && tag.value().is_some_and(|it| it.ends_with("-first-host"))
    })
}

/// The error of a bake whose leftovers could not be removed.
fn left(error: &AwsError, second: &AwsError, id: &BakeId) -> AwsError {
    AwsError::new(
        ErrorKind::Leftovers,
        &second.subject,
        format!(
            "{}; and before that, {}: {}",
            second.problem, error.subject, error.problem
        ),
        format!("run `valet-gen bake abort {id}` when that is mended"),
    )
}

/// A bake that has begun.
struct Work<'w> {
    packer: &'w PackerBake<'w>,
    account: &'w AwsClients,
    id: &'w BakeId,
    context: &'w BuildContext,
    program: &'w Path,
    /// What the build host wrote, and what Packer said.
    reports: PathBuf,
}

impl<'w> Work<'w> {
    fn scope(&self) -> Scope<'w> {
        scope(self.account, self.packer.request, self.id)
    }

    fn staging(&self) -> PathBuf {
        self.reports.join(STAGING)
    }

    fn template(&self) -> PathBuf {
        self.staging().join(TEMPLATE)
    }

    async fn make(
        &self,
        record: &mut JournalWriter,
        tell: &mut (dyn FnMut(ProgressEvent) + Send),
    ) -> Result<BakeOutcome, AwsError> {
        let request = self.packer.request;
        let key = bundle_key(self.id, request.bundle_sha256);
        upload(
            self.account,
            record,
            request,
            &self.context.bucket,
            &key,
            tell,
        )
        .await?;
        tell(ProgressEvent::Begins("build".to_owned()));
        // The Packer of an earlier run might still be at work, and what it left would be in the way.
        end_earlier(&self.template());
        let adopted = finished(self.account, request, self.id, &self.reports).await?;
        let keep: BTreeSet<String> = adopted
            .iter()
            .flatten()
            .map(|(_, ami)| ami.clone())
            .collect();
        remove_leftovers(self.scope(), &keep, tell).await?;
        let amis = match adopted {
            Some(amis) => {
                tell(ProgressEvent::Done {
                    what: "build".to_owned(),
                    detail: "an earlier run had finished it".to_owned(),
                });
                amis
            }
            None => self.build(record, tell).await?,
        };
        if let Some(region) = request.regions.iter().find(|it| !amis.contains_key(*it)) {
            return Err(AwsError::new(
                ErrorKind::BuildFailed,
                "packer build",
                format!("it ended well, and made no image in {region}"),
                "run `valet-gen render`, so that the template has the regions of fleet.toml, and bake again",
            ));
        }
        self.put_reports(record).await?;
        let home = amis.get(request.region).map_or("", String::as_str);
        let host = FirstHost {
            account: self.account,
            packer: self.packer,
            id: self.id,
            context: self.context,
            ami: home,
        };
        verify(host, record, tell).await?;
        let finish = FinishContext {
            account: self.account,
            request,
            id: self.id,
            context: self.context,
        };
        let keep = amis.values().cloned().collect();
        remove_leftovers(host.scope(), &keep, tell).await?;
        let (images, checks) = finish::finish(&finish, record, &amis, tell).await?;
        Ok(BakeOutcome {
            bake_id: self.id.to_string(),
            source_ami: self.context.source_ami.clone(),
            images,
            checks,
        })
    }

    async fn build(
        &self,
        record: &mut JournalWriter,
        tell: &mut (dyn FnMut(ProgressEvent) + Send),
    ) -> Result<BTreeMap<String, String>, AwsError> {
        let staging = self.staging();
        let template = self.template();
        let variables_file = staging.join("variables.pkrvars.json");
        // The reports of an earlier build say nothing of this one.
        let _ = fs::remove_dir_all(&self.reports);
        let written = fs::create_dir_all(&template)
            .and_then(|()| fs::write(template.join("worker.pkr.hcl"), self.packer.template));
        written.map_err(|error| unwritable(&staging, &error))?;
        (self.packer.unpack)(&staging)?;
        let variables = variables(self.packer, self.id, self.context, &self.reports)?;
        fs::write(&variables_file, variables.to_string())
            .map_err(|error| unwritable(&variables_file, &error))?;
        let folders = Folders {
            template: &template,
            variables: &variables_file,
            reports: &self.reports,
        };
        record.intent("packer build", self.id.as_str())?;
        let amis = build(self.program, folders, tell).await?;
        record.outcome("packer build", self.id.as_str(), json!(amis))?;
        tell(ProgressEvent::Done {
            what: "build".to_owned(),
            detail: String::new(),
        });
        Ok(amis)
    }

    /// The reports go where Image Builder's hosts put theirs, so that they are read in one way.
    async fn put_reports(&self, record: &mut JournalWriter) -> Result<(), AwsError> {
        let prefix = BuildContext::report_prefix(self.id);
        for name in [VERIFY, SBOM] {
            let file = self.reports.join(name);
            let bytes = fs::read(&file).map_err(|error| {
                AwsError::new(
                    ErrorKind::BuildFailed,
                    file.display(),
                    error,
                    "Packer's build host has not written it; bake again",
                )
            })?;
            let key = format!("{prefix}/{name}");
            record.intent("PutObject", &key)?;
            bundle::put(self.account, &self.context.bucket, &key, bytes).await?;
            record.outcome("PutObject", &key, Value::Null)?;
        }
        Ok(())
    }

    /// What is left of a bake that failed. A finished image stays where only a later call failed: the next run adopts it.
    async fn remove(
        &self,
        kind: ErrorKind,
        tell: &mut (dyn FnMut(ProgressEvent) + Send),
    ) -> Result<(), AwsError> {
        let keep = match kind {
            ErrorKind::BuildFailed => None,
            _ => finished(self.account, self.packer.request, self.id, &self.reports).await?,
        };
        let keep = keep.unwrap_or_default().into_values().collect();
        remove_leftovers(self.scope(), &keep, tell).await
    }
}

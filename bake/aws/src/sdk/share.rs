//! An image that other accounts may launch: under a key that they can be given, and shared when it is proven and not
//! before.

use std::time::Duration;

use aws_sdk_ec2::types::{
    CreateVolumePermission, CreateVolumePermissionModifications, ImageAttributeName,
    LaunchPermission, LaunchPermissionModifications, PermissionGroup, SnapshotAttributeName,
};
use serde_json::json;

use super::clients::AwsClients;
use super::find::Ec2Image;
use super::finish::{FinishContext, READ_BACKS};
use super::journal_writer::JournalWriter;
use super::refusal::refusal;
use super::snapshot_keys::{OtherKey, other_key};
use crate::error::{AwsError, ErrorKind};

/// Whom something is shared with.
#[derive(Debug, Default)]
struct Permissions {
    accounts: Vec<String>,
    is_public: bool,
}

impl Permissions {
    /// Of what EC2 lists: an account or a group for each.
    fn of<'p>(given: impl Iterator<Item = (Option<&'p str>, Option<&'p PermissionGroup>)>) -> Self {
        let mut permissions = Self::default();
        for (account, group) in given {
            permissions.accounts.extend(account.map(str::to_owned));
            permissions.is_public |= group == Some(&PermissionGroup::All);
        }
        permissions
    }

    /// Accounts that have no permission yet, in their order.
    fn missing(&self, wanted: &[String]) -> Vec<String> {
        let wanted = wanted.iter();
        wanted
            .filter(|account| !self.accounts.contains(account))
            .cloned()
            .collect()
    }
}

/// Lets the accounts of the fleet launch an image and copy it. Snapshots come first: who sees the image can use it.
///
/// # Errors
/// When a snapshot is under another key than that of its region, AWS refuses a call, or what was set is not there.
pub async fn share(
    bake: &FinishContext<'_>,
    record: &mut JournalWriter,
    image: &Ec2Image,
) -> Result<(), AwsError> {
    let accounts = bake.request.share_with;
    if accounts.is_empty() {
        return Ok(());
    }
    check_keys(bake, image).await?;
    let Ec2Image { region, ami, .. } = image;
    for snapshot in &image.snapshots {
        let missing = of_snapshot(bake.account, region, snapshot)
            .await?
            .missing(accounts);
        if !missing.is_empty() {
            record.intent("ModifySnapshotAttribute", snapshot)?;
            share_snapshot(bake.account, region, snapshot, &missing).await?;
            record.outcome("ModifySnapshotAttribute", snapshot, json!(missing))?;
        }
    }
    let missing = of_image(bake.account, region, ami).await?.missing(accounts);
    if !missing.is_empty() {
        record.intent("ModifyImageAttribute", ami)?;
        share_image(bake.account, region, ami, &missing).await?;
        record.outcome(
            "ModifyImageAttribute",
            ami,
            json!({ "launchPermission": missing }),
        )?;
    }
    read_back(bake, image).await
}

/// The key of a snapshot is what decides who can open it, and nothing can change it any more.
async fn check_keys(bake: &FinishContext<'_>, image: &Ec2Image) -> Result<(), AwsError> {
    let Ec2Image { region, ami, .. } = image;
    let named = bake.context.image_keys.get(region);
    let named = named.map_or("", String::as_str);
    match other_key(bake.account, image, named).await? {
        None => Ok(()),
        Some(OtherKey { snapshot, key }) => Err(AwsError::new(
            ErrorKind::Unsafe,
            format!("{ami} in {region}"),
            format!(
                "its snapshot {snapshot} is encrypted with {key}, and an image that is shared has to be with {named}"
            ),
            format!(
                "remove it with `valet-gen bake abort {}`, and bake again",
                bake.id
            ),
        )),
    }
}

async fn of_snapshot(
    account: &AwsClients,
    region: &str,
    snapshot: &str,
) -> Result<Permissions, AwsError> {
    let answer = account
        .ec2(region)
        .describe_snapshot_attribute()
        .snapshot_id(snapshot)
        .attribute(SnapshotAttributeName::CreateVolumePermission)
        .send()
        .await
        .map_err(|error| refusal("ec2:DescribeSnapshotAttribute", &error))?;
    let given = answer.create_volume_permissions().iter();
    Ok(Permissions::of(given.map(|it| (it.user_id(), it.group()))))
}

async fn of_image(account: &AwsClients, region: &str, ami: &str) -> Result<Permissions, AwsError> {
    let answer = account
        .ec2(region)
        .describe_image_attribute()
        .image_id(ami)
        .attribute(ImageAttributeName::LaunchPermission)
        .send()
        .await
        .map_err(|error| refusal("ec2:DescribeImageAttribute", &error))?;
    let given = answer.launch_permissions().iter();
    Ok(Permissions::of(given.map(|it| (it.user_id(), it.group()))))
}

async fn share_snapshot(
    account: &AwsClients,
    region: &str,
    snapshot: &str,
    accounts: &[String],
) -> Result<(), AwsError> {
    let added = accounts
        .iter()
        .map(|id| CreateVolumePermission::builder().user_id(id).build());
    let added = CreateVolumePermissionModifications::builder().set_add(Some(added.collect()));
    let call = account.ec2(region).modify_snapshot_attribute();
    let call = call.snapshot_id(snapshot);
    let sent = call.create_volume_permission(added.build()).send().await;
    sent.map_err(|error| refusal("ec2:ModifySnapshotAttribute", &error))?;
    Ok(())
}

async fn share_image(
    account: &AwsClients,
    region: &str,
    ami: &str,
    accounts: &[String],
) -> Result<(), AwsError> {
    let added = accounts
        .iter()
        .map(|id| LaunchPermission::builder().user_id(id).build());
    let added = LaunchPermissionModifications::builder().set_add(Some(added.collect()));
    let call = account.ec2(region).modify_image_attribute().image_id(ami);
    let sent = call.launch_permission(added.build()).send().await;
    sent.map_err(|error| refusal("ec2:ModifyImageAttribute", &error))?;
    Ok(())
}

/// What was given is asked for again, of the image and of each snapshot.
async fn read_back(bake: &FinishContext<'_>, image: &Ec2Image) -> Result<(), AwsError> {
    let Ec2Image { region, ami, .. } = image;
    let mut problem = None;
    for _ in 0..READ_BACKS {
        problem = not_shared(bake, image).await?;
        if problem.is_none() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(bake.request.poll_seconds.min(5))).await;
    }
    Err(AwsError::new(
        ErrorKind::Unsafe,
        format!("{ami} in {region}"),
        problem.unwrap_or_default(),
        format!(
            "go on with `valet-gen bake --resume {}`; if it stays, remove the image with `valet-gen bake abort {0}`",
            bake.id
        ),
    ))
}

async fn not_shared(
    bake: &FinishContext<'_>,
    image: &Ec2Image,
) -> Result<Option<String>, AwsError> {
    let Ec2Image { region, ami, .. } = image;
    let mut all = vec![(
        ami.as_str(),
        "launch it",
        of_image(bake.account, region, ami).await?,
    )];
    for snapshot in &image.snapshots {
        let given = of_snapshot(bake.account, region, snapshot).await?;
        all.push((snapshot, "make volumes of it", given));
    }
    let problem = all.into_iter().find_map(|(what, may, given)| {
        if given.is_public {
            return Some(format!("{what} is public: everybody may {may}"));
        }
        let missing = given.missing(bake.request.share_with);
        let first = missing.first()?;
        Some(format!("account {first} may not {may}: {what}"))
    });
    Ok(problem)
}

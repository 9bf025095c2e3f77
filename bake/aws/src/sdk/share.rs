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
use crate::error::{AwsError, ErrorKind};

/// Whom something is shared with.
#[derive(Debug, Default)]
struct Permissions {
    accounts: Vec<String>,
    is_public: bool,
}

impl Permissions {
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
    let expected = key_arn(bake.account, region, named).await?;
    let answer = bake
        .account
        .ec2(region)
        .describe_snapshots()
        .set_snapshot_ids(Some(image.snapshots.clone()))
        .send()
        .await
        .map_err(|error| refusal("ec2:DescribeSnapshots", &error))?;
    let wrong = answer.snapshots().iter().find_map(|snapshot| {
        let key = snapshot.kms_key_id().unwrap_or("no key");
        (key != expected).then(|| (snapshot.snapshot_id().unwrap_or_default(), key))
    });
    match wrong {
        None => Ok(()),
        Some((snapshot, key)) => Err(AwsError::new(
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

/// The ARN of a key, by which EC2 names it whatever it was named by: an alias is looked up.
async fn key_arn(account: &AwsClients, region: &str, named: &str) -> Result<String, AwsError> {
    if !named.contains(":alias/") {
        return Ok(named.to_owned());
    }
    let answer = account
        .kms(region)
        .describe_key()
        .key_id(named)
        .send()
        .await;
    let answer = answer.map_err(|error| refusal("kms:DescribeKey", &error))?;
    let arn = answer.key_metadata().and_then(|key| key.arn());
    Ok(arn.unwrap_or_default().to_owned())
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
    let given = answer.create_volume_permissions();
    Ok(Permissions {
        accounts: given
            .iter()
            .filter_map(|it| it.user_id().map(str::to_owned))
            .collect(),
        is_public: given
            .iter()
            .any(|it| it.group() == Some(&PermissionGroup::All)),
    })
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
    let given = answer.launch_permissions();
    Ok(Permissions {
        accounts: given
            .iter()
            .filter_map(|it| it.user_id().map(str::to_owned))
            .collect(),
        is_public: given
            .iter()
            .any(|it| it.group() == Some(&PermissionGroup::All)),
    })
}

async fn share_snapshot(
    account: &AwsClients,
    region: &str,
    snapshot: &str,
    accounts: &[String],
) -> Result<(), AwsError> {
    let permission = |id: &String| CreateVolumePermission::builder().user_id(id).build();
    let added = accounts.iter().map(permission).collect();
    let sent = account
        .ec2(region)
        .modify_snapshot_attribute()
        .snapshot_id(snapshot)
        .create_volume_permission(
            CreateVolumePermissionModifications::builder()
                .set_add(Some(added))
                .build(),
        )
        .send()
        .await;
    sent.map_err(|error| refusal("ec2:ModifySnapshotAttribute", &error))?;
    Ok(())
}

async fn share_image(
    account: &AwsClients,
    region: &str,
    ami: &str,
    accounts: &[String],
) -> Result<(), AwsError> {
    let permission = |id: &String| LaunchPermission::builder().user_id(id).build();
    let added = accounts.iter().map(permission).collect();
    let sent = account
        .ec2(region)
        .modify_image_attribute()
        .image_id(ami)
        .launch_permission(
            LaunchPermissionModifications::builder()
                .set_add(Some(added))
                .build(),
        )
        .send()
        .await;
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

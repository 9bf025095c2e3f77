//! Images and snapshots, deleted.

use super::clients::AwsClients;
use super::find::Ec2Image;
use super::refusal::{code, is_missing, refusal};
use crate::error::{AwsError, ErrorKind};

/// Deregisters an image, and deletes the snapshots behind it. Deregistration protection is never lifted.
///
/// # Errors
/// When AWS refuses a call. Where it would refuse a snapshot, the image stays as well: nothing names a snapshot without tags
/// once its image is gone.
pub async fn delete_image(account: &AwsClients, image: &Ec2Image) -> Result<(), AwsError> {
    let Ec2Image { region, ami, .. } = image;
    if image.hides_its_snapshots() {
        return Err(AwsError::new(
            ErrorKind::Leftovers,
            ami,
            format!(
                "EC2 still copies it to {region}, and does not say yet which snapshot is behind it"
            ),
            "wait some minutes, and run the same command again",
        ));
    }
    for snapshot in &image.snapshots {
        may_delete_snapshot(account, region, snapshot).await?;
    }
    match account
        .ec2(region)
        .deregister_image()
        .image_id(ami)
        .send()
        .await
    {
        Ok(_) => {}
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(refusal("ec2:DeregisterImage", &error)),
    }
    for snapshot in &image.snapshots {
        delete_snapshot(account, region, snapshot).await?;
    }
    match super::find::image(account, region, ami).await? {
        Some(found) if found.state != "deregistered" => Err(AwsError::new(
            ErrorKind::Leftovers,
            ami,
            format!(
                "it was deregistered in {region}, and is still {}",
                found.state
            ),
            "wait some minutes, and run the same command again",
        )),
        _ => Ok(()),
    }
}

/// Asks whether a snapshot could be deleted. That its image uses it is no obstacle: the image goes first.
async fn may_delete_snapshot(
    account: &AwsClients,
    region: &str,
    snapshot: &str,
) -> Result<(), AwsError> {
    let call = account.ec2(region).delete_snapshot();
    match call.snapshot_id(snapshot).dry_run(true).send().await {
        Err(error)
            if !is_missing(&error)
                && !matches!(
                    code(&error),
                    Some("DryRunOperation" | "InvalidSnapshot.InUse")
                ) =>
        {
            Err(refusal("ec2:DeleteSnapshot", &error))
        }
        _ => Ok(()),
    }
}

/// Deletes a snapshot. One that is gone is as good.
pub async fn delete_snapshot(
    account: &AwsClients,
    region: &str,
    snapshot: &str,
) -> Result<(), AwsError> {
    match account
        .ec2(region)
        .delete_snapshot()
        .snapshot_id(snapshot)
        .send()
        .await
    {
        Ok(_) => Ok(()),
        Err(error) if is_missing(&error) => Ok(()),
        Err(error) => Err(refusal("ec2:DeleteSnapshot", &error)),
    }
}

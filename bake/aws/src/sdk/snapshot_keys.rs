//! The keys of an image's snapshots: what is encrypted with another one, nobody can launch who was given the right one.

use super::clients::{AwsClients, connect};
use super::find::Ec2Image;
use super::refusal::refusal;
use crate::error::{AwsError, ErrorKind};
use crate::request::ImageKey;

/// A snapshot that is encrypted with another key than it has to be.
pub struct OtherKey {
    pub snapshot: String,
    /// The ARN of its key.
    pub key: String,
}

/// The first snapshot of an image that is not encrypted with the key that is named, by its ARN or an alias.
///
/// # Errors
/// When AWS refuses a call.
pub async fn other_key(
    account: &AwsClients,
    image: &Ec2Image,
    named: &str,
) -> Result<Option<OtherKey>, AwsError> {
    let expected = key_arn(account, &image.region, named).await?;
    let answer = account
        .ec2(&image.region)
        .describe_snapshots()
        .set_snapshot_ids(Some(image.snapshots.clone()))
        .send()
        .await
        .map_err(|error| refusal("ec2:DescribeSnapshots", &error))?;
    Ok(answer.snapshots().iter().find_map(|snapshot| {
        let key = snapshot.kms_key_id().unwrap_or("no key");
        (key != expected).then(|| OtherKey {
            snapshot: snapshot.snapshot_id().unwrap_or_default().to_owned(),
            key: key.to_owned(),
        })
    }))
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

/// Refuses images that are not encrypted with the keys of an environment: its Auto Scaling role could not launch them, nor
/// could the accounts that they are shared with. `prefix` is its `<fleet>-<environment>`.
///
/// # Errors
/// When a snapshot has another key, or AWS refuses a call.
pub async fn refuse_other_keys(
    region: &str,
    prefix: &str,
    keys: &[ImageKey],
    images: &[Ec2Image],
) -> Result<(), AwsError> {
    let account = connect(region).await?;
    for image in images {
        let Some(key) = keys.iter().find(|key| key.region == image.region) else {
            continue;
        };
        let named = key.arn(&account.partition, &account.id, prefix);
        if let Some(OtherKey { snapshot, key }) = other_key(&account, image, &named).await? {
            return Err(AwsError::new(
                ErrorKind::Unsafe,
                format!("{} in {}", image.ami, image.region),
                format!(
                    "its snapshot {snapshot} is encrypted with {key}, and {prefix} launches images with {named}: no instance of it would start"
                ),
                "name one key of each region in image.kms_keys of both environments where an image goes from one to the other, apply, and bake again",
            ));
        }
    }
    Ok(())
}

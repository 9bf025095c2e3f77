//! What a bake finds in the account: what Terraform made for it, and the image that it starts from.

use aws_sdk_ec2::types::Filter;

use super::bundle::head_refusal;
use super::clients::AwsClients;
use super::refusal::{is_missing, refusal};
use crate::error::{AwsError, ErrorKind};
use crate::image_documents::BuildContext;
use crate::request::AwsBakeRequest;

/// The tag of the security group that says where build hosts are placed.
const BUILD_SUBNET: &str = "valet:build-subnet";

/// Finds what only the account knows.
///
/// # Errors
/// When something that Terraform makes is not there, or AWS refuses a call.
pub async fn build_context(
    account: &AwsClients,
    request: &AwsBakeRequest<'_>,
    source_ami: &str,
) -> Result<BuildContext, AwsError> {
    let AwsBakeRequest {
        prefix,
        region,
        environment,
        ..
    } = *request;
    let bucket = format!("{prefix}-bake-{}", account.id);
    let head = account.s3().head_bucket().bucket(&bucket).send().await;
    head.map_err(|error| match error.as_service_error() {
        Some(answer) if answer.is_not_found() => missing("bucket", &bucket, environment),
        _ => head_refusal("s3:ListBucket", &error),
    })?;
    let group = format!("{prefix}-bake");
    let answer = account
        .ec2(region)
        .describe_security_groups()
        .filters(filter("group-name", &group))
        .filters(filter("tag:ManagedBy", "valet-gen"))
        .send()
        .await
        .map_err(|error| refusal("ec2:DescribeSecurityGroups", &error))?;
    let found = answer.security_groups().first();
    let found = found.ok_or_else(|| missing("security group", &group, environment))?;
    let subnet = found
        .tags()
        .iter()
        .find(|tag| tag.key() == Some(BUILD_SUBNET));
    let subnet = subnet.and_then(|tag| tag.value());
    let subnet = subnet.ok_or_else(|| {
        let with_tag = format!("{group} with the tag {BUILD_SUBNET}");
        missing("security group", &with_tag, environment)
    })?;
    Ok(BuildContext {
        partition: account.partition.clone(),
        account: account.id.clone(),
        region: region.to_owned(),
        bucket,
        instance_profile: group.clone(),
        subnet: subnet.to_owned(),
        security_groups: found.group_id().into_iter().map(str::to_owned).collect(),
        image_keys: request
            .image_keys
            .iter()
            .map(|key| {
                (
                    key.region.clone(),
                    key.arn(&account.partition, &account.id, prefix),
                )
            })
            .collect(),
        source_ami: source_ami.to_owned(),
    })
}

fn missing(what: &str, name: &str, environment: &str) -> AwsError {
    AwsError::new(
        ErrorKind::Refused,
        format!("{what} {name}"),
        "it is not in the account",
        format!(
            "run `terraform apply` in generated/{environment}/terraform first: it makes what bakes need"
        ),
    )
}

pub fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// The id of the newest base image, by its publisher's public parameter.
///
/// # Errors
/// When AWS refuses the call, or the image is not its publisher's.
pub async fn newest_base(
    account: &AwsClients,
    request: &AwsBakeRequest<'_>,
) -> Result<String, AwsError> {
    let name = request.base_parameter;
    let answer = account.ssm().get_parameter().name(name).send().await;
    let answer = answer.map_err(|error| {
        if is_missing(&error) {
            AwsError::new(
                ErrorKind::Refused,
                format!("parameter {name}"),
                format!("it is not in {}", request.region),
                "choose a region in which the publisher has images, or another base in [image]",
            )
        } else {
            refusal("ssm:GetParameter", &error)
        }
    })?;
    let value = answer
        .parameter()
        .and_then(|it| it.value())
        .unwrap_or_default();
    check_base(account, request, value).await?;
    Ok(value.to_owned())
}

/// The base is what it has to be: names are anybody's to choose, so the owner decides.
async fn check_base(
    account: &AwsClients,
    request: &AwsBakeRequest<'_>,
    ami: &str,
) -> Result<(), AwsError> {
    let answer = account
        .ec2(request.region)
        .describe_images()
        .image_ids(ami)
        .send()
        .await;
    let answer = answer.map_err(|error| refusal("ec2:DescribeImages", &error))?;
    let image = answer.images().first();
    let owner = image.and_then(|image| image.owner_id()).unwrap_or("nobody");
    let architecture = image.and_then(|image| image.architecture());
    let architecture = architecture.map_or("none", aws_sdk_ec2::types::ArchitectureValues::as_str);
    let expected = (request.base_owner, request.architecture);
    if (owner, architecture) == expected {
        return Ok(());
    }
    Err(AwsError::new(
        ErrorKind::Unsafe,
        format!("image {ami}"),
        format!(
            "it is of {owner} and for {architecture}, and the base has to be of {} and for {}",
            expected.0, expected.1
        ),
        "see who answers for AWS: check the profile and AWS_ENDPOINT_URL",
    ))
}

//! Versions of a group's launch templates: ones that differ from those that run in the image alone.

use aws_sdk_autoscaling::types as asg;
use aws_sdk_ec2::types::{
    LaunchTemplateVersion, RequestLaunchTemplateData, ResponseLaunchTemplateData,
};

use super::clients::AwsClients;
use super::refusal::refusal;
use crate::bake_id::digest_hex;
use crate::error::{AwsError, ErrorKind};

/// The group's own policy, with a version of every launch template in it that differs in the image alone.
///
/// # Errors
/// When AWS refuses a call, or a template is not pinned to a number.
pub async fn with_image(
    account: &AwsClients,
    region: &str,
    mut policy: asg::MixedInstancesPolicy,
    ami: &str,
) -> Result<asg::MixedInstancesPolicy, AwsError> {
    for specification in specifications_mut(&mut policy) {
        let version = Box::pin(ensure(account, region, specification, Some(ami))).await?;
        specification.version = Some(version.number);
    }
    Ok(policy)
}

/// After a refresh that went back: the newest version of each template is again as the one that runs, so that Terraform,
/// which looks at the latest, finds what the parameter says. Returns the image that runs.
///
/// # Errors
/// When AWS refuses a call.
pub async fn going_back(
    account: &AwsClients,
    region: &str,
    policy: &asg::MixedInstancesPolicy,
) -> Result<Option<String>, AwsError> {
    let mut runs = None;
    for specification in specifications(policy) {
        runs = Some(
            Box::pin(ensure(account, region, specification, None))
                .await?
                .ami,
        );
    }
    Ok(runs)
}

/// What the group launches is what somebody gets who names no version: the group that Terraform renders asks for it.
///
/// # Errors
/// When AWS refuses a call.
pub async fn set_default(
    account: &AwsClients,
    region: &str,
    policy: &asg::MixedInstancesPolicy,
) -> Result<(), AwsError> {
    for (template, version) in versions_of(policy) {
        account
            .ec2(region)
            .modify_launch_template()
            .launch_template_id(template)
            .default_version(version)
            .send()
            .await
            .map_err(|error| refusal("ec2:ModifyLaunchTemplate", &error))?;
    }
    Ok(())
}

/// The templates of a policy and their versions, in order, each once.
pub fn versions_of(policy: &asg::MixedInstancesPolicy) -> Vec<(String, String)> {
    let mut versions: Vec<(String, String)> = specifications(policy)
        .filter_map(|it| {
            Some((
                it.launch_template_id()?.to_owned(),
                it.version()?.to_owned(),
            ))
        })
        .collect();
    versions.sort();
    versions.dedup();
    versions
}

fn specifications(
    policy: &asg::MixedInstancesPolicy,
) -> impl Iterator<Item = &asg::LaunchTemplateSpecification> {
    let template = policy.launch_template();
    let own = template.and_then(|it| it.launch_template_specification());
    let overrides = template
        .map(asg::LaunchTemplate::overrides)
        .unwrap_or_default();
    let others = overrides
        .iter()
        .filter_map(|it| it.launch_template_specification());
    own.into_iter().chain(others)
}

fn specifications_mut(
    policy: &mut asg::MixedInstancesPolicy,
) -> impl Iterator<Item = &mut asg::LaunchTemplateSpecification> {
    let template = policy.launch_template.as_mut();
    template.into_iter().flat_map(|it| {
        let overrides = it.overrides.iter_mut().flatten();
        let others = overrides.filter_map(|it| it.launch_template_specification.as_mut());
        it.launch_template_specification
            .as_mut()
            .into_iter()
            .chain(others)
    })
}

/// A version of a launch template.
struct Version {
    number: String,
    ami: String,
}

/// A version that is as the pinned one, with this image or with its own. The newest one, or a new one: Terraform holds the
/// newest against the image that is to be launched.
async fn ensure(
    account: &AwsClients,
    region: &str,
    specification: &asg::LaunchTemplateSpecification,
    ami: Option<&str>,
) -> Result<Version, AwsError> {
    let id = specification.launch_template_id().unwrap_or_default();
    let pinned = specification.version().unwrap_or_default();
    let wrong = |problem: String| {
        AwsError::new(
            ErrorKind::Unsafe,
            format!("launch template {id}"),
            problem,
            "let Terraform pin the group to a number: `terraform apply`",
        )
    };
    if pinned.is_empty() || !pinned.bytes().all(|it| it.is_ascii_digit()) {
        return Err(wrong(format!(
            "the group asks for version `{pinned}`, from which nothing can go back"
        )));
    }
    let of_pinned = described(account, region, id, pinned).await?;
    let base = of_pinned.as_ref().and_then(|it| it.launch_template_data());
    let base = base.ok_or_else(|| wrong(format!("it has no version {pinned}")))?;
    let latest = described(account, region, id, "$Latest").await?;
    let ami = ami.or(base.image_id()).unwrap_or_default();
    let mut expected = base.clone();
    expected.image_id = Some(ami.to_owned());
    let version = |number: String| Version {
        number,
        ami: ami.to_owned(),
    };
    // The pinned one itself, or one that was made from it: an answer may have been lost.
    if let Some(number) = latest.as_ref().and_then(|it| number_where(it, &expected)) {
        return Ok(version(number));
    }
    let latest = latest
        .and_then(|it| it.version_number())
        .unwrap_or_default();
    let token = digest_hex(format!("{id}\0{pinned}\0{latest}\0{ami}"));
    let made = account
        .ec2(region)
        .create_launch_template_version()
        .launch_template_id(id)
        .source_version(pinned)
        // Terraform takes it for the template's own, and would write it back.
        .set_version_description(
            of_pinned
                .as_ref()
                .and_then(|it| it.version_description.clone()),
        )
        .launch_template_data(RequestLaunchTemplateData::builder().image_id(ami).build())
        .client_token(token)
        .send()
        .await
        .map_err(|error| refusal("ec2:CreateLaunchTemplateVersion", &error))?;
    made.launch_template_version()
        .and_then(|it| number_where(it, &expected))
        .map(version)
        .ok_or_else(|| wrong("the new version differs in more than the image".to_owned()))
}

/// A version's number, where it holds this.
fn number_where(
    version: &LaunchTemplateVersion,
    expected: &ResponseLaunchTemplateData,
) -> Option<String> {
    let is_same = version.launch_template_data() == Some(expected);
    version
        .version_number()
        .filter(|_| is_same)
        .map(|it| it.to_string())
}

async fn described(
    account: &AwsClients,
    region: &str,
    template: &str,
    version: &str,
) -> Result<Option<LaunchTemplateVersion>, AwsError> {
    let answer = account
        .ec2(region)
        .describe_launch_template_versions()
        .launch_template_id(template)
        .versions(version)
        .send()
        .await
        .map_err(|error| refusal("ec2:DescribeLaunchTemplateVersions", &error))?;
    Ok(answer.launch_template_versions().first().cloned())
}

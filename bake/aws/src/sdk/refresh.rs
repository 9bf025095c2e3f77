//! The instances of a group, replaced by ones of another image, in a way that can go back.
//!
//! The group's own version stays what it is until the refresh has succeeded: a refresh whose desired configuration
//! names a new version goes back to it.

use std::time::Duration;

use aws_sdk_autoscaling::types as asg;
use aws_sdk_ec2::types::RequestLaunchTemplateData;

use super::clients::{Account, connect};
use super::promote::Target;
use super::refusal::{code, refusal};
use crate::error::{AwsError, ErrorKind};
use crate::progress::Event;

/// A refresh that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refresh {
    pub id: String,
}

/// Starts a refresh of a group to an image, and follows it to its end.
///
/// # Errors
/// When AWS refuses it, the group's templates cannot be told, or the refresh does not succeed: it has gone back then.
pub async fn refresh(
    target: Target<'_>,
    group: &str,
    ami: &str,
    poll: Duration,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<Refresh, AwsError> {
    let account = connect(target.region).await?;
    let client = account.autoscaling();
    let answer = client
        .describe_auto_scaling_groups()
        .auto_scaling_group_names(group)
        .send()
        .await;
    let answer =
        answer.map_err(|error| refusal("autoscaling:DescribeAutoScalingGroups", &error))?;
    let found = answer
        .auto_scaling_groups()
        .first()
        .and_then(|found| found.mixed_instances_policy());
    let policy = found.ok_or_else(|| {
        AwsError::new(
            ErrorKind::Refused,
            format!("Auto Scaling group {group}"),
            "it is not there, or has no mixed instances policy",
            format!(
                "run `terraform apply` in generated/{}/terraform first",
                target.environment
            ),
        )
    })?;
    let policy = with_image(&account, target.region, policy.clone(), ami).await?;
    let preferences = asg::RefreshPreferences::builder()
        .min_healthy_percentage(100)
        .max_healthy_percentage(110)
        .auto_rollback(true)
        .skip_matching(true)
        .scale_in_protected_instances(asg::ScaleInProtectedInstances::Wait)
        .build();
    let sent = client
        .start_instance_refresh()
        .auto_scaling_group_name(group)
        .desired_configuration(
            asg::DesiredConfiguration::builder()
                .mixed_instances_policy(policy)
                .build(),
        )
        .preferences(preferences)
        .send()
        .await;
    let id = match sent {
        Ok(answer) => answer.instance_refresh_id().unwrap_or_default().to_owned(),
        // There is no token: what goes on may be this very refresh, whose answer was lost.
        Err(error) if code(&error) == Some("InstanceRefreshInProgress") => String::new(),
        Err(error) => return Err(refusal("autoscaling:StartInstanceRefresh", &error)),
    };
    follow(&account, group, &id, poll, tell).await
}

async fn follow(
    account: &Account,
    group: &str,
    id: &str,
    poll: Duration,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<Refresh, AwsError> {
    use asg::InstanceRefreshStatus as S;
    let client = account.autoscaling();
    loop {
        let mut call = client
            .describe_instance_refreshes()
            .auto_scaling_group_name(group);
        if !id.is_empty() {
            call = call.instance_refresh_ids(id);
        }
        let answer = call
            .send()
            .await
            .map_err(|error| refusal("autoscaling:DescribeInstanceRefreshes", &error))?;
        let refresh = answer.instance_refreshes().first();
        let status = refresh
            .and_then(|refresh| refresh.status())
            .cloned()
            .unwrap_or(S::Pending);
        let percent = refresh
            .and_then(|refresh| refresh.percentage_complete())
            .unwrap_or_default();
        tell(Event::Shows(format!("{}, {percent} %", status.as_str())));
        match status {
            S::Successful => {
                let id = refresh
                    .and_then(|it| it.instance_refresh_id())
                    .unwrap_or(id)
                    .to_owned();
                return Ok(Refresh { id });
            }
            S::Failed | S::Cancelled | S::RollbackFailed | S::RollbackSuccessful => {
                let reason = refresh
                    .and_then(|it| it.status_reason())
                    .unwrap_or("without a reason");
                return Err(AwsError::new(
                    ErrorKind::BuildFailed,
                    format!("instance refresh of {group}"),
                    format!("{}: {reason}", status.as_str()),
                    "look at the group's activity history; the instances of before are in service, unless it says RollbackFailed",
                ));
            }
            _ => tokio::time::sleep(poll).await,
        }
    }
}

/// The group's own policy, with a version of every launch template in it that differs in the image alone.
async fn with_image(
    account: &Account,
    region: &str,
    mut policy: asg::MixedInstancesPolicy,
    ami: &str,
) -> Result<asg::MixedInstancesPolicy, AwsError> {
    let Some(template) = policy.launch_template.as_mut() else {
        return Ok(policy);
    };
    if let Some(specification) = template.launch_template_specification.as_mut() {
        *specification = versioned(account, region, specification.clone(), ami).await?;
    }
    for override_ in template.overrides.iter_mut().flatten() {
        if let Some(specification) = override_.launch_template_specification.as_mut() {
            *specification = versioned(account, region, specification.clone(), ami).await?;
        }
    }
    Ok(policy)
}

/// A version of a template that is as the pinned one, with this image.
async fn versioned(
    account: &Account,
    region: &str,
    mut specification: asg::LaunchTemplateSpecification,
    ami: &str,
) -> Result<asg::LaunchTemplateSpecification, AwsError> {
    let id = specification
        .launch_template_id()
        .unwrap_or_default()
        .to_owned();
    let pinned = specification.version().unwrap_or_default().to_owned();
    let wrong = |problem: String| {
        let help = "let Terraform pin the group to a number: `terraform apply`";
        AwsError::new(
            ErrorKind::Unsafe,
            format!("launch template {id}"),
            problem,
            help,
        )
    };
    if pinned.is_empty() || !pinned.bytes().all(|it| it.is_ascii_digit()) {
        return Err(wrong(format!(
            "the group asks for version `{pinned}`, from which nothing can go back"
        )));
    }
    let ec2 = account.ec2(region);
    // A version with this image that was made from the pinned one: an answer may have been lost.
    let described = ec2
        .describe_launch_template_versions()
        .launch_template_id(&id)
        .send()
        .await;
    let described =
        described.map_err(|error| refusal("ec2:DescribeLaunchTemplateVersions", &error))?;
    let versions = described.launch_template_versions();
    let data = |number: &str| {
        let version = versions
            .iter()
            .find(|it| it.version_number().map(|it| it.to_string()).as_deref() == Some(number));
        version.and_then(|version| version.launch_template_data())
    };
    let base = data(&pinned).ok_or_else(|| wrong(format!("it has no version {pinned}")))?;
    if base.image_id() == Some(ami) {
        return Ok(specification);
    }
    let is_same = |other: &aws_sdk_ec2::types::ResponseLaunchTemplateData| {
        let mut expected = base.clone();
        expected.image_id = Some(ami.to_owned());
        *other == expected
    };
    let found = versions
        .iter()
        .find(|version| version.launch_template_data().is_some_and(is_same));
    if let Some(number) = found.and_then(|version| version.version_number()) {
        specification.version = Some(number.to_string());
        return Ok(specification);
    }
    let token = crate::bake_id::digest_hex(format!("{id}\0{pinned}\0{ami}"));
    let made = ec2
        .create_launch_template_version()
        .launch_template_id(&id)
        .source_version(&pinned)
        .version_description(format!("version {pinned} with {ami}"))
        .launch_template_data(RequestLaunchTemplateData::builder().image_id(ami).build())
        .client_token(token)
        .send()
        .await
        .map_err(|error| refusal("ec2:CreateLaunchTemplateVersion", &error))?;
    let version = made.launch_template_version();
    if !version
        .and_then(|version| version.launch_template_data())
        .is_some_and(is_same)
    {
        return Err(wrong(
            "the new version differs in more than the image".to_owned(),
        ));
    }
    specification.version = version
        .and_then(|version| version.version_number())
        .map(|number| number.to_string());
    Ok(specification)
}

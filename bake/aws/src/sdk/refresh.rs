//! The instances of a group, replaced by ones of another image, in a way that can go back.
//!
//! The group's own version stays what it is until the refresh has succeeded: a refresh whose desired configuration
//! names a new version goes back to it. The templates' default version follows only then, and Terraform's group asks for
//! the default one: a plan of meanwhile changes nothing, so that no apply ends the refresh.

use std::time::Duration;

use aws_sdk_autoscaling::types as asg;

use super::clients::{AwsClients, connect};
use super::promote::{PromotionTarget, write_parameter};
use super::refusal::{code, refusal};
use super::template_versions::{going_back, set_default, versions_of, with_image};
use crate::error::{AwsError, ErrorKind};
use crate::progress::ProgressEvent;

/// A refresh that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartedRefresh {
    pub id: String,
}

/// The group whose instances are replaced, and how.
#[derive(Clone, Copy, Debug)]
pub struct RefreshRequest<'r> {
    pub group: &'r str,
    /// The alarm that ends the refresh, as it does one of Terraform's.
    pub alarm: Option<&'r str>,
    /// Between two looks.
    pub poll: Duration,
}

/// Where a refresh waits, in percent of the instances, and for how many seconds: the rendered group does the same.
const CHECKPOINTS: [i32; 3] = [20, 50, 100];
const CHECKPOINT_SECONDS: i32 = 600;

/// Starts a refresh of a group to an image, and follows it to its end.
///
/// # Errors
/// When AWS refuses it, the group's templates cannot be told, or the refresh does not succeed: it has gone back then, and
/// so have the templates.
pub async fn refresh(
    target: PromotionTarget<'_>,
    rollout: RefreshRequest<'_>,
    ami: &str,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<StartedRefresh, AwsError> {
    let account = connect(target.region).await?;
    let client = account.autoscaling();
    let RefreshRequest { group, alarm, .. } = rollout;
    let before = policy_of(&account, target, group).await?;
    let wanted = Box::pin(with_image(&account, target.region, before.clone(), ami)).await?;
    let preferences = asg::RefreshPreferences::builder()
        .min_healthy_percentage(100)
        .max_healthy_percentage(150)
        .set_checkpoint_percentages(Some(CHECKPOINTS.to_vec()))
        .checkpoint_delay(CHECKPOINT_SECONDS)
        .auto_rollback(true)
        .skip_matching(true)
        // Busy instances are protected by their agent: each is replaced after its drain. "Wait" fails after an hour.
        .scale_in_protected_instances(asg::ScaleInProtectedInstances::Refresh)
        .set_alarm_specification(
            alarm.map(|alarm| asg::AlarmSpecification::builder().alarms(alarm).build()),
        )
        .build();
    let sent = client
        .start_instance_refresh()
        .auto_scaling_group_name(group)
        .desired_configuration(
            asg::DesiredConfiguration::builder()
                .mixed_instances_policy(wanted.clone())
                .build(),
        )
        .preferences(preferences)
        .send()
        .await;
    let id = match sent {
        Ok(answer) => answer.instance_refresh_id().unwrap_or_default().to_owned(),
        // There is no token: what goes on may be this very refresh, whose answer was lost.
        Err(error) if code(&error) == Some("InstanceRefreshInProgress") => {
            own_refresh(&account, group, &wanted).await?
        }
        Err(error) => return Err(refusal("autoscaling:StartInstanceRefresh", &error)),
    };
    match follow(&account, rollout, &id, tell).await {
        Ok(refresh) => {
            set_default(&account, target.region, &wanted).await?;
            Ok(refresh)
        }
        Err(error) if error.kind == ErrorKind::BuildFailed => {
            Err(Box::pin(gone_back(&account, target, &before, error, tell)).await?)
        }
        Err(error) => Err(error),
    }
}

/// After a refresh that has gone back: what Terraform reads is again what runs. The error says so.
async fn gone_back(
    account: &AwsClients,
    target: PromotionTarget<'_>,
    before: &asg::MixedInstancesPolicy,
    error: AwsError,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<AwsError, AwsError> {
    let Some(runs) = Box::pin(going_back(account, target.region, before)).await? else {
        return Ok(error);
    };
    write_parameter(target, &runs, tell).await?;
    let help = format!("{}; {} names {runs} again", error.help, target.parameter);
    Ok(AwsError { help, ..error })
}

async fn policy_of(
    account: &AwsClients,
    target: PromotionTarget<'_>,
    group: &str,
) -> Result<asg::MixedInstancesPolicy, AwsError> {
    let answer = account
        .autoscaling()
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
    found.cloned().ok_or_else(|| {
        AwsError::new(
            ErrorKind::Refused,
            format!("Auto Scaling group {group}"),
            "it is not there, or has no mixed instances policy",
            format!(
                "run `terraform apply` in generated/{}/terraform first",
                target.environment
            ),
        )
    })
}

/// The refresh that goes on, where it is to the same versions.
async fn own_refresh(
    account: &AwsClients,
    group: &str,
    wanted: &asg::MixedInstancesPolicy,
) -> Result<String, AwsError> {
    let answer = account
        .autoscaling()
        .describe_instance_refreshes()
        .auto_scaling_group_name(group)
        .send()
        .await
        .map_err(|error| refusal("autoscaling:DescribeInstanceRefreshes", &error))?;
    let latest = answer.instance_refreshes().first();
    let desired = latest
        .and_then(|it| it.desired_configuration())
        .and_then(|it| it.mixed_instances_policy());
    let is_own = desired.is_some_and(|it| versions_of(it) == versions_of(wanted));
    match latest.and_then(|it| it.instance_refresh_id()) {
        Some(id) if is_own => Ok(id.to_owned()),
        other => Err(AwsError::new(
            ErrorKind::Unsafe,
            format!("Auto Scaling group {group}"),
            format!(
                "another instance refresh of it goes on: {}",
                other.unwrap_or("without an id")
            ),
            format!(
                "wait until it has ended, or end it with `aws autoscaling cancel-instance-refresh --auto-scaling-group-name {group}`, and run the same command again"
            ),
        )),
    }
}

async fn follow(
    account: &AwsClients,
    rollout: RefreshRequest<'_>,
    id: &str,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<StartedRefresh, AwsError> {
    use asg::InstanceRefreshStatus as S;
    let RefreshRequest { group, poll, .. } = rollout;
    let client = account.autoscaling();
    loop {
        let answer = client
            .describe_instance_refreshes()
            .auto_scaling_group_name(group)
            .instance_refresh_ids(id)
            .send()
            .await
            .map_err(|error| refusal("autoscaling:DescribeInstanceRefreshes", &error))?;
        let refresh = answer.instance_refreshes().first();
        let status = refresh
            .and_then(|refresh| refresh.status())
            .cloned()
            .unwrap_or(S::Pending);
        let percent = refresh
            .and_then(asg::InstanceRefresh::percentage_complete)
            .unwrap_or_default();
        tell(ProgressEvent::Shows(format!(
            "{}, {percent} %",
            status.as_str()
        )));
        match status {
            S::Successful => return Ok(StartedRefresh { id: id.to_owned() }),
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

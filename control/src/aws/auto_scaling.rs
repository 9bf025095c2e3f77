//! Auto Scaling groups and their instances.

use roxmltree::Node;

use super::endpoints::Service;
use super::parameters::Parameters;
use super::{Aws, AwsError, Permit, xml};

/// The most groups that are named in one call.
const MAX_NAMES: usize = 50;
/// The most pages of one answer, which no account reaches.
const MAX_PAGES: usize = 100;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoScalingGroup {
    pub name: String,
    /// The account that the group is in, by its ARN.
    pub account: String,
    pub min: u32,
    pub max: u32,
    pub desired: u32,
    pub instances: Vec<GroupInstance>,
}

/// An instance of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupInstance {
    pub id: String,
    pub zone: String,
    pub instance_type: String,
    /// Such as `InService` or `Terminating:Wait`.
    pub lifecycle: String,
    pub is_healthy: bool,
    pub is_protected: bool,
}

impl Aws {
    /// The groups of these names that exist, with their instances.
    ///
    /// # Errors
    ///
    /// Why AWS does not say.
    pub async fn auto_scaling_groups(
        &self,
        region: &str,
        names: &[String],
    ) -> Result<Vec<AutoScalingGroup>, AwsError> {
        const ACTION: &str = "DescribeAutoScalingGroups";
        let mut groups = Vec::new();
        for names in names.chunks(MAX_NAMES) {
            let mut next: Option<String> = None;
            for _ in 0..MAX_PAGES {
                let mut parameters =
                    Parameters::default().list("AutoScalingGroupNames.member", names);
                if let Some(token) = next.take() {
                    parameters = parameters.with("NextToken", token);
                }
                let text = self
                    .read(Service::AutoScaling, region, ACTION, &parameters)
                    .await?;
                let (page, token) = groups_of(&text).map_err(|reason| AwsError::Unreadable {
                    action: ACTION,
                    reason,
                })?;
                groups.extend(page);
                next = token;
                if next.is_none() {
                    break;
                }
            }
        }
        Ok(groups)
    }

    /// Terminates an instance. Its group replaces it, or becomes smaller.
    ///
    /// # Errors
    ///
    /// Why it was not done, or whether that is not known.
    pub async fn terminate_instance(
        &self,
        region: &str,
        instance: &str,
        is_replaced: bool,
        permit: &Permit,
    ) -> Result<(), AwsError> {
        let parameters = Parameters::default()
            .with("InstanceId", instance)
            .with("ShouldDecrementDesiredCapacity", (!is_replaced).to_string());
        let action = "TerminateInstanceInAutoScalingGroup";
        self.change(Service::AutoScaling, region, action, &parameters, permit)
            .await
            .map(drop)
    }

    /// Says how many instances a group should have.
    ///
    /// # Errors
    ///
    /// As [`Aws::terminate_instance`].
    pub async fn set_desired_capacity(
        &self,
        region: &str,
        group: &str,
        desired: u32,
        permit: &Permit,
    ) -> Result<(), AwsError> {
        let parameters = Parameters::default()
            .with("AutoScalingGroupName", group)
            .with("DesiredCapacity", desired.to_string())
            .with("HonorCooldown", "false");
        let action = "SetDesiredCapacity";
        self.change(Service::AutoScaling, region, action, &parameters, permit)
            .await
            .map(drop)
    }

    /// Protects an instance from scale-in, or takes that off.
    ///
    /// # Errors
    ///
    /// As [`Aws::terminate_instance`].
    pub async fn set_instance_protection(
        &self,
        region: &str,
        group: &str,
        instance: &str,
        is_protected: bool,
        permit: &Permit,
    ) -> Result<(), AwsError> {
        let parameters = Parameters::default()
            .with("AutoScalingGroupName", group)
            .with("InstanceIds.member.1", instance)
            .with("ProtectedFromScaleIn", is_protected.to_string());
        let action = "SetInstanceProtection";
        self.change(Service::AutoScaling, region, action, &parameters, permit)
            .await
            .map(drop)
    }
}

/// A page of groups, and the token of the next one.
fn groups_of(text: &str) -> Result<(Vec<AutoScalingGroup>, Option<String>), String> {
    let document = xml::parse(text)?;
    let result = xml::find(&document, "DescribeAutoScalingGroupsResult")
        .ok_or("it has no DescribeAutoScalingGroupsResult")?;
    let groups: Result<_, _> = xml::members(result, "AutoScalingGroups")
        .map(group_of)
        .collect();
    Ok((groups?, xml::text(result, "NextToken").map(str::to_owned)))
}

fn group_of(node: Node<'_, '_>) -> Result<AutoScalingGroup, String> {
    let required = |name: &str| xml::text(node, name).ok_or(format!("a group has no {name}"));
    let number = |name: &str| {
        let text = required(name)?;
        text.parse().map_err(|_| format!("{name} is not a number"))
    };
    // arn:aws:autoscaling:REGION:ACCOUNT:autoScalingGroup:UUID:autoScalingGroupName/NAME
    let account = required("AutoScalingGroupARN")?.split(':').nth(4);
    let instances: Result<_, _> = xml::members(node, "Instances").map(instance_of).collect();
    Ok(AutoScalingGroup {
        name: required("AutoScalingGroupName")?.to_owned(),
        account: account.unwrap_or_default().to_owned(),
        min: number("MinSize")?,
        max: number("MaxSize")?,
        desired: number("DesiredCapacity")?,
        instances: instances?,
    })
}

fn instance_of(node: Node<'_, '_>) -> Result<GroupInstance, String> {
    let required = |name: &str| {
        let text = xml::text(node, name).map(str::to_owned);
        text.ok_or(format!("an instance has no {name}"))
    };
    Ok(GroupInstance {
        id: required("InstanceId")?,
        zone: required("AvailabilityZone")?,
        instance_type: xml::text(node, "InstanceType")
            .unwrap_or_default()
            .to_owned(),
        lifecycle: required("LifecycleState")?,
        is_healthy: xml::text(node, "HealthStatus") != Some("Unhealthy"),
        is_protected: xml::text(node, "ProtectedFromScaleIn") == Some("true"),
    })
}

//! Instances.

use jiff::Timestamp;
use roxmltree::Node;

use super::endpoints::Service;
use super::parameters::Parameters;
use super::{Aws, AwsError, xml};

/// The most values of a filter (EC2 API Reference, `DescribeInstances`).
const MAX_FILTER_VALUES: usize = 200;
/// The most instances whose status is asked for in one call (`DescribeInstanceStatus`).
pub const MAX_STATUS_IDS: usize = 100;
/// The most pages of one answer.
const MAX_PAGES: usize = 50;

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ec2Instance {
    pub id: String,
    /// `pending`, `running`, `shutting-down`, `terminated`, `stopping` or `stopped`.
    pub state: String,
    pub zone: String,
    pub instance_type: String,
    pub image: String,
    pub launched_at: Timestamp,
}

/// What EC2 finds when it checks an instance from the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ec2Status {
    pub id: String,
    /// Either of the two checks fails: the machine below it, or the instance itself.
    pub is_impaired: bool,
}

impl Aws {
    /// The instances of these ids that EC2 knows: those that are not are left out.
    ///
    /// # Errors
    ///
    /// Why AWS does not say.
    pub async fn instances(
        &self,
        region: &str,
        ids: &[String],
    ) -> Result<Vec<Ec2Instance>, AwsError> {
        const ACTION: &str = "DescribeInstances";
        let mut found = Vec::new();
        for ids in ids.chunks(MAX_FILTER_VALUES) {
            let mut next: Option<String> = None;
            for _ in 0..MAX_PAGES {
                // A filter, and not the ids themselves: one that is unknown would fail the call.
                let mut parameters = Parameters::default()
                    .with("Filter.1.Name", "instance-id")
                    .list("Filter.1.Value", ids);
                if let Some(token) = next.take() {
                    parameters = parameters.with("NextToken", token);
                }
                let text = self.read(Service::Ec2, region, ACTION, &parameters).await?;
                let (page, token) = instances_of(&text).map_err(|reason| AwsError::Unreadable {
                    action: ACTION,
                    reason,
                })?;
                found.extend(page);
                next = token;
                if next.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// The status of running instances, of [`MAX_STATUS_IDS`] at the most. Of one that is not running nothing is said.
    ///
    /// # Errors
    ///
    /// Why AWS does not say.
    pub async fn instance_statuses(
        &self,
        region: &str,
        ids: &[String],
    ) -> Result<Vec<Ec2Status>, AwsError> {
        const ACTION: &str = "DescribeInstanceStatus";
        let parameters = Parameters::default().list("InstanceId", ids);
        let text = self.read(Service::Ec2, region, ACTION, &parameters).await?;
        statuses_of(&text).map_err(|reason| AwsError::Unreadable {
            action: ACTION,
            reason,
        })
    }
}

fn instances_of(text: &str) -> Result<(Vec<Ec2Instance>, Option<String>), String> {
    let document = xml::parse(text)?;
    let root = document.root_element();
    let mut instances = Vec::new();
    for reservation in xml::members(root, "reservationSet") {
        for instance in xml::members(reservation, "instancesSet") {
            instances.push(instance_of(instance)?);
        }
    }
    Ok((instances, xml::text(root, "nextToken").map(str::to_owned)))
}

fn instance_of(node: Node<'_, '_>) -> Result<Ec2Instance, String> {
    let required = |node: Option<Node<'_, '_>>, name: &str| {
        let text = node.and_then(|node| xml::text(node, name).map(str::to_owned));
        text.ok_or(format!("an instance has no {name}"))
    };
    let here = Some(node);
    let launched = required(here, "launchTime")?;
    Ok(Ec2Instance {
        id: required(here, "instanceId")?,
        state: required(xml::child(node, "instanceState"), "name")?,
        zone: required(xml::child(node, "placement"), "availabilityZone")?,
        instance_type: required(here, "instanceType")?,
        image: required(here, "imageId")?,
        launched_at: launched
            .parse()
            .map_err(|_| "launchTime is not a time".to_owned())?,
    })
}

fn statuses_of(text: &str) -> Result<Vec<Ec2Status>, String> {
    let document = xml::parse(text)?;
    xml::members(document.root_element(), "instanceStatusSet")
        .map(|node| {
            let id = xml::text(node, "instanceId").ok_or("a status has no instanceId")?;
            let is_impaired = ["systemStatus", "instanceStatus"].iter().any(|check| {
                let status = xml::child(node, check).and_then(|check| xml::text(check, "status"));
                status == Some("impaired")
            });
            Ok(Ec2Status {
                id: id.to_owned(),
                is_impaired,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of the EC2 API Reference, `DescribeInstanceStatus`, example 1, shortened.
    const STATUSES: &str = r#"<DescribeInstanceStatusResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
      <instanceStatusSet>
        <item><instanceId>i-1</instanceId>
          <systemStatus><status>impaired</status><details><item><name>reachability</name><status>failed</status></item></details></systemStatus>
          <instanceStatus><status>ok</status></instanceStatus></item>
        <item><instanceId>i-2</instanceId>
          <systemStatus><status>ok</status></systemStatus><instanceStatus><status>initializing</status></instanceStatus></item>
        <item><instanceId>i-3</instanceId>
          <systemStatus><status>ok</status></systemStatus><instanceStatus><status>impaired</status></instanceStatus></item>
      </instanceStatusSet></DescribeInstanceStatusResponse>"#;

    #[test]
    fn either_check_that_fails_counts_and_one_that_has_not_ended_does_not() {
        let statuses = statuses_of(STATUSES).expect("well-formed");
        let impaired: Vec<_> = statuses.iter().map(|status| status.is_impaired).collect();
        assert_eq!(impaired, [true, false, true]);
    }
}

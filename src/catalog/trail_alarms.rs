//! What the account's trail tells people at once: the metric filters and alarms of the CIS AWS Foundations Benchmark,
//! version 1.4.0, section 4, in its order.

use serde::Serialize;

/// A metric filter on the trail's log group, and the alarm on what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TrailAlarm {
    /// Its name, before which the prefix of the account's module is put.
    pub name: &'static str,
    /// What has happened.
    pub description: &'static str,
    /// The recommendation of the benchmark.
    pub cis: &'static str,
    /// CloudWatch Logs' pattern, as the benchmark has it.
    pub pattern: &'static str,
}

/// A pattern of events by their names.
macro_rules! events {
    ($first:literal $(, $name:literal)*) => {
        concat!("{ ($.eventName = ", $first, ")" $(, " || ($.eventName = ", $name, ")")*, " }")
    };
}

/// The same of one service.
macro_rules! events_of {
    ($source:literal: $first:literal $(, $name:literal)*) => {
        concat!(
            "{ ($.eventSource = ", $source, ") && (($.eventName = ", $first, ")"
            $(, " || ($.eventName = ", $name, ")")*, ") }"
        )
    };
}

const fn alarm(
    cis: &'static str,
    name: &'static str,
    description: &'static str,
    pattern: &'static str,
) -> TrailAlarm {
    TrailAlarm {
        name,
        description,
        cis,
        pattern,
    }
}

/// Every alarm.
pub const TRAIL_ALARMS: &[TrailAlarm] = &[
    alarm(
        "4.1",
        "unauthorized-calls",
        "Somebody made a call that they have no right to",
        r#"{ (($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")) && (($.sourceIPAddress != "delivery.logs.amazonaws.com") && ($.eventName != "HeadBucket")) }"#,
    ),
    alarm(
        "4.2",
        "console-without-mfa",
        "Somebody signed in to the console without MFA",
        r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }"#,
    ),
    alarm(
        "4.3",
        "root-used",
        "The root user was used",
        r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }"#,
    ),
    alarm(
        "4.4",
        "iam-changed",
        "A policy of IAM was changed",
        events!(
            "DeleteGroupPolicy",
            "DeleteRolePolicy",
            "DeleteUserPolicy",
            "PutGroupPolicy",
            "PutRolePolicy",
            "PutUserPolicy",
            "CreatePolicy",
            "DeletePolicy",
            "CreatePolicyVersion",
            "DeletePolicyVersion",
            "AttachRolePolicy",
            "DetachRolePolicy",
            "AttachUserPolicy",
            "DetachUserPolicy",
            "AttachGroupPolicy",
            "DetachGroupPolicy"
        ),
    ),
    alarm(
        "4.5",
        "trail-changed",
        "A trail was changed, stopped or deleted",
        events!(
            "CreateTrail",
            "UpdateTrail",
            "DeleteTrail",
            "StartLogging",
            "StopLogging"
        ),
    ),
    alarm(
        "4.6",
        "console-refused",
        "A sign-in to the console failed",
        r#"{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }"#,
    ),
    alarm(
        "4.7",
        "key-disabled",
        "A key of KMS was disabled, or its deletion was scheduled",
        events_of!("kms.amazonaws.com": "DisableKey", "ScheduleKeyDeletion"),
    ),
    alarm(
        "4.8",
        "bucket-policy-changed",
        "Who may use a bucket, or how long it keeps what it holds, was changed",
        events_of!(
            "s3.amazonaws.com":
            "PutBucketAcl",
            "PutBucketPolicy",
            "PutBucketCors",
            "PutBucketLifecycle",
            "PutBucketReplication",
            "DeleteBucketPolicy",
            "DeleteBucketCors",
            "DeleteBucketLifecycle",
            "DeleteBucketReplication"
        ),
    ),
    alarm(
        "4.9",
        "config-changed",
        "AWS Config was changed or stopped",
        events_of!(
            "config.amazonaws.com":
            "StopConfigurationRecorder",
            "DeleteDeliveryChannel",
            "PutDeliveryChannel",
            "PutConfigurationRecorder"
        ),
    ),
    alarm(
        "4.10",
        "security-group-changed",
        "A security group or one of its rules was changed",
        events!(
            "AuthorizeSecurityGroupIngress",
            "AuthorizeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            "RevokeSecurityGroupEgress",
            "CreateSecurityGroup",
            "DeleteSecurityGroup"
        ),
    ),
    alarm(
        "4.11",
        "network-acl-changed",
        "A network ACL was changed",
        events!(
            "CreateNetworkAcl",
            "CreateNetworkAclEntry",
            "DeleteNetworkAcl",
            "DeleteNetworkAclEntry",
            "ReplaceNetworkAclEntry",
            "ReplaceNetworkAclAssociation"
        ),
    ),
    alarm(
        "4.12",
        "gateway-changed",
        "A gateway of a network was changed",
        events!(
            "CreateCustomerGateway",
            "DeleteCustomerGateway",
            "AttachInternetGateway",
            "CreateInternetGateway",
            "DeleteInternetGateway",
            "DetachInternetGateway"
        ),
    ),
    alarm(
        "4.13",
        "route-changed",
        "A route was changed",
        events!(
            "CreateRoute",
            "CreateRouteTable",
            "ReplaceRoute",
            "ReplaceRouteTableAssociation",
            "DeleteRouteTable",
            "DeleteRoute",
            "DisassociateRouteTable"
        ),
    ),
    alarm(
        "4.14",
        "vpc-changed",
        "A VPC was changed",
        events!(
            "CreateVpc",
            "DeleteVpc",
            "ModifyVpcAttribute",
            "AcceptVpcPeeringConnection",
            "CreateVpcPeeringConnection",
            "DeleteVpcPeeringConnection",
            "RejectVpcPeeringConnection",
            "AttachClassicLinkVpc",
            "DetachClassicLinkVpc",
            "DisableVpcClassicLink",
            "EnableVpcClassicLink"
        ),
    ),
    alarm(
        "4.15",
        "organization-changed",
        "The organization was changed",
        events_of!(
            "organizations.amazonaws.com":
            "AcceptHandshake",
            "AttachPolicy",
            "CreateAccount",
            "CreateOrganizationalUnit",
            "CreatePolicy",
            "DeclineHandshake",
            "DeleteOrganization",
            "DeleteOrganizationalUnit",
            "DeletePolicy",
            "DetachPolicy",
            "DisablePolicyType",
            "EnablePolicyType",
            "InviteAccountToOrganization",
            "LeaveOrganization",
            "MoveAccount",
            "RemoveAccountFromOrganization",
            "UpdatePolicy",
            "UpdateOrganizationalUnit"
        ),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_patterns_fit() {
        let mut names: Vec<&str> = TRAIL_ALARMS.iter().map(|alarm| alarm.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 15);
        for alarm in TRAIL_ALARMS {
            // CloudWatch Logs API reference, PutMetricFilter.
            assert!(alarm.pattern.len() <= 1024, "{}", alarm.name);
        }
    }
}

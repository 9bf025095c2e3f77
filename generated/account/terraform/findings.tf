# Rendered by valet-gen from fleet.toml, the account: whom these services tell.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# In a key policy the resource "*" is this key.
data "aws_iam_policy_document" "alerts_kms" {
  #checkov:skip=CKV_AWS_109:a key policy applies to its own key only, * is that key, and the account must be able to administer it
  #checkov:skip=CKV_AWS_111:a key policy applies to its own key only, * is that key
  #checkov:skip=CKV_AWS_356:a key policy applies to its own key only, * is that key
  # Everything that manages the key and nothing that uses it. CreateAlias and not Create*, which has CreateGrant in it.
  statement {
    sid = "AccountAdministersKey"
    actions = [
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:Delete*",
      "kms:Describe*",
      "kms:Disable*",
      "kms:Enable*",
      "kms:Get*",
      "kms:List*",
      "kms:Put*",
      "kms:Revoke*",
      "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:Update*",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }

  statement {
    sid = "AlarmsOnTheTrail"
    actions = [
      "kms:Decrypt",
      "kms:GenerateDataKey*",
    ]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }

  # EventBridge names no source to the key of a topic: with a condition on one no event arrives (SNS developer guide,
  # key management).
  statement {
    sid = "FindingsByEventBridge"
    actions = [
      "kms:Decrypt",
      "kms:GenerateDataKey*",
    ]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }
}

# Not the fleet's: the account outlives every environment. SNS's own key lets neither EventBridge nor CloudWatch in.
resource "aws_kms_key" "alerts" {
  description             = "valet-account: what the account's services tell people"
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.alerts_kms.json

  # Control: aws.key-rotation
  enable_key_rotation = true

  tags = {
    Name = "valet-account-alerts"
  }
}

resource "aws_kms_alias" "alerts" {
  name          = "alias/valet-account-alerts"
  target_key_id = aws_kms_key.alerts.key_id
}

resource "aws_sns_topic" "alerts" {
  name              = "valet-account-alerts"
  display_name      = "valet account"
  kms_master_key_id = aws_kms_key.alerts.arn
}

data "aws_iam_policy_document" "alerts" {
  statement {
    sid       = "AlarmsOnTheTrail"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:cloudwatch:us-east-1:${data.aws_caller_identity.current.account_id}:alarm:valet-account-*"]
    }
  }

  statement {
    sid       = "FindingsByEventBridge"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.alerts.json
}

# Nothing arrives until the receiver has followed the link in the first mail.
resource "aws_sns_topic_subscription" "alerts" {
  for_each = toset([
    "ops@valet.example",
  ])

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.key
}

# From medium on: the low ones are attempts that nothing came of, and stay in GuardDuty.
resource "aws_cloudwatch_event_rule" "guardduty" {
  name        = "valet-account-guardduty"
  description = "A finding of GuardDuty, of medium severity or more"

  event_pattern = jsonencode({
    source      = ["aws.guardduty"]
    detail-type = ["GuardDuty Finding"]
    detail = {
      severity = [{ numeric = [">=", 4] }]
    }
  })
}

resource "aws_cloudwatch_event_target" "guardduty" {
  rule = aws_cloudwatch_event_rule.guardduty.name
  arn  = aws_sns_topic.alerts.arn
}

# Critical ones that a newer package mends: bake an image. The others stay in Inspector, as each instance has dozens.
resource "aws_cloudwatch_event_rule" "inspector" {
  name        = "valet-account-inspector"
  description = "A finding of Inspector that is critical and can be mended"

  event_pattern = jsonencode({
    source      = ["aws.inspector2"]
    detail-type = ["Inspector2 Finding"]
    detail = {
      fixAvailable = ["YES"]
      severity     = ["CRITICAL"]
      status       = ["ACTIVE"]
    }
  })
}

resource "aws_cloudwatch_event_target" "inspector" {
  rule = aws_cloudwatch_event_rule.inspector.name
  arn  = aws_sns_topic.alerts.arn
}

# The patterns of the CIS AWS Foundations Benchmark 1.4.0, section 4. An apply of this fleet is a change too and sets some
# of them off, with the name of who made it in the trail.
locals {
  trail_alarms = {
    "unauthorized-calls" = {
      description = "Somebody made a call that they have no right to"
      recommended = "4.1"
      pattern     = "{ (($.errorCode = \"*UnauthorizedOperation\") || ($.errorCode = \"AccessDenied*\")) && (($.sourceIPAddress != \"delivery.logs.amazonaws.com\") && ($.eventName != \"HeadBucket\")) }"
    }
    "console-without-mfa" = {
      description = "Somebody signed in to the console without MFA"
      recommended = "4.2"
      pattern     = "{ ($.eventName = \"ConsoleLogin\") && ($.additionalEventData.MFAUsed != \"Yes\") && ($.userIdentity.type = \"IAMUser\") && ($.responseElements.ConsoleLogin = \"Success\") }"
    }
    "root-used" = {
      description = "The root user was used"
      recommended = "4.3"
      pattern     = "{ $.userIdentity.type = \"Root\" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != \"AwsServiceEvent\" }"
    }
    "iam-changed" = {
      description = "A policy of IAM was changed"
      recommended = "4.4"
      pattern     = "{ ($.eventName = DeleteGroupPolicy) || ($.eventName = DeleteRolePolicy) || ($.eventName = DeleteUserPolicy) || ($.eventName = PutGroupPolicy) || ($.eventName = PutRolePolicy) || ($.eventName = PutUserPolicy) || ($.eventName = CreatePolicy) || ($.eventName = DeletePolicy) || ($.eventName = CreatePolicyVersion) || ($.eventName = DeletePolicyVersion) || ($.eventName = AttachRolePolicy) || ($.eventName = DetachRolePolicy) || ($.eventName = AttachUserPolicy) || ($.eventName = DetachUserPolicy) || ($.eventName = AttachGroupPolicy) || ($.eventName = DetachGroupPolicy) }"
    }
    "trail-changed" = {
      description = "A trail was changed, stopped or deleted"
      recommended = "4.5"
      pattern     = "{ ($.eventName = CreateTrail) || ($.eventName = UpdateTrail) || ($.eventName = DeleteTrail) || ($.eventName = StartLogging) || ($.eventName = StopLogging) }"
    }
    "console-refused" = {
      description = "A sign-in to the console failed"
      recommended = "4.6"
      pattern     = "{ ($.eventName = ConsoleLogin) && ($.errorMessage = \"Failed authentication\") }"
    }
    "key-disabled" = {
      description = "A key of KMS was disabled, or its deletion was scheduled"
      recommended = "4.7"
      pattern     = "{ ($.eventSource = kms.amazonaws.com) && (($.eventName = DisableKey) || ($.eventName = ScheduleKeyDeletion)) }"
    }
    "bucket-policy-changed" = {
      description = "Who may use a bucket, or how long it keeps what it holds, was changed"
      recommended = "4.8"
      pattern     = "{ ($.eventSource = s3.amazonaws.com) && (($.eventName = PutBucketAcl) || ($.eventName = PutBucketPolicy) || ($.eventName = PutBucketCors) || ($.eventName = PutBucketLifecycle) || ($.eventName = PutBucketReplication) || ($.eventName = DeleteBucketPolicy) || ($.eventName = DeleteBucketCors) || ($.eventName = DeleteBucketLifecycle) || ($.eventName = DeleteBucketReplication)) }"
    }
    "config-changed" = {
      description = "AWS Config was changed or stopped"
      recommended = "4.9"
      pattern     = "{ ($.eventSource = config.amazonaws.com) && (($.eventName = StopConfigurationRecorder) || ($.eventName = DeleteDeliveryChannel) || ($.eventName = PutDeliveryChannel) || ($.eventName = PutConfigurationRecorder)) }"
    }
    "security-group-changed" = {
      description = "A security group or one of its rules was changed"
      recommended = "4.10"
      pattern     = "{ ($.eventName = AuthorizeSecurityGroupIngress) || ($.eventName = AuthorizeSecurityGroupEgress) || ($.eventName = RevokeSecurityGroupIngress) || ($.eventName = RevokeSecurityGroupEgress) || ($.eventName = CreateSecurityGroup) || ($.eventName = DeleteSecurityGroup) }"
    }
    "network-acl-changed" = {
      description = "A network ACL was changed"
      recommended = "4.11"
      pattern     = "{ ($.eventName = CreateNetworkAcl) || ($.eventName = CreateNetworkAclEntry) || ($.eventName = DeleteNetworkAcl) || ($.eventName = DeleteNetworkAclEntry) || ($.eventName = ReplaceNetworkAclEntry) || ($.eventName = ReplaceNetworkAclAssociation) }"
    }
    "gateway-changed" = {
      description = "A gateway of a network was changed"
      recommended = "4.12"
      pattern     = "{ ($.eventName = CreateCustomerGateway) || ($.eventName = DeleteCustomerGateway) || ($.eventName = AttachInternetGateway) || ($.eventName = CreateInternetGateway) || ($.eventName = DeleteInternetGateway) || ($.eventName = DetachInternetGateway) }"
    }
    "route-changed" = {
      description = "A route was changed"
      recommended = "4.13"
      pattern     = "{ ($.eventName = CreateRoute) || ($.eventName = CreateRouteTable) || ($.eventName = ReplaceRoute) || ($.eventName = ReplaceRouteTableAssociation) || ($.eventName = DeleteRouteTable) || ($.eventName = DeleteRoute) || ($.eventName = DisassociateRouteTable) }"
    }
    "vpc-changed" = {
      description = "A VPC was changed"
      recommended = "4.14"
      pattern     = "{ ($.eventName = CreateVpc) || ($.eventName = DeleteVpc) || ($.eventName = ModifyVpcAttribute) || ($.eventName = AcceptVpcPeeringConnection) || ($.eventName = CreateVpcPeeringConnection) || ($.eventName = DeleteVpcPeeringConnection) || ($.eventName = RejectVpcPeeringConnection) || ($.eventName = AttachClassicLinkVpc) || ($.eventName = DetachClassicLinkVpc) || ($.eventName = DisableVpcClassicLink) || ($.eventName = EnableVpcClassicLink) }"
    }
    "organization-changed" = {
      description = "The organization was changed"
      recommended = "4.15"
      pattern     = "{ ($.eventSource = organizations.amazonaws.com) && (($.eventName = AcceptHandshake) || ($.eventName = AttachPolicy) || ($.eventName = CreateAccount) || ($.eventName = CreateOrganizationalUnit) || ($.eventName = CreatePolicy) || ($.eventName = DeclineHandshake) || ($.eventName = DeleteOrganization) || ($.eventName = DeleteOrganizationalUnit) || ($.eventName = DeletePolicy) || ($.eventName = DetachPolicy) || ($.eventName = DisablePolicyType) || ($.eventName = EnablePolicyType) || ($.eventName = InviteAccountToOrganization) || ($.eventName = LeaveOrganization) || ($.eventName = MoveAccount) || ($.eventName = RemoveAccountFromOrganization) || ($.eventName = UpdatePolicy) || ($.eventName = UpdateOrganizationalUnit)) }"
    }
  }
}

# Control: app.admin-actions-logged
resource "aws_cloudwatch_log_metric_filter" "trail" {
  for_each = local.trail_alarms

  name           = "valet-account-${each.key}"
  log_group_name = aws_cloudwatch_log_group.cloudtrail.name
  pattern        = each.value.pattern

  metric_transformation {
    name      = each.key
    namespace = "valet-account"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "trail" {
  for_each = local.trail_alarms

  alarm_name          = "valet-account-${each.key}"
  alarm_description   = "${each.value.description} (CIS AWS Foundations ${each.value.recommended}). Who and from where: /valet/account/cloudtrail"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 1
  metric_name         = each.key
  namespace           = "valet-account"
  period              = 300
  statistic           = "Sum"
  threshold           = 1
  treat_missing_data  = "notBreaching"
}

output "alerts_topic_arn" {
  description = "Topic of what the account's services tell, for subscriptions of one's own."
  value       = aws_sns_topic.alerts.arn
}

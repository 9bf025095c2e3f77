# Rendered by valet-gen from fleet.toml, environment staging: what operators and other configurations need to know.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

output "ami_id" {
  description = "Image that new workers are launched from."
  value       = one(data.aws_ami.worker[*].id)
}

output "alerts_topic_arn" {
  description = "Topic of the alarms, for subscriptions of one's own."
  value       = local.alerts_topic
}

output "autoscaling_group_name" {
  description = "The group; also the fleet-level dimension of every metric."
  value       = local.group
}

output "kms_key_arn" {
  description = "Key of volumes, logs, alerts, secrets and session records."
  value       = aws_kms_key.fleet.arn
}

output "launch_template_versions" {
  description = "Version of each launch template that the group launches."
  value       = { for name, template in aws_launch_template.worker : name => template.latest_version }
}

output "nat_public_ips" {
  description = "Addresses that websites see the workers come from."
  value       = { for zone, address in aws_eip.nat : zone => address.public_ip }
}

output "next_step" {
  description = "What comes next, in one sentence."
  value       = local.next_step
}

output "operators_policy_arn" {
  description = "Policy that lets people open sessions, to be attached to their role or group."
  value       = aws_iam_policy.operators.arn
}

output "private_subnet_ids" {
  description = "Subnets of the workers, by zone."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }
}

output "session_documents" {
  description = "Documents of Session Manager: a shell on a worker, and a port forward to its noVNC."
  value = {
    novnc = aws_ssm_document.novnc.name
    shell = aws_ssm_document.session.name
  }
}

output "vpc_id" {
  description = "The fleet's network."
  value       = aws_vpc.fleet.id
}

output "worker_role_arn" {
  description = "Role of the workers, to name in policies of other resources."
  value       = aws_iam_role.worker.arn
}

output "worker_security_group_id" {
  description = "Group of the workers, to name in rules of other resources."
  value       = aws_security_group.worker.id
}

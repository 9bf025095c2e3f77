//! Quotas that an AWS account begins with. Each can be raised in Service Quotas.

/// Rules of a security group in one direction (Amazon VPC quotas).
pub const RULES_PER_SECURITY_GROUP: usize = 60;

/// Security groups of a network interface (Amazon VPC quotas).
pub const SECURITY_GROUPS_PER_INTERFACE: usize = 5;

/// Managed policies of a role (IAM and AWS STS quotas).
pub const MANAGED_POLICIES_PER_ROLE: usize = 10;

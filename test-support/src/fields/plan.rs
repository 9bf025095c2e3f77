//! The plan whose texts are set.

use valet_gen::resolve::Plan;

use crate::pipeline::{fixture_text, plan_of};

/// Everything that may exist already, beside the minimal fleet.
const EXISTING: &str = r#"
[network.existing]
vpc_id             = "vpc-0123abcd"
private_subnet_ids = ["subnet-0123abcd", "subnet-0123abce"]
security_group_ids = ["sg-0123abcd"]
[encryption]
kms_key = "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-4def-8123-456789abcdef"
[iam]
instance_profile = "browser-workers"
[access.session_manager]
bucket = "session-records"
[alerts]
topic_arn = "arn:aws:sns:eu-west-1:111122223333:pager"
[image.shared_by]
account_id = "444455556666"
parameter  = "arn:aws:ssm:eu-west-1:444455556666:parameter/golden"
kms_key    = "arn:aws:kms:eu-west-1:444455556666:key/01234567-89ab-4def-8123-456789abcdef"
"#;

/// A plan that has all of them: the full fleet, and beside it an environment that runs in an
/// existing network, which no fleet with a network of its own can have.
pub fn plan() -> Plan {
    let mut plan = plan_of(&fixture_text("golden-full"));
    let existing = EXISTING;
    let other = plan_of(&format!("{}{existing}", fixture_text("golden-minimal")));
    plan.environments.truncate(1);
    plan.environments
        .extend(other.environments.into_iter().map(|mut environment| {
            environment.identity.environment = "existing".to_owned();
            environment
        }));
    plan
}

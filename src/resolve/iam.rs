//! `[iam]`

use serde::Serialize;

use crate::{derive, fleet};

/// What every role has, and what workers may do besides what the fleet itself needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Iam {
    /// The boundary of every role.
    pub permissions_boundary: Option<String>,
    /// The path of roles, policies and instance profiles; `None` for IAM's own, `/`.
    pub path: Option<String>,
    /// The existing instance profile of the workers; `None` for the fleet's own role.
    pub instance_profile: Option<String>,
    /// Managed policies of the workers' role.
    pub managed_policies: Vec<String>,
    /// Statements of the workers' role.
    pub statements: Vec<PolicyStatement>,
}

/// A statement that allows actions on resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyStatement {
    /// Its id, which no other statement of the policy has.
    pub sid: String,
    pub actions: Vec<String>,
    pub resources: Vec<String>,
    /// The beginning of the keys that a bucket is listed for.
    pub prefix: Option<String>,
}

pub fn resolve(iam: &fleet::Iam, identity: &fleet::Identity) -> Iam {
    let fleet::Iam {
        permissions_boundary,
        path,
        instance_profile,
        managed_policies,
        s3,
        ecr_repositories,
        statements,
    } = iam;
    let partition = derive::identity::partition(identity);
    let mut all = Vec::new();
    for (number, access) in (1..).zip(s3) {
        all.extend(of_objects(number, access, partition));
    }
    if !ecr_repositories.is_empty() {
        all.extend(of_repositories(ecr_repositories));
    }
    for (number, statement) in (1..).zip(statements) {
        let fleet::PolicyStatement { actions, resources } = statement;
        all.push(PolicyStatement {
            sid: format!("Own{number}"),
            actions: actions.clone(),
            resources: resources.clone(),
            prefix: None,
        });
    }
    Iam {
        permissions_boundary: permissions_boundary.clone(),
        path: (path != fleet::Iam::ROOT).then(|| path.clone()),
        instance_profile: instance_profile.clone(),
        managed_policies: managed_policies.clone(),
        statements: all,
    }
}

fn statement(sid: String, actions: &[&str], resources: Vec<String>) -> PolicyStatement {
    PolicyStatement {
        sid,
        actions: actions.iter().map(ToString::to_string).collect(),
        resources,
        prefix: None,
    }
}

/// Listing is of the bucket, and limited by the keys that are asked for; everything else is of the objects.
fn of_objects(number: u32, access: &fleet::S3Access, partition: &str) -> Vec<PolicyStatement> {
    let fleet::S3Access {
        bucket,
        prefix,
        access,
    } = access;
    let of_bucket = format!("arn:{partition}:s3:::{bucket}");
    let objects = vec![format!("{of_bucket}/{prefix}*")];
    let list = PolicyStatement {
        prefix: (!prefix.is_empty()).then(|| format!("{prefix}*")),
        ..statement(
            format!("ListObjects{number}"),
            &["s3:ListBucket"],
            vec![of_bucket],
        )
    };
    let of = |what: &str, actions: &[&str]| {
        statement(format!("{what}Objects{number}"), actions, objects.clone())
    };
    match access {
        fleet::ObjectAccess::Read => vec![list, of("Read", &["s3:GetObject"])],
        fleet::ObjectAccess::Write => {
            vec![of("Write", &["s3:AbortMultipartUpload", "s3:PutObject"])]
        }
        fleet::ObjectAccess::ReadWrite => vec![
            list,
            of(
                "Change",
                &[
                    "s3:AbortMultipartUpload",
                    "s3:DeleteObject",
                    "s3:GetObject",
                    "s3:PutObject",
                ],
            ),
        ],
    }
}

/// The login has no resources; pulling has.
fn of_repositories(repositories: &[String]) -> [PolicyStatement; 2] {
    [
        statement(
            "LogInToRegistry".to_owned(),
            &["ecr:GetAuthorizationToken"],
            vec!["*".to_owned()],
        ),
        statement(
            "PullImages".to_owned(),
            &[
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            repositories.to_vec(),
        ),
    ]
}

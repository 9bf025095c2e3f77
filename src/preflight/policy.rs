//! What whoever runs `valet-gen preflight` has to be allowed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::checks::CHECKS;

/// The identity policy: everything in it only reads, and most of it has no resources to limit it to.
#[must_use]
pub fn policy() -> Value {
    let checks = CHECKS.iter().copied().flatten();
    let mut actions: BTreeSet<&str> = checks.flat_map(|check| check.actions).copied().collect();
    actions.insert("sts:GetCallerIdentity");
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "ValetGenPreflight",
            "Effect": "Allow",
            "Action": actions,
            "Resource": "*",
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_in_it_only_reads() {
        let policy = policy();
        let actions = policy["Statement"][0]["Action"]
            .as_array()
            .expect("actions");
        assert!(actions.len() > 30, "{}", actions.len());
        for action in actions {
            let (_, operation) = action
                .as_str()
                .and_then(|it| it.split_once(':'))
                .expect("an action");
            let reads = ["BatchGet", "Describe", "Get", "List"];
            assert!(
                reads.iter().any(|verb| operation.starts_with(verb)),
                "{action}"
            );
            // Nothing that opens a value: of parameters only images' ids are read, which are no SecureString.
            assert!(!operation.contains("SecretValue"), "{action}");
        }
    }
}

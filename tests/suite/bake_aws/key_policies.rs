//! The policies of the rendered keys, evaluated: what a whole life of a shared image needs of them is allowed to whoever needs
//! it, and nothing of it to anybody else, by another way or for another purpose.
//!
//! What is needed follows from the calls that were made: S3, EC2, Auto Scaling and CloudWatch use a key for whoever asks them
//! (docs: "Permissions" of each service's page on encryption). Each statement, and each condition, is taken away once: then
//! something is denied that has to be allowed, or allowed that must not be.

use std::collections::BTreeSet;

use serde_json::json;
use valet_gen::review::iam::{Statement, matches};

use super::authorized::holds;
use super::key_uses::{Caller, Keys, OWN_ACCOUNT, Use, through, used};
use super::promoted::source;
use super::roles::{NO_PREFLIGHT, applied, asks_since};
use super::shared::{ACCOUNTS, REGIONS, share};
use super::world::World;

/// Statements that no bake has to do with, and who does.
const OF_OTHERS: &[(&str, &str)] = &[
    ("AccountEncryptsSessions", "both ends of a session"),
    ("AlarmsPublishToTopics", "alarms that tell somebody"),
    ("InspectorReadsSnapshots", "Inspector's scans"),
    ("MalwareScansGrantToCopies", "GuardDuty's scans"),
];

/// Whether a key's policy allows it, besides the caller's own.
fn allows(statements: &[Statement], wanted: &Use) -> bool {
    statements.iter().any(|statement| {
        assert!(statement.allows && statement.inverted.is_empty());
        assert_eq!(statement.resources, BTreeSet::from(["*".to_owned()]));
        let principal = match &wanted.caller {
            Caller::WithPolicy(account) => format!("AWS:arn:aws:iam::{account}:root"),
            Caller::Linked(arn) => format!("AWS:{arn}"),
            Caller::Service(name) => format!("Service:{name}"),
        };
        let action = wanted.ask.action.to_lowercase();
        statement.principals.contains(&principal)
            && statement.actions.iter().any(|it| matches(it, &action))
            && statement
                .tests
                .iter()
                .all(|test| holds(test, &wanted.ask.context))
    })
}

/// The same use by somebody who has nothing to do with the key, by another way, or for another purpose.
fn foreign(wanted: &Use) -> Vec<(&'static str, Use)> {
    let mut all = Vec::new();
    let mut with = |what: &'static str, change: &dyn Fn(&mut Use)| {
        let mut other = wanted.clone();
        change(&mut other);
        if other != *wanted {
            all.push((what, other));
        }
    };
    with("another account", &|it| match &mut it.caller {
        Caller::WithPolicy(account) => *account = "999999999999",
        Caller::Linked(arn) => *arn = arn.replace(OWN_ACCOUNT, "999999999999"),
        Caller::Service(name) => *name = name.replace("logs.", "lambda."),
    });
    with("another environment's Auto Scaling role", &|it| {
        if let Caller::Linked(arn) = &mut it.caller {
            *arn = arn.replace("valet-production", "valet-staging");
        }
    });
    let change = |it: &mut Use, key: &str, value: Option<&dyn Fn(&str) -> String>| {
        let context = &mut it.ask.context;
        if let Some(before) = context.remove(key)
            && let Some(value) = value
        {
            context.insert(key.to_owned(), value(&before));
        }
    };
    let via = "kms:ViaService";
    with("by nobody's service", &|it| change(it, via, None));
    with("by another service", &|it| {
        change(
            it,
            via,
            Some(&|before| {
                let (_, rest) = before.split_once('.').expect("a service");
                format!("lambda.{rest}")
            }),
        );
    });
    with("by another region's service", &|it| {
        change(
            it,
            via,
            Some(&|before| {
                let (service, _) = before.split_once('.').expect("a service");
                format!("{service}.eu-west-3.amazonaws.com")
            }),
        );
    });
    with("for no resource of AWS", &|it| {
        change(it, "kms:GrantIsForAWSResource", None);
    });
    let grantee = "kms:GranteePrincipal";
    with("to a role of people", &|it| {
        change(
            it,
            grantee,
            Some(&|before| {
                let (account, _) = before.split_once(":role/").expect("a role");
                format!("{account}:role/admin")
            }),
        );
    });
    with("to a role of another account", &|it| {
        change(
            it,
            grantee,
            Some(&|before| {
                ACCOUNTS.iter().fold(before.to_owned(), |arn, account| {
                    arn.replace(account, "999999999999")
                })
            }),
        );
    });
    let operations = "kms:GrantOperations";
    with("for more operations", &|it| {
        change(it, operations, Some(&|before| format!("{before},Encrypt")));
    });
    with("for operations that are not said", &|it| {
        change(it, operations, None);
    });
    with("of another fleet's log", &|it| {
        change(
            it,
            "kms:EncryptionContext:aws:logs:arn",
            Some(&|before| before.replace("valet-production", "others-production")),
        );
    });
    all
}

/// Whether the account only looks at its own key, which opens nothing.
fn is_look_of_owner(it: &Use) -> bool {
    it.caller == Caller::WithPolicy(OWN_ACCOUNT) && it.ask.action == "kms:DescribeKey"
}

/// What nobody needs who uses the key.
fn beyond(keys: &Keys) -> Vec<(&'static str, Use)> {
    let mut all = Vec::new();
    for key in keys.policies.keys() {
        let own = Caller::WithPolicy(OWN_ACCOUNT);
        for operation in ["Decrypt", "CreateGrant", "GenerateDataKey"] {
            all.push((
                "an administrator opens data",
                used(&own, key, operation, &[]),
            ));
        }
        for account in ACCOUNTS {
            let theirs = Caller::WithPolicy(account);
            for operation in ["PutKeyPolicy", "ScheduleKeyDeletion", "DisableKey"] {
                all.push((
                    "a sharing account administers",
                    used(&theirs, key, operation, &[]),
                ));
            }
            let encrypts = used(&theirs, key, "Encrypt", &[through("ec2", key)]);
            all.push(("a sharing account encrypts", encrypts));
        }
    }
    all
}

#[test]
fn each_key_lets_a_life_use_it_and_nobody_else() {
    let Some(world) = World::start_bare() else {
        return;
    };
    source(&world, "parameter");
    share(&world, "");
    if applied(&world).is_none() {
        return;
    }
    let baked = world.baked(&NO_PREFLIGHT);
    let group = json!({ "name": "valet-production-workers", "ami": baked["images"][0]["ami"] });
    world.control(
        "seed",
        Some(json!({ "region": "us-east-1", "endpoint": world.mock.address(), "group": group })),
    );
    world
        .run(&["bake", "promote", "--refresh", "--poll", "0"])
        .success();
    let asks = asks_since(&world, 0);
    let shared = world.control("shared", None);
    let images: Vec<String> = shared
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, image)| image["key"].as_str().expect("a key").to_owned())
        .collect();
    assert_eq!(images.len(), REGIONS.len(), "{shared:#}");
    let keys = Keys::read(&world);
    let uses = keys.uses(&asks, &images);
    let policy = |it: &Use| &keys.policies[&it.ask.resource];
    let denied: Vec<&Use> = uses.iter().filter(|it| !allows(policy(it), it)).collect();
    assert!(denied.is_empty(), "the key does not allow: {denied:#?}");
    assert!(uses.len() > 60, "{}: {uses:#?}", uses.len());

    let mut others: Vec<(&str, Use)> = uses.iter().flat_map(foreign).collect();
    others.extend(beyond(&keys));
    others.retain(|(_, it)| !is_look_of_owner(it));
    let tried: BTreeSet<&str> = others.iter().map(|(what, _)| *what).collect();
    assert!(tried.len() > 12, "{tried:?}");
    if let Some((what, it)) = others.iter().find(|(_, it)| allows(policy(it), it)) {
        panic!("{what}: the key allows {it:#?}");
    }

    for (arn, whole) in &keys.policies {
        let of_key = |it: &&Use| it.ask.resource == *arn;
        for (place, statement) in whole.iter().enumerate() {
            let sid = statement.sid.as_str();
            if OF_OTHERS.iter().any(|(it, _)| *it == sid) {
                continue;
            }
            let mut without = whole.clone();
            without.remove(place);
            assert!(
                uses.iter().filter(of_key).any(|it| !allows(&without, it)),
                "{arn}: without {sid} nothing is denied"
            );
            for (number, test) in statement.tests.iter().enumerate() {
                let mut weaker = whole.clone();
                weaker[place].tests.remove(number);
                let mut foreign = others.iter().map(|(_, it)| it).filter(of_key);
                assert!(
                    foreign.any(|it| allows(&weaker, it)),
                    "{arn}: without {} of {sid} nothing else is allowed",
                    test.key
                );
            }
        }
    }
}

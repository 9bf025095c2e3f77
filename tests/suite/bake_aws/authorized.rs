//! The conditions of rendered policies, evaluated: what a call of a whole life asks is allowed as it is, and denied on what
//! belongs to somebody else. The fake says what each call asks (test-support/python/authorization.py).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use valet_gen::review::iam::{Statement, Test, matches, statements};

/// One thing that a call asks: an action on a resource, and what conditions can look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    pub action: String,
    pub resource: String,
    pub context: BTreeMap<String, String>,
}

impl Ask {
    /// All that these calls ask, each once.
    pub fn all_of(calls: &[Value]) -> BTreeSet<Self> {
        let asks = calls
            .iter()
            .flat_map(|call| call.as_array().into_iter().flatten());
        asks.map(|ask| {
            let text = |key: &str| ask[key].as_str().expect("a text").to_owned();
            let context = ask["context"].as_object().expect("a table").iter();
            Self {
                action: text("action"),
                resource: text("resource"),
                context: context
                    .map(|(key, value)| (key.clone(), value.as_str().expect("a text").to_owned()))
                    .collect(),
            }
        })
        .collect()
    }

    /// The same of somebody else's things. `None` where nothing of it says whose they are.
    fn of(&self, whose: OwnerCase) -> Option<Self> {
        let mut other = self.clone();
        match whose {
            OwnerCase::OtherFleet => {
                other.rename("valet-production", "others-production", "others");
            }
            OwnerCase::OtherEnvironment => {
                other.rename("valet-production", "valet-staging", "valet");
            }
            // The name of one begins as that of the other.
            OwnerCase::LongerName => {
                other.rename("valet-production", "valet-production-eu", "valet");
            }
            OwnerCase::Nobody => {
                let tags = other.tags_that_say_whose();
                other.context.retain(|key, _| !key.starts_with(tags));
            }
            OwnerCase::OtherKey => {
                if let Some((owner, _)) = self.resource.split_once(":key/") {
                    other.resource = format!("{owner}:key/11111111-2222-4333-8444-555555555555");
                }
            }
            // EC2 has no resources of another account that a call could change.
            OwnerCase::OtherAccount if !other.resource.starts_with("arn:aws:ec2:") => {
                other.resource = other.resource.replace(":123456789012:", ":999999999999:");
            }
            OwnerCase::OtherRegion if !other.resource.starts_with("arn:aws:ec2:") => {
                other.resource = other.resource.replace(":us-east-1:", ":eu-west-3:");
            }
            // Images are copied to every region, and what a bake left is in any of them.
            OwnerCase::OtherAccount | OwnerCase::OtherRegion => {}
        }
        if other == *self {
            return None;
        }
        // What is somebody else's has another id.
        let last = self.resource.rsplit('/').next().unwrap_or_default();
        let id = last.rsplit_once('-').map_or("", |(_, digits)| digits);
        if id.len() == 17 && id.bytes().all(|it| it.is_ascii_hexdigit()) {
            other.resource = other.resource.replace(id, "0123456789abcdef0");
        }
        Some(other)
    }

    /// Whose something is say the tags that it has; of what is not there yet, those that it gets.
    fn tags_that_say_whose(&self) -> &'static str {
        const OF_RESOURCE: &str = "aws:ResourceTag/";
        let mut keys = self.context.keys();
        if keys.any(|key| key.starts_with(OF_RESOURCE)) {
            OF_RESOURCE
        } else {
            "aws:RequestTag/"
        }
    }

    fn rename(&mut self, from: &str, to: &str, fleet: &str) {
        self.resource = self.resource.replace(from, to);
        let tags = self.tags_that_say_whose();
        let context = self.context.iter_mut();
        for (key, value) in
            context.filter(|(key, _)| !key.contains("Tag/") || key.starts_with(tags))
        {
            *value = match key.rsplit('/').next() {
                Some("Fleet") => fleet.to_owned(),
                Some("Environment") => to.split_once('-').map_or(to, |(_, name)| name).to_owned(),
                _ => value.replace(from, to),
            };
        }
    }
}

/// Whose things a call is tried on, instead of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum OwnerCase {
    OtherFleet,
    OtherEnvironment,
    LongerName,
    Nobody,
    OtherKey,
    OtherAccount,
    OtherRegion,
}

const EVERYBODY: [OwnerCase; 7] = [
    OwnerCase::OtherFleet,
    OwnerCase::OtherEnvironment,
    OwnerCase::LongerName,
    OwnerCase::Nobody,
    OwnerCase::OtherKey,
    OwnerCase::OtherAccount,
    OwnerCase::OtherRegion,
];

/// What a role may do on anybody's things; `*` is every role.
struct Excuse {
    role: &'static str,
    action: &'static str,
    on: &'static str,
    of: &'static [OwnerCase],
    #[expect(dead_code, reason = "for whoever reads the list")]
    why: &'static str,
}

const ON_ANYTHING: &[Excuse] = &[
    Excuse {
        role: PACKER,
        action: "ec2:RunInstances",
        on: ":image/",
        of: &EVERYBODY,
        why: "a base is its publisher's, and `bake` itself looks whose it is",
    },
    Excuse {
        role: "*",
        action: "ec2:DescribeImageAttribute",
        on: ":image/",
        of: &EVERYBODY,
        why: "it changes nothing: whom an image is shared with is asked before it is deleted",
    },
    Excuse {
        role: "*",
        action: "ec2:DescribeSnapshotAttribute",
        on: ":snapshot/",
        of: &EVERYBODY,
        why: "it changes nothing",
    },
    Excuse {
        role: "promote",
        action: "ec2:CreateTags",
        on: ":image/",
        of: &[OwnerCase::OtherEnvironment, OwnerCase::LongerName],
        why: "an image is promoted from one environment to the next",
    },
    Excuse {
        role: PACKER,
        action: "ec2:CreateTags",
        on: ":image/",
        of: &[OwnerCase::Nobody],
        why: "a copy has no tags before Packer gives them",
    },
    Excuse {
        role: PACKER,
        action: "ec2:CreateTags",
        on: ":snapshot/",
        of: &[OwnerCase::Nobody],
        why: "that of a copy has no tags before Packer gives them",
    },
    Excuse {
        role: PACKER,
        action: "ec2:RunInstances",
        on: ":key-pair/",
        of: &[OwnerCase::Nobody],
        why: "its name has the bake's id",
    },
    Excuse {
        role: PACKER,
        action: "ec2:CopyImage",
        on: ":image/",
        of: &EVERYBODY,
        why: "it changes nothing of the image that it copies",
    },
];

/// The role of `bake` in an environment whose images Packer makes.
pub const PACKER: &str = "bake with Packer";

/// Conditions on tags that no ask of these lives shows to be needed, of which role, and why.
const UNSEEN: &[(&str, &str, &str)] = &[(
    PACKER,
    "TagCopies: aws:ResourceTag/Fleet",
    "what a bake of another fleet made has that bake's id as well",
)];

/// A role's policies.
pub struct Policies(Vec<Statement>);

impl Policies {
    pub fn read(documents: &[Value]) -> Self {
        let all = documents
            .iter()
            .flat_map(|document| statements(&document.to_string()).expect("a policy"));
        Self(all.collect())
    }

    /// The same without one of their conditions on tags, each with its name.
    fn weaker(&self) -> Vec<(String, Self)> {
        let mut all = Vec::new();
        for (place, statement) in self.0.iter().enumerate() {
            for (number, test) in statement.tests.iter().enumerate() {
                if test.key.contains("Tag/") {
                    let mut weaker = self.0.clone();
                    weaker[place].tests.remove(number);
                    all.push((format!("{}: {}", statement.sid, test.key), Self(weaker)));
                }
            }
        }
        all
    }

    /// Whether they allow it. They deny nothing by themselves.
    fn allow(&self, ask: &Ask) -> bool {
        self.0.iter().any(|statement| {
            assert!(statement.allows && statement.inverted.is_empty());
            let action = ask.action.to_lowercase();
            statement.actions.contains(&action)
                && statement
                    .resources
                    .iter()
                    .any(|it| matches(it, &ask.resource))
                && statement.tests.iter().all(|test| holds(test, &ask.context))
        })
    }
}

/// Whether a condition holds ("IAM JSON policy elements: Condition operators"). An operator that no rendered policy has is
/// not guessed at. A value of several is a list that commas separate.
pub fn holds(test: &Test, context: &BTreeMap<String, String>) -> bool {
    let key = test.key.to_lowercase();
    let found = context.iter().find(|(name, _)| name.to_lowercase() == key);
    let value = found.map(|(_, value)| value.as_str());
    let any = |fits: &dyn Fn(&str, &str) -> bool| {
        value.is_some_and(|value| test.values.iter().any(|wanted| fits(wanted, value)))
    };
    let (operator, if_exists) = match test.operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (test.operator.as_str(), false),
    };
    if if_exists && value.is_none() {
        return true;
    }
    match operator {
        "StringEquals" | "ArnEquals" => any(&|wanted, value| wanted == value),
        "Bool" => any(&|wanted, value| wanted.eq_ignore_ascii_case(value)),
        "StringLike" | "ArnLike" => any(&matches),
        // Nothing at all is all of them: hence the Null beside it.
        "ForAllValues:StringEquals" => value.is_none_or(|list| {
            let mut values = list.split(',');
            values.all(|value| test.values.contains(value))
        }),
        "Null" => {
            let wanted = if value.is_none() { "true" } else { "false" };
            test.values.contains(wanted)
        }
        other => panic!("{other}: say what it means before a policy has it"),
    }
}

/// Every ask is allowed, on what is somebody else's it is denied, and each condition on a tag is why something is.
pub fn hold(role: &str, policies: &Policies, asks: &BTreeSet<Ask>) {
    let refused: Vec<&Ask> = asks.iter().filter(|ask| !policies.allow(ask)).collect();
    assert!(refused.is_empty(), "{role} may not: {refused:#?}");
    assert!(asks.len() > 10, "{role}: {asks:#?}");
    let foreign = foreign(role, asks);
    let tried: BTreeSet<OwnerCase> = foreign.iter().map(|(whose, _)| *whose).collect();
    assert!(tried.len() > 3, "{role}: {tried:?}");
    let allowed = |policies: &Policies| foreign.iter().find(|(_, ask)| policies.allow(ask));
    if let Some((whose, ask)) = allowed(policies) {
        panic!("{role} may do it to {whose:?} as well: {ask:#?}");
    }
    let unseen: Vec<String> = policies
        .weaker()
        .into_iter()
        .filter(|(_, weaker)| allowed(weaker).is_none())
        .map(|(limit, _)| limit)
        .filter(|limit| !UNSEEN.iter().any(|(of, it, _)| *of == role && it == limit))
        .collect();
    assert!(
        unseen.is_empty(),
        "{role}: without these nothing else is allowed: {unseen:?}"
    );
}

/// The same asks of somebody else's things, but for what is allowed on anything.
fn foreign(role: &str, asks: &BTreeSet<Ask>) -> Vec<(OwnerCase, Ask)> {
    let all = asks.iter().flat_map(|ask| {
        EVERYBODY
            .into_iter()
            .filter(|whose| {
                !ON_ANYTHING.iter().any(|excuse| {
                    (excuse.role == "*" || excuse.role == role)
                        && excuse.action == ask.action
                        && ask.resource.contains(excuse.on)
                        && excuse.of.contains(whose)
                })
            })
            .filter_map(|whose| Some((whose, ask.of(whose)?)))
    });
    all.collect()
}

/// The reasons stay true: without one of them something is refused, or the entry goes.
#[test]
fn a_weaker_policy_is_seen() {
    let ask = |tags: &[(&str, &str)]| Ask {
        action: "ec2:DeregisterImage".to_owned(),
        resource: "arn:aws:ec2:us-east-1::image/ami-1".to_owned(),
        context: tags
            .iter()
            .map(|(key, value)| (format!("aws:ResourceTag/{key}"), (*value).to_owned()))
            .collect(),
    };
    let own = ask(&[("Fleet", "valet"), ("Environment", "production")]);
    let policy = |condition: Value| {
        Policies::read(&[serde_json::json!({ "Statement": [{
            "Effect": "Allow",
            "Action": ["ec2:DeregisterImage"],
            "Resource": ["arn:aws:ec2:*::image/*"],
            "Condition": condition,
        }] })])
    };
    let whole = policy(serde_json::json!({ "StringEquals": {
        "aws:ResourceTag/Fleet": "valet", "aws:ResourceTag/Environment": ["production"],
    } }));
    let by_fleet =
        policy(serde_json::json!({ "StringEquals": { "aws:ResourceTag/Fleet": "valet" } }));
    let open = policy(serde_json::json!({}));
    for policies in [&whole, &by_fleet, &open] {
        assert!(policies.allow(&own));
    }
    for (whose, by_whole, by_fleet_alone) in [
        (OwnerCase::OtherFleet, false, false),
        (OwnerCase::OtherEnvironment, false, true),
        (OwnerCase::LongerName, false, true),
        (OwnerCase::Nobody, false, false),
    ] {
        let other = own.of(whose).expect("it has tags");
        assert_eq!(whole.allow(&other), by_whole, "{whose:?}");
        assert_eq!(by_fleet.allow(&other), by_fleet_alone, "{whose:?}");
        assert!(open.allow(&other), "{whose:?}");
    }
    let like = policy(
        serde_json::json!({ "StringLike": { "aws:ResourceTag/valet:bake-id": "valet-production-x86_64-*" } }),
    );
    let bake = ask(&[("valet:bake-id", "valet-production-x86_64-0123456789abcdef")]);
    assert!(like.allow(&bake));
    assert!(!like.allow(&bake.of(OwnerCase::LongerName).expect("it has an id")));
}

//! What a change opens and closes: permissions, security groups, controls and waivers.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::config::{Object, Term};
use super::iam::{self, Statement};
use super::rules::sentence;
use super::side::Side;
use crate::controls::{self, Status};
use crate::write::UnmanagedFiles;

/// What is opened and what is closed, a sentence each.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Posture {
    /// Permissions of IAM that were not granted before.
    pub permissions_added: Vec<String>,
    /// Permissions of IAM that are no longer granted.
    pub permissions_removed: Vec<String>,
    /// Connections that security groups did not let through before.
    pub connections_opened: Vec<String>,
    /// Connections that they no longer let through.
    pub connections_closed: Vec<String>,
    /// Settings that make something reachable from the internet.
    pub exposed: Vec<String>,
    /// Settings of `lifecycle` that protected a resource and are gone.
    pub protections_lost: Vec<String>,
    /// Ids of hardening controls that are no longer enforced.
    pub controls_lost: Vec<String>,
    /// Ids of hardening controls that are enforced from now on.
    pub controls_gained: Vec<String>,
    /// Ids of hardening controls that are waived from now on.
    pub waivers_added: Vec<String>,
    /// Ids of hardening controls that are no longer waived.
    pub waivers_removed: Vec<String>,
}

impl Posture {
    /// Whether more is allowed, open or unguarded than before.
    #[must_use]
    pub fn widens_access(&self) -> bool {
        !self.permissions_added.is_empty()
            || !self.connections_opened.is_empty()
            || !self.exposed.is_empty()
            || !self.controls_lost.is_empty()
    }
}

type Objects = BTreeMap<String, Object>;

/// Compares what two root modules open.
#[must_use]
pub fn compare(old: &Objects, new: &Objects) -> Posture {
    let mut posture = Posture::default();
    let addresses: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for address in addresses {
        let of = |objects: &Objects| objects.get(address).map(policy).unwrap_or_default();
        let (before, after) = (of(old), of(new));
        // Most policies stay as they are, and what each grants takes longer to find out.
        if before == after {
            continue;
        }
        let name = address.trim_start_matches("data.aws_iam_policy_document.");
        let listed = |grants: Vec<iam::Grant>| {
            grants
                .iter()
                .map(|grant| format!("{name}: {}", sentence(grant)))
                .collect::<Vec<_>>()
        };
        let mut added = iam::added(&before, &after);
        // What goes together with its policy is denied to nobody any more.
        added.retain(|grant| !grant.lost_denial || !is_about_nothing(&grant.statement, new));
        posture.permissions_added.extend(listed(added));
        posture
            .permissions_removed
            .extend(listed(iam::added(&after, &before)));
    }
    let (before, after) = (connections(old), connections(new));
    posture.connections_opened = after.difference(&before).cloned().collect();
    posture.connections_closed = before.difference(&after).cloned().collect();
    let (before, after) = (exposures(old), exposures(new));
    posture.exposed = after.difference(&before).cloned().collect();
    posture.exposed.extend(metadata_opened(old, new));
    posture.protections_lost = protections_lost(old, new);
    posture
}

/// Whether every resource of a statement is one of the module that is not there any more.
fn is_about_nothing(statement: &Statement, new: &Objects) -> bool {
    let is_gone = |text: &String| {
        let address = text.trim_start_matches("${");
        let mut parts = address.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        match (parts.next(), parts.next()) {
            (Some(kind), Some(name)) if kind.starts_with("aws_") => {
                let block = format!("{kind}.{name}");
                !new.keys()
                    .any(|known| known.split('[').next() == Some(&block))
            }
            _ => false,
        }
    };
    !statement.resources.is_empty() && statement.resources.iter().all(is_gone)
}

/// What `lifecycle` protected before and does not any more, of resources that stay.
fn protections_lost(old: &Objects, new: &Objects) -> Vec<String> {
    let mut lost = Vec::new();
    for (address, before) in old {
        let Some(after) = new.get(address) else {
            continue;
        };
        if before.prevents_destroy && !after.prevents_destroy {
            lost.push(format!("{address}: prevent_destroy"));
        }
        let ignored = before.ignored.iter();
        let ignored = ignored.filter(|name| !after.ignored.contains(name));
        lost.extend(ignored.map(|name| format!("{address}: ignore_changes of {name}")));
    }
    lost
}

/// Adds what became of an environment's controls and waivers.
pub fn add_controls(posture: &mut Posture, sides: (&Side, &Side), environment: &str) {
    let (before, after) = (
        controls_of(sides.0, environment),
        controls_of(sides.1, environment),
    );
    for (id, status) in &before {
        let now = after.get(id).copied().unwrap_or(Status::Missing);
        match (*status, now) {
            (was, is) if was == is => {}
            (_, Status::Waived) => posture.waivers_added.push((*id).to_owned()),
            (Status::Waived, _) => posture.waivers_removed.push((*id).to_owned()),
            _ => {}
        }
        match (*status == Status::Enforced, now == Status::Enforced) {
            (true, false) => posture.controls_lost.push((*id).to_owned()),
            (false, true) => posture.controls_gained.push((*id).to_owned()),
            _ => {}
        }
    }
}

fn controls_of(side: &Side, environment: &str) -> BTreeMap<&'static str, Status> {
    let environments = side.plan.environments.iter();
    let Some(environment) = environments
        .into_iter()
        .find(|known| known.identity.environment == environment)
    else {
        return BTreeMap::new();
    };
    let input = controls::ReportInput {
        plan: &side.plan,
        files: &side.files,
        requirements: None,
        unmanaged: &UnmanagedFiles::default(),
    };
    let report = controls::report(&input, environment);
    report
        .controls
        .iter()
        .map(|control| (control.id, control.status))
        .collect()
}

/// The statements of a policy document.
fn policy(object: &Object) -> Vec<Statement> {
    if object.kind != "aws_iam_policy_document" {
        return Vec::new();
    }
    let blocks = object
        .values
        .get("statement")
        .map_or(&[][..], Term::elements);
    blocks.iter().map(statement).collect()
}

fn statement(block: &Term) -> Statement {
    let listed = |key: &str| -> BTreeSet<String> {
        let terms = block.at(key).map_or(&[][..], Term::elements);
        terms.iter().map(text).collect()
    };
    let either = |plain: &str, inverted: &'static str, key: &str| {
        let found = listed(plain);
        if found.is_empty() && block.at(key).is_some() {
            (listed(key), Some(inverted))
        } else {
            (found, None)
        }
    };
    let (actions, not_actions) = either("actions", "NotAction", "not_actions");
    let (resources, not_resources) = either("resources", "NotResource", "not_resources");
    let principals = block.at("principals").map_or(&[][..], Term::elements);
    let principals = principals.iter().flat_map(|principal| {
        let kind = principal.at("type").map(text).unwrap_or_default();
        let names = principal.at("identifiers").map_or(&[][..], Term::elements);
        names
            .iter()
            .map(move |name| format!("{kind}:{}", text(name)))
            .collect::<Vec<_>>()
    });
    let conditions = block.at("condition").map_or(&[][..], Term::elements);
    let mut conditions: Vec<String> = conditions
        .iter()
        .map(|test| {
            let part = |key: &str| test.at(key).map(text).unwrap_or_default();
            format!("{} {} {}", part("variable"), part("test"), part("values"))
        })
        .collect();
    conditions.sort();
    let tests = block.at("condition").map_or(&[][..], Term::elements).iter();
    let tests = tests.map(|test| {
        let part = |key: &str| test.at(key).map(text).unwrap_or_default();
        let values = test.at("values").map_or(&[][..], Term::elements);
        iam::Test {
            operator: part("test"),
            key: part("variable"),
            values: values.iter().map(text).collect(),
        }
    });
    Statement {
        sid: block.at("sid").map(text).unwrap_or_default(),
        allows: block
            .at("effect")
            .is_none_or(|effect| effect.as_text() == Some("Allow")),
        principals: principals.collect(),
        actions: actions.iter().map(|action| action.to_lowercase()).collect(),
        resources,
        inverted: [not_actions, not_resources].into_iter().flatten().collect(),
        condition: conditions.join(" and "),
        tests: tests.collect(),
    }
}

/// A term as people read it: references as Terraform writes them.
#[must_use]
pub fn text(term: &Term) -> String {
    match term {
        Term::Null => "null".to_owned(),
        Term::Bool(value) => value.to_string(),
        Term::Number(text) | Term::Text(text) => text.clone(),
        Term::Reference { address, attribute } => format!("{address}.{attribute}"),
        Term::Resource(address) => address.clone(),
        Term::List(terms) => terms.iter().map(text).collect::<Vec<_>>().join(", "),
        Term::Made { by, of } if by == "template" => of
            .iter()
            .map(|part| match part {
                Term::Text(part) => part.clone(),
                other => format!("${{{}}}", text(other)),
            })
            .collect(),
        Term::Made { by, of } if of.is_empty() => by.clone(),
        Term::Made { by, .. } => format!("{by}(…)"),
        Term::Map(_) | Term::Resources(_) => "…".to_owned(),
    }
}

/// What security groups let through, a sentence each.
fn connections(objects: &Objects) -> BTreeSet<String> {
    let kinds = [
        ("aws_vpc_security_group_egress_rule", "to"),
        ("aws_vpc_security_group_ingress_rule", "from"),
    ];
    let mut found = BTreeSet::new();
    for object in objects.values() {
        let Some((_, word)) = kinds.iter().find(|(kind, _)| object.kind == *kind) else {
            continue;
        };
        let part = |key: &str| object.values.get(key).map(text);
        let peer = [
            "cidr_ipv4",
            "cidr_ipv6",
            "referenced_security_group_id",
            "prefix_list_id",
        ]
        .into_iter()
        .find_map(part)
        .unwrap_or_default();
        let ports = match (part("from_port"), part("to_port")) {
            (Some(from), Some(to)) if from == to => format!("port {from}"),
            (Some(from), Some(to)) => format!("ports {from} to {to}"),
            _ => "every port".to_owned(),
        };
        let group = part("security_group_id").unwrap_or_default();
        let group = group
            .trim_end_matches(".id")
            .trim_start_matches("aws_security_group.")
            .to_owned();
        let protocol = part("ip_protocol").unwrap_or_default();
        found.insert(format!("{group} {word} {peer}: {protocol} {ports}"));
    }
    found
}

/// Launch templates whose instance metadata more can read than before: without a session token, or from farther away,
/// as containers on the host are.
fn metadata_opened(old: &Objects, new: &Objects) -> Vec<String> {
    let mut found = Vec::new();
    for (address, after) in new
        .iter()
        .filter(|(_, one)| one.kind == "aws_launch_template")
    {
        let Some(before) = old.get(address) else {
            continue;
        };
        let at = |of: &Object, key: &str| {
            let options = Term::Map(of.values.clone());
            options.at(&format!("metadata_options.{key}")).cloned()
        };
        let hops =
            |of: &Object| at(of, "http_put_response_hop_limit").and_then(|term| term.as_number());
        if let (Some(was), Some(is)) = (hops(before), hops(after))
            && is > was
        {
            found.push(format!(
                "{address}: instance metadata is answered {is} hops away instead of {was}"
            ));
        }
        let tokens = |of: &Object| {
            at(of, "http_tokens").is_some_and(|term| term.as_text() == Some("required"))
        };
        if tokens(before) && !tokens(after) {
            found.push(format!(
                "{address}: instance metadata is read without a session token"
            ));
        }
    }
    found
}

/// Values that make something reachable, by address.
fn exposures(objects: &Objects) -> BTreeSet<String> {
    let on = |object: &Object, path: &str| {
        Term::Map(object.values.clone()).at(path) == Some(&Term::Bool(true))
    };
    let off = |object: &Object, path: &str| {
        Term::Map(object.values.clone()).at(path) == Some(&Term::Bool(false))
    };
    let mut found = BTreeSet::new();
    for object in objects.values() {
        let paths: &[&str] = match object.kind.as_str() {
            "aws_subnet" => &["map_public_ip_on_launch"],
            "aws_launch_template" => &["network_interfaces.associate_public_ip_address"],
            _ => &[],
        };
        for path in paths.iter().filter(|path| on(object, path)) {
            found.insert(format!("{}: {path}", object.address));
        }
        if object.kind.ends_with("public_access_block") {
            let switches = [
                "block_public_acls",
                "block_public_policy",
                "ignore_public_acls",
                "restrict_public_buckets",
            ];
            for path in switches.iter().filter(|path| off(object, path)) {
                found.insert(format!("{}: {path} is off", object.address));
            }
        }
    }
    found
}

//! What `diff` says of one root module that takes the place of another, from their texts: `moved` and `removed`
//! blocks, `prevent_destroy`, and repetitions of which only the account knows how many there are.

use std::collections::BTreeMap;

use valet_gen::review::config::Module;
use valet_gen::review::planner::{Change, plan_changes};
use valet_gen::review::terraform_plan::Action;

fn module(text: &str) -> Module {
    let files = BTreeMap::from([("main.tf".to_owned(), text.to_owned())]);
    Module::read(&files, "").expect("HCL")
}

fn changes(before: &str, after: &str) -> Vec<Change> {
    plan_changes(&module(before), &module(after))
}

/// Address, action, and where it was before.
fn told(before: &str, after: &str) -> Vec<(String, Action, Option<String>)> {
    changes(before, after)
        .into_iter()
        .map(|change| (change.address, change.action, change.moved_from))
        .collect()
}

fn entry(address: &str, action: Action, from: Option<&str>) -> (String, Action, Option<String>) {
    (address.to_owned(), action, from.map(str::to_owned))
}

fn topic(name: &str) -> String {
    format!("resource \"aws_sns_topic\" \"{name}\" {{\n  name = \"alerts\"\n}}\n")
}

fn moved(from: &str, to: &str) -> String {
    format!("moved {{\n  from = {from}\n  to   = {to}\n}}\n")
}

#[test]
fn a_moved_resource_is_the_same_one() {
    let to = "aws_sns_topic.pager";
    let block = moved("aws_sns_topic.alerts", to);
    assert_eq!(
        told(&topic("alerts"), &(topic("pager") + &block)),
        [entry(to, Action::NoOp, Some("aws_sns_topic.alerts"))]
    );
    let fifo = topic("pager").replace("name =", "fifo_topic = true\n  name =");
    assert_eq!(
        told(&topic("alerts"), &(fifo + &block)),
        [entry(to, Action::Replace, Some("aws_sns_topic.alerts"))],
        "its values count under the new address"
    );
    let named = topic("pager").replace("name =", "display_name = \"Pager\"\n  name =");
    assert_eq!(
        told(&topic("alerts"), &(named + &block)),
        [entry(to, Action::Update, Some("aws_sns_topic.alerts"))]
    );
}

#[test]
fn without_a_moved_block_another_address_is_another_resource() {
    assert_eq!(
        told(&topic("alerts"), &topic("pager")),
        [
            entry("aws_sns_topic.alerts", Action::Destroy, None),
            entry("aws_sns_topic.pager", Action::Create, None),
        ]
    );
}

#[test]
fn a_moved_block_for_what_there_is_not_does_nothing() {
    let block = moved("aws_sns_topic.nothing", "aws_sns_topic.alerts");
    assert_eq!(told(&topic("alerts"), &(topic("alerts") + &block)), []);
    // Terraform leaves a resource where it is if its new address is taken.
    let both = topic("alerts") + &topic("pager");
    let block = moved("aws_sns_topic.alerts", "aws_sns_topic.pager");
    assert_eq!(
        told(&both, &(topic("pager") + &block)),
        [entry("aws_sns_topic.alerts", Action::Destroy, None)]
    );
}

#[test]
fn a_chain_of_moves_is_one_move_in_whatever_order_it_is_written() {
    let links = [
        moved("aws_sns_topic.a", "aws_sns_topic.b"),
        moved("aws_sns_topic.b", "aws_sns_topic.c"),
        moved("aws_sns_topic.c", "aws_sns_topic.d"),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let blocks: String = order.iter().map(|index| links[*index].as_str()).collect();
        assert_eq!(
            told(&topic("a"), &(topic("d") + &blocks)),
            [entry(
                "aws_sns_topic.d",
                Action::NoOp,
                Some("aws_sns_topic.a")
            )],
            "{order:?}"
        );
    }
}

const PARAMETERS: &str = "resource \"aws_ssm_parameter\" \"NAME\" {\n  for_each = { A = 1, B = 2 }\n  name = each.key\n}\n";

#[test]
fn a_block_moves_with_all_of_its_keys_or_with_one() {
    let (old, new) = (
        PARAMETERS.replace("NAME", "secret"),
        PARAMETERS.replace("NAME", "value"),
    );
    let whole = moved("aws_ssm_parameter.secret", "aws_ssm_parameter.value");
    assert_eq!(
        told(&old, &(new.clone() + &whole)),
        [
            entry(
                "aws_ssm_parameter.value[\"A\"]",
                Action::NoOp,
                Some("aws_ssm_parameter.secret[\"A\"]")
            ),
            entry(
                "aws_ssm_parameter.value[\"B\"]",
                Action::NoOp,
                Some("aws_ssm_parameter.secret[\"B\"]")
            ),
        ]
    );
    let one = moved(
        "aws_ssm_parameter.secret[\"A\"]",
        "aws_ssm_parameter.value[\"A\"]",
    );
    assert_eq!(
        told(&old, &(new + &one)),
        [
            entry("aws_ssm_parameter.secret[\"B\"]", Action::Destroy, None),
            entry(
                "aws_ssm_parameter.value[\"A\"]",
                Action::NoOp,
                Some("aws_ssm_parameter.secret[\"A\"]")
            ),
            entry("aws_ssm_parameter.value[\"B\"]", Action::Create, None),
        ]
    );
}

#[test]
fn what_refers_to_a_moved_resource_does_not_change() {
    let policy = |name: &str| {
        format!(
            "resource \"aws_sns_topic_policy\" \"alerts\" {{\n  arn = aws_sns_topic.{name}.arn\n}}\n"
        )
    };
    let block = moved("aws_sns_topic.alerts", "aws_sns_topic.pager");
    assert_eq!(
        told(
            &(topic("alerts") + &policy("alerts")),
            &(topic("pager") + &policy("pager") + &block)
        ),
        [entry(
            "aws_sns_topic.pager",
            Action::NoOp,
            Some("aws_sns_topic.alerts")
        )]
    );
}

#[test]
fn what_is_removed_without_being_destroyed_is_forgotten() {
    let block = |destroy: bool| {
        format!(
            "removed {{\n  from = aws_sns_topic.alerts\n  lifecycle {{\n    destroy = {destroy}\n  }}\n}}\n"
        )
    };
    let address = "aws_sns_topic.alerts";
    assert_eq!(
        told(&topic("alerts"), &block(false)),
        [entry(address, Action::Forget, None)]
    );
    assert_eq!(
        told(&topic("alerts"), &block(true)),
        [entry(address, Action::Destroy, None)]
    );
}

const COUNTED: &str = "data \"aws_availability_zones\" \"all\" {\n  state = \"available\"\n}\n\
    resource \"aws_subnet\" \"private\" {\n  count = COUNT\n  vpc_id = \"vpc-1\"\n  tags = { Name = \"TAG\" }\n}\n";

fn counted(count: &str, tag: &str) -> String {
    COUNTED.replace("COUNT", count).replace("TAG", tag)
}

#[test]
fn a_count_that_only_the_account_knows_is_said_to_be_unknown() {
    let zones = "length(data.aws_availability_zones.all.names)";
    let unknown = counted(zones, "a");
    assert_eq!(told(&unknown, &unknown), [], "the same count of the same");

    let all = changes(&unknown, &counted(zones, "b"));
    let [change] = &all[..] else {
        panic!("{all:?}");
    };
    assert_eq!(
        (change.address.as_str(), change.action),
        ("aws_subnet.private", Action::Update),
        "one entry stands for however many there are"
    );
    assert!(change.is_count_unknown);
    assert_eq!(change.attributes, ["tags"]);

    let all = changes(&unknown, &counted(&format!("{zones} - 1"), "a"));
    let [change] = &all[..] else {
        panic!("{all:?}");
    };
    assert_eq!(change.attributes, ["count"]);
    assert!(change.is_count_unknown);

    let all = changes("", &unknown);
    let created: Vec<_> = all
        .iter()
        .map(|change| {
            (
                change.address.as_str(),
                change.action,
                change.is_count_unknown,
            )
        })
        .collect();
    assert_eq!(created, [("aws_subnet.private", Action::Create, true)]);
}

#[test]
fn a_count_that_is_known_has_an_address_each() {
    let one = told(&counted("1", "a"), &counted("3", "a"));
    assert_eq!(
        one,
        [
            entry("aws_subnet.private[1]", Action::Create, None),
            entry("aws_subnet.private[2]", Action::Create, None),
        ]
    );
    assert!(
        changes(&counted("1", "a"), &counted("3", "a"))
            .iter()
            .all(|change| !change.is_count_unknown)
    );
}

#[test]
fn what_prevent_destroy_protects_is_refused_and_not_what_only_moves() {
    let protected = |name: &str, cidr: &str| {
        format!(
            "resource \"aws_vpc\" \"{name}\" {{\n  cidr_block = \"{cidr}\"\n  lifecycle {{\n    prevent_destroy = true\n  }}\n}}\n"
        )
    };
    let all = changes(
        &protected("main", "10.0.0.0/16"),
        &protected("main", "10.1.0.0/16"),
    );
    assert_eq!((all[0].action, all[0].is_refused), (Action::Replace, true));
    let block = moved("aws_vpc.main", "aws_vpc.fleet");
    let all = changes(
        &protected("main", "10.0.0.0/16"),
        &(protected("fleet", "10.0.0.0/16") + &block),
    );
    assert_eq!((all[0].action, all[0].is_refused), (Action::NoOp, false));
}

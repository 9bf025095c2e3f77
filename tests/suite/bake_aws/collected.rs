//! What gc deletes, in accounts that are made up: whatever uses an image, and whichever question fails, an image that is
//! used stays. Held against a model that is as simple as the sentence.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use test_support::skip::is_deep;

use super::promoted::source;
use super::world::World;

/// What may use an image, and what only looks so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Running,
    Stopped,
    Terminated,
    OldTemplateVersion,
    DefaultTemplateVersion,
    TemplateByParameter,
    TemplateByVersion,
    LaunchConfiguration,
    Recipe,
    RecentParameter,
    FormerParameter,
    Lock,
    LockPrevious,
    Shared,
}

const USES: [Use; 14] = [
    Use::Running,
    Use::Stopped,
    Use::Terminated,
    Use::OldTemplateVersion,
    Use::DefaultTemplateVersion,
    Use::TemplateByParameter,
    Use::TemplateByVersion,
    Use::LaunchConfiguration,
    Use::Recipe,
    Use::RecentParameter,
    Use::FormerParameter,
    Use::Lock,
    Use::LockPrevious,
    Use::Shared,
];

impl Use {
    fn counts(self) -> bool {
        !matches!(self, Self::Terminated | Self::FormerParameter)
    }

    /// What makes it, in Python, with `ami` and `number`.
    fn script(self) -> &'static str {
        match self {
            Self::Running => "host(ami)",
            Self::Stopped => "ec2.stop_instances(InstanceIds=[host(ami)])",
            Self::Terminated => "ec2.terminate_instances(InstanceIds=[host(ami)])",
            Self::OldTemplateVersion => "template(ami, BASE)",
            Self::DefaultTemplateVersion => "template(ami)",
            Self::TemplateByParameter => {
                "ssm.put_parameter(Name=f'/other/{number}', Value=ami, Type='String'); template(f'resolve:ssm:/other/{number}')"
            }
            // The version that the template names, and not the newest one.
            Self::TemplateByVersion => {
                "[ssm.put_parameter(Name=f'/pinned/{number}', Value=image, Type='String', Overwrite=True) for image in (ami, BASE)]; template(f'resolve:ssm:/pinned/{number}:1')"
            }
            Self::LaunchConfiguration => {
                "client('autoscaling').create_launch_configuration(LaunchConfigurationName=f'lc-{number}', ImageId=ami, InstanceType='m5.large')"
            }
            Self::Recipe => "recipe(ami, number)",
            Self::RecentParameter => "recent.append(ami)",
            Self::FormerParameter => "former.append(ami)",
            Self::Shared => {
                "ec2.modify_image_attribute(ImageId=ami, Attribute='launchPermission', LaunchPermission={'Add': [{'UserId': '111122223333'}]})"
            }
            Self::Lock | Self::LockPrevious => "pass",
        }
    }
}

const BEFORE: &str = "
BASE = 'ami-0ba5e0ba5e0ba5e01'
ec2, ssm, builder = client('ec2'), client('ssm'), client('imagebuilder')
recent, former, templates = [], [], iter(range(1000))
def host(ami):
    return ec2.run_instances(ImageId=ami, InstanceType='m5.large', MinCount=1, MaxCount=1)['Instances'][0]['InstanceId']
def template(*images):
    name = f'template-{next(templates)}'
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={'ImageId': images[0]})
    for image in images[1:]:
        ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData={'ImageId': image})
def recipe(ami, number):
    component = builder.create_component(name=f'c-{number}', semanticVersion='1.0.0', platform='Linux', data='x', clientToken=f'c{number}')
    builder.create_image_recipe(name=f'r-{number}', semanticVersion='1.0.0', parentImage=ami, clientToken=f'r{number}',
                                components=[{'componentArn': component['componentBuildVersionArn']}])
";

const AFTER: &str = "
# Five versions count: those of before them do not.
for ami in [*former, *[BASE] * (5 - len(recent)), *recent]:
    ssm.put_parameter(Name='/valet/production/ami', Value=ami, Type='String', Overwrite=True)
";

/// An image of a made-up account.
#[derive(Clone, Debug)]
struct Drawn {
    status: &'static str,
    hours: u32,
    uses: Vec<Use>,
}

fn image() -> impl Strategy<Value = Drawn> {
    let status = prop_oneof![
        4 => Just("verified"),
        2 => Just("promoted"),
        2 => Just("building"),
        1 => Just("unknown"),
    ];
    let uses = prop_oneof![
        3 => Just(Vec::new()),
        4 => prop::sample::subsequence(&USES[..], 1),
        1 => prop::sample::subsequence(&USES[..], 2),
    ];
    (status, 1..2000_u32, uses).prop_map(|(status, hours, uses)| Drawn {
        status,
        hours,
        uses,
    })
}

/// An account of which each kind of use occurs at least once, and whose lock names what it can name.
fn account() -> impl Strategy<Value = Vec<Drawn>> {
    (prop::collection::vec(image(), 6..14), 30..1900_u32).prop_map(|(mut images, hours)| {
        let used: BTreeSet<Use> = images.iter().flat_map(|it| it.uses.clone()).collect();
        for (number, missing) in USES.into_iter().filter(|it| !used.contains(it)).enumerate() {
            images.push(Drawn {
                status: "verified",
                hours: hours + number as u32,
                uses: vec![missing],
            });
        }
        // The lock names one image and one of before, each verified; five versions of the parameter count.
        let (mut lock, mut previous, mut recent) = (0, 0, 0);
        // No two of one age, so that it is plain which one is the newest.
        for (number, image) in images.iter_mut().enumerate() {
            image.hours = image.hours * 30 + number as u32;
        }
        for image in &mut images {
            image.uses.retain(|it| {
                let (count, most) = match it {
                    Use::Lock => (&mut lock, 1),
                    Use::LockPrevious => (&mut previous, 1),
                    Use::RecentParameter => (&mut recent, 5),
                    _ => return true,
                };
                *count += 1;
                *count <= most
            });
            if image.uses.contains(&Use::Lock) || image.uses.contains(&Use::LockPrevious) {
                image.status = "verified";
            }
        }
        images
    })
}

/// One account after the other, the same ones in each run.
fn accounts(count: usize) -> Vec<Vec<Drawn>> {
    let mut runner = TestRunner::deterministic();
    let drawn = (0..count).map(|_| account().new_tree(&mut runner).expect("drawn").current());
    drawn.collect()
}

/// What the model lets go: unused, and whole but older than the newest unused one, or half-made for more than a day.
fn may_go(images: &[Drawn]) -> BTreeSet<usize> {
    let is_used = |it: &Drawn| it.uses.iter().any(|it| it.counts());
    let is_whole = |it: &Drawn| matches!(it.status, "verified" | "promoted");
    let unused: Vec<usize> = (0..images.len())
        .filter(|at| !is_used(&images[*at]))
        .collect();
    let whole = unused.iter().filter(|at| is_whole(&images[**at]));
    let newest = whole.clone().min_by_key(|at| images[**at].hours);
    let old = whole.filter(|at| newest.is_some_and(|it| images[*it].hours < images[**at].hours));
    let lost = unused
        .iter()
        .filter(|at| images[**at].status == "building" && images[**at].hours > 24);
    old.chain(lost).copied().collect()
}

/// Makes the account. The ids of its images, in their order.
fn make(world: &World, images: &[Drawn]) -> Vec<String> {
    source(world, "lock");
    super::kept::retain_one(world);
    let seeds: Vec<Value> = images
        .iter()
        .map(|it| json!({ "status": it.status, "hours": it.hours }))
        .collect();
    let made = world.control(
        "seed-images",
        Some(json!({ "region": "us-east-1", "images": seeds })),
    );
    let ids: Vec<String> = serde_json::from_value(made).expect("ids");
    let mut script = BEFORE.to_owned();
    for (number, (image, ami)) in images.iter().zip(&ids).enumerate() {
        for it in &image.uses {
            script += &format!("ami, number = '{ami}', {number}\n{}\n", it.script());
        }
    }
    world.python(&(script + AFTER));
    for of_lock in [Use::LockPrevious, Use::Lock] {
        if let Some(at) = images.iter().position(|it| it.uses.contains(&of_lock)) {
            world
                .run(&["bake", "promote", "--image", &ids[at]])
                .success();
        }
    }
    ids
}

/// The calls since a number of them, each kind with how often it was made.
fn calls_since(world: &World, before: usize) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    let calls = world.control("calls", None);
    for call in calls.as_array().into_iter().flatten().skip(before) {
        let text = |key: &str| call[key].as_str().unwrap_or_default().to_owned();
        *counts
            .entry((text("service"), text("operation")))
            .or_default() += 1;
    }
    counts
}

fn count_calls(world: &World) -> usize {
    world.control("calls", None).as_array().map_or(0, Vec::len)
}

const PLAN: [&str; 6] = ["bake", "gc", "--plan", "gc.json", "--format", "json"];
const APPLY: [&str; 4] = ["bake", "gc", "--apply", "gc.json"];

#[test]
fn no_image_that_is_used_is_deleted_whatever_fails() {
    for (number, images) in accounts(if is_deep() { 20 } else { 2 }).iter().enumerate() {
        let Some(world) = World::start() else { return };
        let ids = make(&world, images);
        let going: BTreeSet<&String> = may_go(images).into_iter().map(|at| &ids[at]).collect();
        let used = |it: &Drawn| it.uses.iter().any(|it| it.counts());
        let used: Vec<&String> = images
            .iter()
            .zip(&ids)
            .filter(|it| used(it.0))
            .map(|it| it.1)
            .collect();
        let hold = |what: &str| {
            let left = world.images();
            for ami in &used {
                assert!(
                    left.contains(ami),
                    "account {number}, {what}: {ami} is used and gone: {images:#?}"
                );
            }
        };
        let before = count_calls(&world);
        let planned: Value = serde_json::from_str(&world.run(&PLAN).success()).expect("JSON");
        let asked = calls_since(&world, before);
        let lines = planned["images"].as_array().expect("images");
        let verdict = |ami: &str| {
            lines
                .iter()
                .find(|it| it["ami"] == ami)
                .map(|it| it["verdict"].clone())
        };
        let deleted: BTreeSet<&String> = ids
            .iter()
            .filter(|ami| verdict(ami) == Some(json!("delete")))
            .collect();
        // At most ten go in a run; where there are fewer, all of them do.
        assert!(
            deleted.is_subset(&going),
            "account {number}: {:?} of {images:#?}",
            deleted.difference(&going)
        );
        assert_eq!(
            deleted.len(),
            going.len().min(10),
            "account {number}: {images:#?}"
        );
        assert!(asked.len() >= 11, "{asked:?}");

        // Every question, failing at one of its calls.
        let everything = world.inventory();
        for ((service, operation), times) in asked.iter().filter(|it| it.0.0 != "sts") {
            for nth in BTreeSet::from([1, *times]) {
                world.rules(
                    json!([{ "service": service, "operation": operation, "nth": nth, "do": "error",
                    "code": "UnauthorizedOperation", "status": 403, "message": "not allowed" }]),
                );
                let run = world.run(&APPLY);
                assert_eq!(run.code, Some(36), "{operation} {nth}: {run:#?}");
                assert_eq!(world.inventory(), everything, "{operation} {nth}");
            }
        }
        // Every deletion, failing once, refused and unanswered: what is used is still there, and the rest goes next time.
        // A snapshot is asked about first, and then deleted.
        for (operation, nth) in [
            ("DeregisterImage", 1),
            ("DeleteSnapshot", 1),
            ("DeleteSnapshot", 2),
        ] {
            world.rules(json!([{ "operation": operation, "nth": nth, "do": "error", "code": "OperationNotPermitted", "status": 400 }]));
            let run = world.run(&APPLY);
            let expected = if deleted.is_empty() { 0 } else { 37 };
            assert!(
                run.code == Some(expected) || run.code == Some(0),
                "{operation}: {run:#?}"
            );
            hold(operation);
        }
        world.rules(json!([{ "operation": "DeregisterImage", "nth": 1, "do": "lost-after" }]));
        world.run(&APPLY);
        hold("an answer that is lost");
        world.rules(json!([]));
        world.run(&APPLY).success();
        hold("no failure");
        let left = world.images();
        assert!(
            deleted.iter().all(|ami| !left.contains(ami)),
            "account {number}"
        );
    }
}

/// 1,000 images in an account with 40 templates of five versions, and 20 of the oldest images shared. A fifth of them in
/// every run: moto takes half a minute to list a thousand.
#[test]
fn a_thousand_images_take_few_calls() {
    let Some(world) = World::start() else { return };
    let count = if is_deep() { 1000 } else { 200 };
    let images: Vec<Drawn> = (0..count)
        .map(|number| Drawn {
            status: "verified",
            hours: 2000 - number,
            uses: if number < 20 {
                vec![Use::Shared]
            } else {
                Vec::new()
            },
        })
        .collect();
    let ids = make(&world, &images);
    world.python(&format!(
        "{BEFORE}\nfor number in range(40): template(BASE, BASE, BASE, BASE, '{}')",
        ids[100]
    ));
    let measure = |arguments: &[&str]| {
        let (before, began) = (count_calls(&world), Instant::now());
        world.run(arguments).success();
        let calls = calls_since(&world, before);
        let sum: usize = calls.values().sum();
        println!(
            "{arguments:?}: {sum} calls, {:.1} s",
            began.elapsed().as_secs_f32()
        );
        assert!(sum <= 150, "{arguments:?}: {sum}: {calls:#?}");
    };
    measure(&PLAN);
    measure(&APPLY);
    assert_eq!(world.images().len(), count as usize - 10);
}

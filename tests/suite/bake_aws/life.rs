//! The whole life of an image against the fake of AWS, told as it goes, and as the README shows it:
//!
//! `just bake-life`

use std::cell::RefCell;
use std::time::Instant;

use regex::Regex;
use serde_json::{Value, json};
use test_support::folders::{read, repository};

use super::promoted::source;
use super::world::{World, interrupt_twice, payload};

/// What happened, with its time since the beginning.
struct Timeline {
    began: Instant,
    lines: RefCell<String>,
}

impl Timeline {
    fn tell(&self, what: &str, command: &str, detail: &str) {
        let seconds = self.began.elapsed().as_secs_f32();
        let line = format!("{seconds:5.1} s  {what:<12}  {command:<28}  {detail}");
        // Something that libtest hides unless it is asked not to.
        println!("{}", line.trim_end());
        self.lines
            .borrow_mut()
            .push_str(&format!("{}\n", line.trim_end()));
    }
}

/// What is the same in every run: times are gone, and each id is the number in which it comes.
fn without_accidents(text: &str) -> String {
    let times = Regex::new(r"(?m)^ *[0-9.]+ s").expect("a pattern");
    let text = times.replace_all(text, "");
    let ids = Regex::new(r"\b(ami-[0-9a-f]{17}|lt-[0-9a-f]{17}|x86_64-[0-9a-f]{16})\b");
    let mut known: Vec<String> = Vec::new();
    let ids = ids.expect("a pattern");
    let text = ids.replace_all(&text, |found: &regex::Captures<'_>| {
        let id = &found[0];
        let place = known.iter().position(|it| it == id).unwrap_or_else(|| {
            known.push(id.to_owned());
            known.len() - 1
        });
        format!("<{place}>")
    });
    text.into_owned()
}

/// The timeline that the README shows: what stands between its command and the end of the next block.
fn shown() -> String {
    let readme = read(&repository().join("README.md")).expect("readable");
    let (_, rest) = readme.split_once("just bake-life").expect("the command");
    let (_, rest) = rest.split_once("```text\n").expect("a block");
    let (block, _) = rest.split_once("```\n").expect("it ends");
    block.to_owned()
}

fn ami(baked: &Value) -> String {
    let ami = baked["images"][0]["ami"].as_str();
    ami.expect("an image").to_owned()
}

/// The first line that a command printed.
fn first_line(printed: &str) -> &str {
    printed.lines().next().unwrap_or_default()
}

#[test]
fn an_image_is_made_launched_taken_back_and_forgotten() {
    let Some(world) = World::start() else { return };
    source(&world, "parameter");
    let timeline = Timeline {
        began: Instant::now(),
        lines: RefCell::default(),
    };

    let first = world.baked(&[]);
    let first_ami = ami(&first);
    timeline.tell(
        "baked",
        "bake --payload payload",
        &format!("{first_ami}, {} checks passed", first["checks"]["passed"]),
    );
    world.control(
        "seed",
        Some(
            json!({ "region": "us-east-1", "endpoint": world.mock.address(),
            "group": { "name": "valet-production-workers", "ami": first_ami } }),
        ),
    );
    let printed = world.run(&["bake", "promote"]).success();
    timeline.tell("promoted", "bake promote", first_line(&printed));

    payload(world.folder.path(), "the next version");
    world.rules(json!([{ "service": "imagebuilder", "operation": "GetImage", "nth": 1, "do": "hold-before" }]));
    let output = interrupt_twice(&world);
    assert_eq!(output.code, Some(33), "{}", output.stderr);
    world.rules(json!([]));
    let status = world.run(&["bake", "status"]).success();
    let id = status.split_whitespace().next().expect("an id").to_owned();
    timeline.tell(
        "interrupted",
        "bake, and Ctrl-C twice",
        &format!("exit 33; {id} goes on in AWS"),
    );

    let second = world.baked(&["--resume", &id]);
    let second_ami = ami(&second);
    assert_eq!(second["bake_id"], id.as_str());
    assert_eq!(
        world.images().len(),
        2,
        "the interrupted build was not made twice"
    );
    timeline.tell(
        "resumed",
        "bake --resume ID",
        &format!("{second_ami} of {id}"),
    );
    let listed = world.run(&["bake", "list"]).success();
    let line = listed
        .lines()
        .find(|line| line.contains(&second_ami))
        .expect("it is listed");
    assert!(line.contains("verified"), "{listed}");
    let checks = &second["checks"];
    timeline.tell(
        "verified",
        "bake list",
        &format!(
            "{second_ami} is verified: {} checks passed, {} failed",
            checks["passed"], checks["failed"]
        ),
    );

    let refreshed = ["--refresh", "--poll", "0"];
    let printed = world
        .run(&[&["bake", "promote"], &refreshed[..]].concat())
        .success();
    timeline.tell("promoted", "bake promote --refresh", first_line(&printed));
    let last = printed.lines().last().unwrap_or_default();
    assert!(
        last.contains(&format!("every instance is of {second_ami}")),
        "{printed}"
    );
    timeline.tell("refreshed", "", last);

    let printed = world
        .run(&[&["bake", "rollback"], &refreshed[..]].concat())
        .success();
    timeline.tell(
        "rolled back",
        "bake rollback --refresh",
        first_line(&printed),
    );
    let last = printed.lines().last().unwrap_or_default();
    assert!(
        last.contains(&format!("every instance is of {first_ami}")),
        "{printed}"
    );
    timeline.tell("refreshed", "", last);

    tell_gc_plan(&world, &timeline);
    assert_eq!(world.images().len(), 2, "a plan deletes nothing");

    let told = timeline.lines.into_inner();
    assert_eq!(
        without_accidents(&told),
        without_accidents(&shown()),
        "the README shows another timeline; this one is:\n{told}"
    );
}

/// What a plan says of both images.
fn tell_gc_plan(world: &World, timeline: &Timeline) {
    let printed = world.run(&["bake", "gc", "--plan", "gc.json"]).success();
    for line in printed.lines().filter(|line| line.contains("ami-")) {
        // Without the dates of the fake.
        let words: Vec<&str> = line.split("  ").filter(|it| !it.is_empty()).collect();
        let told = [words[0].trim(), words[2], words[words.len() - 1]];
        assert_eq!(told[0], "keep", "both may be gone back to: {printed}");
        let told = format!("{} {}: {}", told[0], told[1], told[2]);
        timeline.tell("gc plan", "bake gc --plan gc.json", &told);
    }
}

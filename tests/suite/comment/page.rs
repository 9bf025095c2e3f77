//! What a comment says: a comparison and a plan in one, within GitHub's limit, and nothing of it markup of
//! somebody else.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::{Value, json};

use super::fake::FakeGithub;
use super::workflow::{Workflow, marker};

fn plan_file() -> String {
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/plans");
    plans.join("secret_removed.json").display().to_string()
}

#[test]
fn a_comparison_and_its_plan_are_one_comment() {
    let github = FakeGithub::start();
    let workflow = Workflow::new(&github);
    let run = workflow.run(&[
        "diff",
        "old.toml",
        "new.toml",
        "--format",
        "json",
        "--out",
        "diff.json",
        "--comment",
        "github",
    ]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""));
    let review = [
        "plan-review",
        &plan_file(),
        "--diff",
        "diff.json",
        "--comment",
        "github",
    ];
    let run = workflow.run(&review);
    assert_eq!(run.code, Some(41), "the plan loses data");
    let bodies = github.bodies();
    assert_eq!(bodies.len(), 1, "one comment of both");
    let body = &bodies[0];
    let at = |text: &str| {
        body.find(text)
            .unwrap_or_else(|| panic!("{text} in {body}"))
    };
    let order = [
        at(&marker("valet", "fleet", 12, 1)),
        at("## `valet`: every worker is replaced"),
        at("### Terraform plan"),
        at("`plan.data-loss`"),
        at("production: why, and what follows"),
        at("production: 2 resources"),
        at("plan: 1 warning"),
    ];
    assert!(order.is_sorted(), "{order:?}\n{body}");
}

#[test]
fn a_file_that_is_no_comparison_is_refused() {
    let github = FakeGithub::start();
    let workflow = Workflow::new(&github);
    let help = "name what `valet-gen diff --format json --out FILE` of this version wrote";
    for (text, problem) in [
        ("{}", "it is JSON, and nothing that `valet-gen diff` wrote"),
        (
            "{\"schema_version\":1}",
            "it has version 1 of the document, and this version of valet-gen reads 2",
        ),
        (
            "{\"schema_version\":2}",
            "it is not a comparison of `valet-gen diff`: missing field `fleet`",
        ),
        ("no", "it is not JSON: expected ident at line 1 column 2"),
    ] {
        fs::write(workflow.path("diff.json"), text).expect("written");
        let run = workflow.run(&["plan-review", &plan_file(), "--diff", "diff.json"]);
        let error = format!("error: diff.json: {problem}\n  help: {help}\n");
        assert_eq!((run.code, run.stderr), (Some(3), error));
    }
}

#[test]
fn a_large_plan_is_cut_and_names_where_all_of_it_is() {
    let github = FakeGithub::start();
    let workflow = Workflow::new(&github);
    let change = |number: usize| {
        json!({
            "address": format!("aws_route.number[{number}]"), "mode": "managed", "type": "aws_route", "name": "number",
            "change": { "actions": ["delete"], "before": {}, "after": null,
                        "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {} },
        })
    };
    let changes: Vec<Value> = (0..3000).map(change).collect();
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {}, "resource_changes": changes,
    });
    fs::write(workflow.path("plan.json"), plan.to_string()).expect("written");
    let run = workflow.run(&["plan-review", "plan.json", "--comment", "github"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let body = github.bodies().remove(0);
    let length = body.chars().count();
    assert!((50_000..=60_000).contains(&length), "{length}");
    assert!(
        body.contains("**3000 to destroy**: 3000 warnings"),
        "{body:.500}"
    );
    let end = "Not shown, or not as a whole: plan: 3000 warnings, plan: 3000 resources. All of it: https://github.com/o/r/actions/runs/999\n";
    assert!(body.ends_with(end), "{}", &body[body.len() - 400..]);
    assert_eq!(
        body.matches("<details").count(),
        body.matches("</details>").count()
    );
}

/// Everything of a page that is more than text: links, images, HTML, headings.
pub fn markup(page: &str) -> Vec<String> {
    let parser = Parser::new_ext(page, Options::all());
    parser
        .filter_map(|event| match event {
            Event::Html(html) | Event::InlineHtml(html) => Some(html.into_string()),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(format!("link {dest_url}"))
            }
            Event::Start(Tag::Heading { level, .. }) => Some(level.to_string()),
            Event::Start(Tag::TableRow) => Some("row".to_owned()),
            Event::FootnoteReference(name) => Some(format!("footnote {name}")),
            Event::InlineMath(text) | Event::DisplayMath(text) => Some(format!("math {text}")),
            _ => None,
        })
        .collect()
}

/// A comparison in which every text that somebody types is this one.
fn page_with(hostile: &str) -> String {
    let document = json!({
        "schema_version": 2, "fleet": "valet", "before": hostile, "after": hostile,
        "class": "in-place", "widens_access": true,
        "causes": [{ "path": hostile, "environment": null, "before": hostile, "after": hostile, "line": 3 }],
        "environments": [{
            "environment": "production", "status": "changed", "class": "in-place", "widens_access": true,
            "resources": [{
                "address": hostile, "action": "update", "class": "in-place", "attributes": [hostile],
                "may_replace": false, "moved_from": hostile, "causes": [hostile], "loses": hostile, "interrupts": hostile,
            }],
            "refresh": null, "data_lost": [hostile], "refused": [hostile],
            "image": { "configuration_changes": true, "files": 1, "must_be_baked": true,
                       "locked_before": hostile, "locked_after": null, "agent_changes": false },
            "cost": null,
            "posture": {
                "permissions_added": [hostile], "permissions_removed": [], "connections_opened": [hostile],
                "connections_closed": [], "exposed": [hostile], "protections_lost": [hostile], "controls_lost": [],
                "controls_gained": [], "waivers_added": [hostile], "waivers_removed": [],
            },
            "files": 1,
        }],
    });
    let diff = valet_gen::review::diff_document::FleetDiff::from_json(&document.to_string())
        .expect("a comparison");
    valet_gen::review::diff_markdown::print(&diff)
}

#[test]
fn hostile_texts_are_no_markup() {
    let plain = markup(&page_with("plain"));
    for hostile in [
        "</details>",
        "<script>alert(1)</script>",
        "a | b | c",
        "`` ` ``",
        "[click](https://evil.example)",
        "![x](https://evil.example/x.png)",
        "https://evil.example",
        "www.evil.example",
        "# heading",
        "- list\n\n# x",
        "<!-- valet-gen review -->",
        "| a |\n|---|\n| b |",
        "$x$",
        "[^1]",
        "&lt;b&gt;",
        "\u{1b}[31m",
        "@everyone",
        "~~~",
        "```\ncode",
        "*a* **b** _c_ ~d~",
        "\\",
        "<https://evil.example>",
        "a@evil.example",
        ":tada:",
        "#12",
        "\u{202e}reversed",
    ] {
        let page = page_with(hostile);
        let found: Vec<String> = markup(&page);
        let harmless: Vec<String> = found
            .iter()
            .filter(|one| !["<code>", "</code>"].contains(&one.as_str()))
            .cloned()
            .collect();
        assert_eq!(harmless, plain, "{hostile:?}:\n{page}");
        for sign in ["@", "\u{1b}", "\u{202e}"] {
            assert!(!page.contains(sign), "{hostile:?}:\n{page}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn no_text_at_all_is_markup(hostile in "[ -~\\n\\t§ä\u{200b}]{1,40}") {
        let found: Vec<String> = markup(&page_with(&hostile));
        let harmless: Vec<String> = found
            .into_iter()
            .filter(|one| !["<code>", "</code>"].contains(&one.as_str()))
            .collect();
        prop_assert_eq!(harmless, markup(&page_with("plain")), "{:?}", hostile);
    }
}

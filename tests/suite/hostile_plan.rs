//! Texts of somebody else in a plan: addresses, keys, reasons, statements. None is markup in the Markdown, none is a
//! command or a line of its own for GitHub, none colours a terminal.

use proptest::prelude::*;
use serde_json::json;
use valet_gen::diagnostic::{DiagnosticFormat, print};
use valet_gen::fleet::{Date, PlanWaiver};
use valet_gen::review::{PlanReview, plan_markdown, review, terraform_plan};

use crate::comment::page::markup;

/// The review of a plan in which every text that somebody types is this one. In a policy it ends with a sign that no action
/// and no resource has: `*` alone would mean something there, and the review would rightly say more.
fn review_with(hostile: &str) -> PlanReview {
    let in_policy = format!("{hostile}§");
    let statement = json!({ "Effect": "Allow", "Action": [&in_policy], "Resource": &in_policy });
    let policy = json!({ "policy": json!({ "Statement": [statement] }).to_string() });
    let group = |size: u32| json!({ "name": hostile, "desired_capacity": size, "launch_template": [{ "version": hostile }] });
    let plan = json!({
        "format_version": "1.2", "terraform_version": hostile, "planned_values": {},
        "resource_changes": [
            {
                "address": format!("aws_ssm_parameter.secret[\"{hostile}\"]"), "mode": "managed",
                "type": "aws_ssm_parameter", "name": "secret", "action_reason": hostile,
                "change": { "actions": ["delete"], "before": { "name": hostile }, "after": null },
            },
            {
                "address": hostile, "mode": "managed", "type": hostile, "name": hostile,
                "change": { "actions": ["update"], "before": {}, "after": {}, "replace_paths": [[hostile]] },
            },
            {
                "address": format!("aws_iam_policy.x{hostile}"), "mode": "managed", "type": "aws_iam_policy", "name": "x",
                "change": { "actions": ["create"], "before": null, "after": policy },
            },
            {
                "address": format!("aws_autoscaling_group.x{hostile}"), "mode": "managed",
                "type": "aws_autoscaling_group", "name": "x",
                "change": { "actions": ["update"], "before": group(4), "after": group(2) },
            },
        ],
    })
    .to_string();
    let plan = terraform_plan::read(&plan).expect("a plan");
    let waiver = PlanWaiver {
        rule: "plan.drift".to_owned(),
        address: format!("nothing {hostile}"),
        environment: None,
        reason: hostile.to_owned(),
        expires: Date(jiff::civil::date(2027, 1, 1)),
    };
    review(&plan, None, &[waiver], jiff::civil::date(2026, 9, 1))
}

/// What is more than text in the Markdown of a review.
fn markup_with(hostile: &str) -> Vec<String> {
    let mut found = markup(&plan_markdown::print(&review_with(hostile)));
    found.retain(|one| !["<code>", "</code>"].contains(&one.as_str()));
    found
}

fn printed(hostile: &str, format: DiagnosticFormat) -> String {
    let review = review_with(hostile);
    print(std::slice::from_ref(&review.report), format, false)
}

const HOSTILE: [&str; 26] = [
    "*",
    "?*",
    "*a*",
    "s3:*",
    "</details>",
    "<script>alert(1)</script>",
    "a | b",
    "`` ` ``",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "https://evil.example",
    "# heading",
    "- list\n\n# x",
    "<!-- valet-gen review -->",
    "| a |\n|---|\n| b |",
    "\u{1b}[31m",
    "@everyone",
    "```\ncode",
    "&lt;b&gt;",
    "\\",
    "\u{202e}reversed",
    "\n::error::owned",
    "\r\n::set-output name=x::y",
    "%0A::error::owned",
    "::stop-commands::x",
    "a,file=/etc/passwd,line=1::b",
];

#[test]
fn hostile_texts_of_a_plan_are_no_markup() {
    let plain = markup_with("plain");
    for hostile in HOSTILE {
        assert_eq!(markup_with(hostile), plain, "{hostile:?}");
        let page = plan_markdown::print(&review_with(hostile));
        for sign in ["@", "\u{1b}", "\u{202e}"] {
            assert!(!page.contains(sign), "{hostile:?}:\n{page}");
        }
    }
}

/// The commands that GitHub reads in what a step prints: the name and the parameters of each.
fn commands(text: &str) -> Vec<(String, String)> {
    text.split(['\n', '\r'])
        .filter(|line| line.contains("::"))
        .map(|line| {
            let (head, _) = line
                .strip_prefix("::")
                .and_then(|rest| rest.split_once("::"))
                .unwrap_or_else(|| panic!("no command: {line:?}"));
            let (name, parameters) = head.split_once(' ').unwrap_or((head, ""));
            (name.to_owned(), parameters.to_owned())
        })
        .collect()
}

fn assert_commands(hostile: &str) {
    let review = review_with(hostile);
    let text = printed(hostile, DiagnosticFormat::Github);
    let found = commands(&text);
    assert_eq!(
        found.len(),
        review.report.diagnostics.len(),
        "{hostile:?}:\n{text}"
    );
    for (name, parameters) in found {
        assert!(
            ["error", "warning"].contains(&name.as_str()),
            "{hostile:?}:\n{text}"
        );
        let keys: Vec<&str> = parameters
            .split(',')
            .map(|one| one.split('=').next().unwrap_or_default())
            .collect();
        assert_eq!(keys, ["title"], "{hostile:?}:\n{text}");
    }
}

#[test]
fn hostile_texts_of_a_plan_are_no_commands_of_a_workflow() {
    HOSTILE.iter().for_each(|hostile| assert_commands(hostile));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_of_a_plan_is_markup_or_a_command(hostile in "[ -~\\n\\r\\t§ä\u{200b}\u{85}\u{2028}]{1,40}") {
        prop_assert_eq!(markup_with(&hostile), markup_with("plain"), "{:?}", &hostile);
        assert_commands(&hostile);
    }

    /// A terminal gets no control characters but line ends, whatever a plan has.
    #[test]
    fn a_terminal_is_left_alone(hostile in any::<Vec<char>>()) {
        let hostile: String = hostile.into_iter().collect();
        let text = printed(&hostile, DiagnosticFormat::Human);
        prop_assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{:?}", text);
    }
}

/// Comments of TOML may have these.
#[test]
fn an_excerpt_of_a_file_leaves_the_terminal_alone() {
    let text = "[fleet]\nname = \"valet\"\nregion = \"\u{9b}31m\u{202e}x\"\n";
    let report = crate::input_cases::report(text);
    let printed = print(&[report], DiagnosticFormat::Human, false);
    assert!(printed.contains("\"·31m\u{fffd}x\""), "{printed}");
    assert!(
        !printed.contains(|letter: char| letter.is_control() && letter != '\n'),
        "{printed:?}"
    );
    assert!(!printed.contains('\u{202e}'), "{printed:?}");
}

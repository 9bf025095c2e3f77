//! Rules about `[alerts]`.

use email_address::{EmailAddress, Options};

use super::finding::{Finding, Findings};
use super::https_url::invalid_https_url;
use super::identifiers::duplicates;
use super::rule::{Context, Rule};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "alerts.email-form",
        severity: Severity::Error,
        title: "Alerts go to e-mail addresses",
        reason: "SNS accepts any text as an address, and a confirmation that never arrives is easy \
              to overlook.",
        run: email_form,
    },
    Rule {
        code: "alerts.email-twice",
        severity: Severity::Error,
        title: "Every e-mail address of `[alerts]` is listed once",
        reason: "SNS keeps one subscription per address, so two Terraform resources would manage the \
              same one.",
        run: email_twice,
    },
    Rule {
        code: "alerts.runbook-url",
        severity: Severity::Error,
        title: "Runbooks are published at an https address",
        reason: "Alarms link to a section of it, so it cannot have a query or a fragment of its own.",
        run: runbook_url,
    },
    Rule {
        code: "alerts.nobody",
        severity: Severity::Warning,
        title: "Somebody is told when an alarm fires",
        reason: "An alarm that nobody hears of is found on the dashboard, after the outage. Where nobody \
              is meant, the reason stands in the file.",
        run: nobody,
    },
    Rule {
        code: "alerts.topic-of-others",
        severity: Severity::Error,
        title: "Subscriptions of an existing topic are its owner's",
        reason: "With `topic_arn` the fleet has no topic of its own that addresses could subscribe to.",
        run: topic_of_others,
    },
];

fn path(index: usize) -> Path {
    Path::of("alerts.email").index(index)
}

fn is_email(text: &str) -> bool {
    let options = Options::default()
        .with_required_tld()
        .without_domain_literal()
        .without_display_text();
    // SNS documents ASCII addresses only, and one without a confirmation alerts nobody.
    text.is_ascii() && EmailAddress::parse_with_options(text, options).is_ok()
}

fn email_form(context: &Context<'_>, findings: &mut Findings) {
    for (index, email) in context.fleet.alerts.email.iter().enumerate() {
        if !is_email(email) {
            findings.push(
                Finding::new(path(index), format!("`{email}` is not an e-mail address"))
                    .label("nobody would be notified")
                    .help("write an address such as \"ops@example.com\""),
            );
        }
    }
}

fn email_twice(context: &Context<'_>, findings: &mut Findings) {
    let emails = &context.fleet.alerts.email;
    for (index, first) in duplicates(emails.iter().map(|email| email.to_lowercase())) {
        findings.push(
            Finding::new(path(index), format!("`{}` is listed twice", emails[index]))
                .label("listed again")
                .related(path(first), "listed here first")
                .help("remove one of them"),
        );
    }
}

fn nobody(context: &Context<'_>, findings: &mut Findings) {
    let alerts = &context.fleet.alerts;
    let somebody =
        !alerts.email.is_empty() || alerts.topic_arn.is_some() || alerts.event_bus_arn.is_some();
    if somebody || alerts.nobody_because.is_some() {
        return;
    }
    let table = Path::of("alerts");
    let place = if context.tree.contains(&table) {
        table
    } else {
        Path::of("fleet.name")
    };
    findings.push(
        Finding::new(place, "nobody is told when an alarm fires")
            .label("no address, no topic and no event bus")
            .help(
                "add `email = [\"ops@example.com\"]` below [alerts], or `nobody_because = \"...\"` with \
                 the reason",
            ),
    );
}

fn topic_of_others(context: &Context<'_>, findings: &mut Findings) {
    let alerts = &context.fleet.alerts;
    if alerts.topic_arn.is_none() || alerts.email.is_empty() {
        return;
    }
    findings.push(
        Finding::new(
            Path::of("alerts.email"),
            "addresses cannot subscribe to a topic that is not the fleet's own",
        )
        .label("has no effect with `topic_arn`")
        .related(Path::of("alerts.topic_arn"), "the existing topic")
        .help("have the topic's owner subscribe them, or remove `topic_arn`"),
    );
}

fn runbook_url(context: &Context<'_>, findings: &mut Findings) {
    let Some(url) = &context.fleet.alerts.runbook_base_url else {
        return;
    };
    if let Some(problem) = invalid_https_url(url) {
        findings.push(
            Finding::new(
                Path::of("alerts.runbook_base_url"),
                "`alerts.runbook_base_url` is not a valid https URL",
            )
            .label(problem)
            .help("write an address such as \"https://wiki.example.com/valet\""),
        );
    }
}

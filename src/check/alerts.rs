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
        title: "Every address is listed once",
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
];

fn path(index: usize) -> Path {
    Path::of("alerts.email").index(index)
}

fn is_email(text: &str) -> bool {
    let options = Options::default()
        .with_required_tld()
        .without_domain_literal()
        .without_display_text();
    EmailAddress::parse_with_options(text, options).is_ok()
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

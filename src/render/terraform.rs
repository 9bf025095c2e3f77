//! Terraform: one root module per environment and one for the account, one file per subject.

use std::fmt::Write as _;

use super::hcl::comment_text;
use super::{Engine, FileSet, RenderError, Template};
use crate::resolve::{ACCOUNT, Account, Environment, Plan};

/// One file of a root module.
struct File<Of> {
    name: &'static str,
    /// What it is about, for its first line.
    subject: &'static str,
    template: Template,
    /// Whether there is anything to say.
    applies: fn(&Of) -> bool,
}

macro_rules! template {
    ($name:literal) => {
        Template {
            name: concat!("terraform/", $name),
            text: include_str!(concat!("../../templates/terraform/", $name, ".hbs")),
        }
    };
}

fn always<Of>(_: &Of) -> bool {
    true
}

/// The files of an environment's root module, in the order of reading.
const ENVIRONMENT_FILES: &[File<Environment>] = &[
    File {
        name: "versions.tf",
        subject: "versions, state, provider and the account it runs in",
        template: template!("versions.tf"),
        applies: always,
    },
    File {
        name: "variables.tf",
        subject: "what may be set at plan time",
        template: template!("variables.tf"),
        applies: always,
    },
    File {
        name: "network.tf",
        subject: "VPC, subnets, NAT and routes",
        template: template!("network.tf"),
        applies: |environment| environment.network.created.is_some(),
    },
    File {
        name: "network.tf",
        subject: "the existing VPC and its subnets",
        template: template!("existing_network.tf"),
        applies: |environment| environment.network.existing.is_some(),
    },
    File {
        name: "gateway_endpoints.tf",
        subject: "gateway endpoints, which are free",
        template: template!("gateway_endpoints.tf"),
        applies: |environment| {
            (environment.network.created.as_ref())
                .is_some_and(|created| !created.gateway_endpoints.is_empty())
        },
    },
    File {
        name: "endpoints.tf",
        subject: "interface endpoints, which keep management traffic inside the VPC",
        template: template!("endpoints.tf"),
        applies: |environment| {
            (environment.network.created.as_ref())
                .is_some_and(|created| !created.interface_endpoints.is_empty())
        },
    },
    File {
        name: "flow_logs.tf",
        subject: "VPC flow logs",
        template: template!("flow_logs.tf"),
        applies: |environment| environment.network.created.is_some(),
    },
    File {
        name: "security.tf",
        subject: "what a worker may connect to",
        template: template!("security.tf"),
        applies: always,
    },
    File {
        name: "kms.tf",
        subject: "the environment's one encryption key",
        template: template!("kms.tf"),
        applies: always,
    },
    File {
        name: "logs.tf",
        subject: "log groups that the workers write to",
        template: template!("logs.tf"),
        applies: always,
    },
    File {
        name: "iam.tf",
        subject: "what a worker may do",
        template: template!("iam.tf"),
        applies: always,
    },
    File {
        name: "compute.tf",
        subject: "the image and how an instance is launched from it",
        template: template!("compute.tf"),
        applies: always,
    },
    File {
        name: "group.tf",
        subject: "the Auto Scaling group",
        template: template!("group.tf"),
        applies: always,
    },
    File {
        name: "scaling.tf",
        subject: "when the group grows and shrinks",
        template: template!("scaling.tf"),
        applies: |environment| {
            let scaling = &environment.scaling;
            scaling.scale_in.is_some()
                || scaling.cpu_target.is_some()
                || scaling.slots_target.is_some()
        },
    },
    File {
        name: "schedules.tf",
        subject: "sizes by the clock",
        template: template!("schedules.tf"),
        applies: |environment| !environment.scaling.schedules.is_empty(),
    },
    File {
        name: "alerts.tf",
        subject: "whom alarms tell",
        template: template!("alerts.tf"),
        applies: always,
    },
    File {
        name: "alarms.tf",
        subject: "the alarms",
        template: template!("alarms.tf"),
        applies: always,
    },
    File {
        name: "dashboard.tf",
        subject: "the dashboard",
        template: template!("dashboard.tf"),
        applies: always,
    },
    File {
        name: "recovery.tf",
        subject: "what alarms set right by themselves",
        template: template!("recovery.tf"),
        applies: |environment| !environment.alerts.healing.is_empty(),
    },
    File {
        name: "secrets.tf",
        subject: "the names under which secrets are kept",
        template: template!("secrets.tf"),
        applies: |environment| environment.secrets.any,
    },
    File {
        name: "access.tf",
        subject: "how people reach a worker, and the record of it",
        template: template!("access.tf"),
        applies: always,
    },
    File {
        name: "session_bucket.tf",
        subject: "the bucket of session records",
        template: template!("session_bucket.tf"),
        applies: |environment| environment.access.log_to_s3,
    },
    File {
        name: "instance_connect.tf",
        subject: "SSH through an EC2 Instance Connect endpoint",
        template: template!("instance_connect.tf"),
        applies: |environment| environment.access.instance_connect,
    },
    File {
        name: "outputs.tf",
        subject: "what operators and other configurations need to know",
        template: template!("outputs.tf"),
        applies: always,
    },
];

/// The files of the account's root module.
const ACCOUNT_FILES: &[File<Account>] = &[
    File {
        name: "versions.tf",
        subject: "versions, state, provider and the account it runs in",
        template: template!("versions.tf"),
        applies: always,
    },
    File {
        name: "defaults.tf",
        subject: "what holds for everything that is made without saying otherwise",
        template: template!("account_defaults.tf"),
        applies: always,
    },
    File {
        name: "cloudtrail.tf",
        subject: "the record of every API call, in all regions",
        template: template!("account_cloudtrail.tf"),
        applies: |account| account.audit.cloudtrail,
    },
    File {
        name: "guardduty.tf",
        subject: "threat detection",
        template: template!("account_guardduty.tf"),
        applies: |account| account.audit.guardduty,
    },
    File {
        name: "inspector.tf",
        subject: "vulnerability scans",
        template: template!("account_inspector.tf"),
        applies: |account| account.audit.inspector,
    },
];

/// Every template of this format.
pub fn templates() -> Vec<Template> {
    let of_environment = ENVIRONMENT_FILES.iter().map(|file| file.template);
    let of_account = ACCOUNT_FILES.iter().map(|file| file.template);
    let mut templates: Vec<Template> = of_environment.chain(of_account).collect();
    templates.sort_by_key(|template| template.name);
    templates.dedup_by_key(|template| template.name);
    templates
}

/// Renders every root module.
pub fn render(engine: &Engine, plan: &Plan, files: &mut FileSet) -> Result<(), RenderError> {
    for environment in &plan.environments {
        let name = &environment.identity.environment;
        let whose = format!("environment {name}");
        render_module(engine, name, &whose, ENVIRONMENT_FILES, environment, files)?;
    }
    let account = &plan.account;
    render_module(
        engine,
        ACCOUNT,
        "the account",
        ACCOUNT_FILES,
        account,
        files,
    )
}

fn render_module<Of: serde::Serialize>(
    engine: &Engine,
    folder: &str,
    whose: &str,
    of_module: &[File<Of>],
    of: &Of,
    files: &mut FileSet,
) -> Result<(), RenderError> {
    let context = engine.context(of)?;
    for file in of_module.iter().filter(|file| (file.applies)(of)) {
        let mut text = header(whose, file.subject);
        push_tidy(&mut text, &engine.render(file.template.name, &context)?);
        files.insert(format!("{folder}/terraform/{}", file.name), text);
    }
    Ok(())
}

/// Adds what a template gave, with one empty line where parts that were left out leave several,
/// and none at the ends. No value is touched: a string of HCL has no line's end in it.
pub(super) fn push_tidy(text: &mut String, rendered: &str) {
    let mut gap = false;
    let before = text.len();
    for line in rendered.lines() {
        if line.is_empty() {
            gap = true;
            continue;
        }
        if gap && text.len() > before {
            text.push('\n');
        }
        gap = false;
        text.push_str(line);
        text.push('\n');
    }
}

/// The two lines at the head of every file.
pub(super) fn header(whose: &str, subject: &str) -> String {
    let mut header = String::new();
    let whose = comment_text(whose);
    let _ = writeln!(
        header,
        "# Rendered by valet-gen from fleet.toml, {whose}: {subject}."
    );
    let _ = writeln!(
        header,
        "# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.\n"
    );
    header
}

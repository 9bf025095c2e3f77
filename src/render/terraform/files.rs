//! The files of the root modules.

use crate::fleet::Builder;
use crate::render::Template;
use crate::resolve::{Account, Environment};

/// One file of a root module, rendered with an environment or the account.
pub struct File<Input> {
    pub name: &'static str,
    /// What it is about, for its first line.
    pub subject: &'static str,
    pub template: Template,
    /// Whether there is anything to say.
    pub applies: fn(&Input) -> bool,
}

macro_rules! template {
    ($name:literal) => {
        Template {
            name: concat!("terraform/", $name),
            text: include_str!(concat!("../../../templates/terraform/", $name, ".hbs")),
        }
    };
}

fn always<Input>(_: &Input) -> bool {
    true
}

/// The files of an environment's root module, in the order of reading.
pub const ENVIRONMENT_FILES: &[File<Environment>] = &[
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
        name: "image_keys.tf",
        subject: "the keys of an image that other accounts launch",
        template: template!("image_keys.tf"),
        applies: |environment| !environment.image.keys.is_empty(),
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
        name: "user_data.tf",
        subject: "what an instance gets that its image does not have",
        template: template!("user_data.tf"),
        applies: always,
    },
    File {
        name: "compute.tf",
        subject: "the image and how an instance is launched from it",
        template: template!("compute.tf"),
        applies: always,
    },
    File {
        name: "bake.tf",
        subject: "what making images takes",
        template: template!("bake.tf"),
        applies: always,
    },
    File {
        name: "bake_roles.tf",
        subject: "what workflows of GitHub may do with images",
        template: template!("bake_roles.tf"),
        applies: always,
    },
    File {
        name: "bake_packer.tf",
        subject: "what a workflow that runs Packer may do besides",
        template: template!("bake_packer.tf"),
        applies: |environment| environment.image.builder == Builder::Packer,
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
        name: "control.tf",
        subject: "what the control plane may do, and who may act as it",
        template: template!("control.tf"),
        applies: |environment| environment.control.is_some(),
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
        applies: |environment| !environment.secrets.is_empty(),
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
        applies: |environment| environment.access.own_bucket,
    },
    File {
        name: "session_bucket.tf",
        subject: "the existing bucket of session records",
        template: template!("existing_session_bucket.tf"),
        applies: |environment| environment.access.bucket.is_some(),
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
pub const ACCOUNT_FILES: &[File<Account>] = &[
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
    File {
        name: "findings.tf",
        subject: "whom these services tell",
        template: template!("account_findings.tf"),
        applies: |account| account.audit.cloudtrail || account.finds,
    },
];

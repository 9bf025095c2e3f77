//! Every text that reaches a rendered file, with a way to set it in a plan.
//!
//! The plan is set and not a fleet.toml: what the rules refuse today they may let pass tomorrow,
//! and rendering is safe whatever they do.

use std::collections::BTreeMap;

use valet_gen::fleet::ExistingNetwork;
use valet_gen::resolve::{Environment, Iam, Identity, Plan, Terraform};

use crate::pipeline::{fixture_text, plan_of};

/// A text of the plan.
pub struct Field {
    pub name: &'static str,
    pub set: fn(&mut Plan, &str),
}

const fn field(name: &'static str, set: fn(&mut Plan, &str)) -> Field {
    Field { name, set }
}

/// Everything that may exist already, beside the minimal fleet.
const EXISTING: &str = r#"
[network.existing]
vpc_id             = "vpc-0123abcd"
private_subnet_ids = ["subnet-0123abcd", "subnet-0123abce"]
security_group_ids = ["sg-0123abcd"]
[encryption]
kms_key = "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-4def-8123-456789abcdef"
[iam]
instance_profile = "browser-workers"
[access.session_manager]
bucket = "session-records"
[alerts]
topic_arn = "arn:aws:sns:eu-west-1:111122223333:pager"
[image.shared_by]
account_id = "444455556666"
parameter  = "arn:aws:ssm:eu-west-1:444455556666:parameter/golden"
kms_key    = "arn:aws:kms:eu-west-1:444455556666:key/01234567-89ab-4def-8123-456789abcdef"
"#;

/// A plan that has all of them: the full fleet, and beside it an environment that runs in an
/// existing network, which no fleet with a network of its own can have.
pub fn plan() -> Plan {
    let mut plan = plan_of(&fixture_text("golden-full"));
    let existing = EXISTING;
    let other = plan_of(&format!("{}{existing}", fixture_text("golden-minimal")));
    plan.environments.truncate(1);
    plan.environments
        .extend(other.environments.into_iter().map(|mut environment| {
            environment.identity.environment = "existing".to_owned();
            environment
        }));
    plan
}

fn each(plan: &mut Plan, change: impl Fn(&mut Environment)) {
    plan.environments.iter_mut().for_each(change);
}

fn each_identity(plan: &mut Plan, change: impl Fn(&mut Identity)) {
    change(&mut plan.account.identity);
    plan.environments
        .iter_mut()
        .for_each(|environment| change(&mut environment.identity));
}

fn each_terraform(plan: &mut Plan, change: impl Fn(&mut Terraform)) {
    change(&mut plan.account.terraform);
    plan.environments
        .iter_mut()
        .for_each(|environment| change(&mut environment.terraform));
}

fn each_iam(plan: &mut Plan, change: impl Fn(&mut Iam)) {
    change(&mut plan.account.iam);
    plan.environments
        .iter_mut()
        .for_each(|environment| change(&mut environment.iam));
}

/// Puts one entry under this key, beside those that are there.
fn insert<V: Clone>(map: &mut BTreeMap<String, V>, key: &str) {
    if let Some(value) = map.values().next().cloned() {
        map.insert(key.to_owned(), value);
    }
}

/// Leaves one entry, under this key: where keys are rendered as a list, another key would be at
/// another place of it.
fn only<V>(map: &mut BTreeMap<String, V>, key: &str) {
    if let Some((_, value)) = map.pop_first() {
        map.clear();
        map.insert(key.to_owned(), value);
    }
}

/// Gives every entry this value.
fn fill(map: &mut BTreeMap<String, String>, text: &str) {
    map.values_mut().for_each(|value| text.clone_into(value));
}

/// Gives every entry of a list this value.
fn fill_all(list: &mut [String], text: &str) {
    list.iter_mut().for_each(|value| text.clone_into(value));
}

pub const FIELDS: &[Field] = &[
    field("identity.fleet", |plan, text| {
        each_identity(plan, |identity| text.clone_into(&mut identity.fleet));
    }),
    field("identity.environment", |plan, text| {
        // A folder as well, so each needs its own.
        for (number, environment) in plan.environments.iter_mut().enumerate() {
            environment.identity.environment = format!("{number}{text}");
        }
    }),
    field("network.egress.prefix_list", |plan, text| {
        each(plan, |environment| {
            for rule in environment.network.egress.iter_mut().skip(1) {
                rule.prefix_list = rule.prefix_list.is_some().then(|| text.to_owned());
            }
        });
    }),
    field("network.proxy", |plan, text| {
        each(plan, |environment| {
            if let Some(proxy) = &mut environment.network.proxy {
                text.clone_into(&mut proxy.url);
                fill_all(&mut proxy.no_proxy, text);
                fill_all(&mut proxy.hosts, text);
            }
        });
    }),
    field("network.created.cidr_block", |plan, text| {
        each(plan, |environment| {
            if let Some(created) = &mut environment.network.created {
                text.clone_into(&mut created.cidr_block);
            }
        });
    }),
    field("identity.region", |plan, text| {
        each_identity(plan, |identity| text.clone_into(&mut identity.region));
    }),
    field("identity.prefix", |plan, text| {
        each_identity(plan, |identity| text.clone_into(&mut identity.prefix));
    }),
    field("identity.path", |plan, text| {
        each_identity(plan, |identity| text.clone_into(&mut identity.path));
    }),
    field("identity.group", |plan, text| {
        each_identity(plan, |identity| text.clone_into(&mut identity.group));
    }),
    field("identity.tags, keys", |plan, text| {
        each_identity(plan, |identity| insert(&mut identity.tags, text));
    }),
    field("identity.tags, values", |plan, text| {
        each_identity(plan, |identity| fill(&mut identity.tags, text));
    }),
    field("identity.instance_tags, keys", |plan, text| {
        each_identity(plan, |identity| insert(&mut identity.instance_tags, text));
    }),
    field("identity.instance_tags, values", |plan, text| {
        each_identity(plan, |identity| fill(&mut identity.instance_tags, text));
    }),
    field("terraform.required_version", |plan, text| {
        each_terraform(plan, |terraform| {
            text.clone_into(&mut terraform.required_version);
        });
    }),
    field("terraform.aws_provider", |plan, text| {
        each_terraform(plan, |terraform| {
            text.clone_into(&mut terraform.aws_provider);
        });
    }),
    field("terraform.backend", |plan, text| {
        each_terraform(plan, |terraform| {
            if let Some(backend) = &mut terraform.backend {
                text.clone_into(&mut backend.bucket);
                text.clone_into(&mut backend.key);
                text.clone_into(&mut backend.region);
                backend.kms_key_id = Some(text.to_owned());
                backend.role_arn = Some(text.to_owned());
            }
        });
    }),
    field("terraform, accounts and role", |plan, text| {
        each_terraform(plan, |terraform| {
            terraform.allowed_account_ids = vec![text.to_owned()];
            terraform.provider_role_arn = Some(text.to_owned());
        });
    }),
    field("iam", |plan, text| {
        each_iam(plan, |iam| {
            iam.permissions_boundary = Some(text.to_owned());
            iam.path = Some(text.to_owned());
            iam.managed_policies = vec![text.to_owned()];
            for statement in &mut iam.statements {
                statement.actions = vec![text.to_owned()];
                statement.resources = vec![text.to_owned()];
                statement.prefix = statement.prefix.is_some().then(|| text.to_owned());
            }
        });
    }),
    field("terraform.own_files", |plan, text| {
        each_terraform(plan, |terraform| {
            terraform.own_files = vec![text.to_owned()];
        });
    }),
    field("network.created, texts", |plan, text| {
        each(plan, |environment| {
            if let Some(created) = &mut environment.network.created {
                created.zones = vec![text.to_owned()];
                created.single_nat_zone = Some(text.to_owned());
                created.interface_endpoints = vec![text.to_owned()];
                created.gateway_endpoints = vec![text.to_owned()];
                fill(&mut created.private_subnets, text);
                fill(&mut created.public_subnets, text);
            }
        });
    }),
    field("network.created, keys", |plan, text| {
        each(plan, |environment| {
            if let Some(created) = &mut environment.network.created {
                insert(&mut created.private_subnets, text);
                insert(&mut created.public_subnets, text);
            }
        });
    }),
    field("network.existing", |plan, text| {
        each(plan, |environment| {
            if let Some(existing) = &mut environment.network.existing {
                *existing = ExistingNetwork {
                    vpc_id: text.to_owned(),
                    private_subnet_ids: vec![text.to_owned()],
                    security_group_ids: vec![text.to_owned()],
                };
            }
        });
    }),
    field("network.egress", |plan, text| {
        each(plan, |environment| {
            for rule in environment.network.egress.iter_mut().take(1) {
                text.clone_into(&mut rule.key);
                text.clone_into(&mut rule.description);
            }
        });
    }),
    field("instances.types", |plan, text| {
        each(plan, |environment| {
            for choice in &mut environment.instances.types {
                text.clone_into(&mut choice.instance_type);
            }
        });
    }),
    field("instances.volumes", |plan, text| {
        each(plan, |environment| {
            for volume in &mut environment.instances.volumes {
                text.clone_into(&mut volume.device_name);
            }
        });
    }),
    field("instances.mounts", |plan, text| {
        each(plan, |environment| {
            for mount in &mut environment.instances.mounts {
                text.clone_into(&mut mount.folder);
                text.clone_into(&mut mount.device_name);
            }
        });
    }),
    field("instances.user_data", |plan, text| {
        each(plan, |environment| {
            for part in &mut environment.instances.user_data {
                text.clone_into(&mut part.text);
            }
        });
    }),
    field("instances.root_volume.kms_key", |plan, text| {
        each(plan, |environment| {
            environment.instances.root_volume.kms_key = Some(text.to_owned());
        });
    }),
    field("image", |plan, text| {
        each(plan, |environment| {
            let image = &mut environment.image;
            text.clone_into(&mut image.build_instance_type);
            image.regions = vec![text.to_owned()];
            image.share_with = vec![text.to_owned()];
        });
    }),
    field("scaling.schedules", |plan, text| {
        each(plan, |environment| {
            for schedule in &mut environment.scaling.schedules {
                text.clone_into(&mut schedule.recurrence);
                text.clone_into(&mut schedule.time_zone);
            }
        });
    }),
    field("scaling, names of alarms", |plan, text| {
        each(plan, |environment| {
            // Names of resources: each needs its own.
            for step in environment.scaling.queue_steps.iter_mut().take(1) {
                text.clone_into(&mut step.full_name);
            }
            if let Some(idle) = &mut environment.scaling.scale_in {
                text.clone_into(&mut idle.full_name);
            }
            if let Some(zero) = &mut environment.scaling.from_zero {
                text.clone_into(&mut zero.full_name);
            }
        });
    }),
    field("control", |plan, text| {
        each(plan, |environment| {
            if let Some(control) = &mut environment.control {
                fill_all(&mut control.trusted_role_arns, text);
                fill_all(&mut control.tasks, text);
                if let Some(secret) = &mut control.secret {
                    text.clone_into(&mut secret.key);
                }
            }
        });
    }),
    field("worker.launch_hook", |plan, text| {
        each(plan, |environment| {
            text.clone_into(&mut environment.worker.launch_hook);
        });
    }),
    field("alerts.refresh_alarm", |plan, text| {
        each(plan, |environment| {
            environment.alerts.refresh_alarm = Some(text.to_owned());
        });
    }),
    field("worker.hook", |plan, text| {
        for environment in &mut plan.environments {
            text.clone_into(&mut environment.worker.hook);
        }
    }),
    field("worker.namespace", |plan, text| {
        each(plan, |environment| {
            text.clone_into(&mut environment.worker.namespace);
        });
    }),
    field("image, texts of fleet.toml", |plan, text| {
        each(plan, |environment| {
            let image = &mut environment.image;
            image.packages = vec![text.to_owned()];
            image.secret_exceptions = vec![text.to_owned()];
            image.regions = vec![text.to_owned()];
            image.share_with = vec![text.to_owned()];
            text.clone_into(&mut image.build_instance_type);
            for file in image.payload.values_mut() {
                text.clone_into(&mut file.source);
                file.sha256 = Some(text.to_owned());
            }
            for waiver in &mut image.waivers {
                text.clone_into(&mut waiver.control);
                text.clone_into(&mut waiver.reason);
                text.clone_into(&mut waiver.expires);
            }
        });
    }),
    field("secrets.parameters", |plan, text| {
        each(plan, |environment| {
            only(&mut environment.secrets.parameters, text);
        });
    }),
    field("secrets.secrets", |plan, text| {
        each(plan, |environment| {
            only(&mut environment.secrets.secrets, text);
        });
    }),
    field("log_groups", |plan, text| {
        each(plan, |environment| {
            let groups = &mut environment.log_groups;
            let optional = groups.session.iter_mut().chain(&mut groups.flow_logs);
            for group in [&mut groups.system, &mut groups.worker]
                .into_iter()
                .chain(optional)
            {
                text.clone_into(&mut group.name);
            }
        });
    }),
    field("alerts.email", |plan, text| {
        each(plan, |environment| {
            environment.alerts.email = vec![text.to_owned()];
        });
    }),
    field("what exists", |plan, text| {
        each(plan, |environment| {
            let some = || Some(text.to_owned());
            if environment.existing_key.is_some() {
                environment.existing_key = some();
            }
            if environment.access.bucket.is_some() {
                environment.access.bucket = some();
            }
            text.clone_into(&mut environment.access.record_prefix);
            if environment.iam.instance_profile.is_some() {
                environment.iam.instance_profile = some();
            }
            let groups = &mut environment.network.extra_security_groups;
            groups.iter_mut().for_each(|group| text.clone_into(group));
            text.clone_into(&mut environment.image.parameter);
            if let Some(shared) = &mut environment.image.shared_by {
                text.clone_into(&mut shared.account_id);
                shared.kms_key = some();
                shared.parameter = some();
            }
        });
    }),
    field("alerts, existing targets", |plan, text| {
        each(plan, |environment| {
            let alerts = &mut environment.alerts;
            alerts.topic_arn = alerts.topic_arn.is_some().then(|| text.to_owned());
            alerts.event_bus_arn = alerts.event_bus_arn.is_some().then(|| text.to_owned());
        });
    }),
    field("alerts.alarms", |plan, text| {
        each(plan, |environment| {
            for alarm in &mut environment.alerts.alarms {
                text.clone_into(&mut alarm.full_name);
                text.clone_into(&mut alarm.description);
                text.clone_into(&mut alarm.meaning);
                if let Some(expression) = &mut alarm.expression {
                    text.clone_into(&mut expression.text);
                    text.clone_into(&mut expression.label);
                }
                let of_expression = alarm.expression.iter_mut().flat_map(|it| &mut it.queries);
                for query in alarm.metric.iter_mut().chain(of_expression) {
                    text.clone_into(&mut query.id);
                    text.clone_into(&mut query.namespace);
                    text.clone_into(&mut query.metric_name);
                }
            }
        });
    }),
    field("alerts.composites", |plan, text| {
        each(plan, |environment| {
            for alarm in &mut environment.alerts.composites {
                text.clone_into(&mut alarm.full_name);
                text.clone_into(&mut alarm.description);
                text.clone_into(&mut alarm.meaning);
            }
        });
    }),
    field("dashboard.query", |plan, text| {
        each(plan, |environment| {
            let sections = environment.dashboard.sections.iter_mut();
            let widgets = sections.flat_map(|section| &mut section.widgets);
            for series in widgets.flat_map(|widget| &mut widget.series) {
                text.clone_into(&mut series.query.id);
                text.clone_into(&mut series.query.namespace);
                text.clone_into(&mut series.query.metric_name);
            }
        });
    }),
    field("account.email", |plan, text| {
        plan.account.email = vec![text.to_owned()];
    }),
    field("account.session_buckets", |plan, text| {
        plan.account.session_buckets = vec![text.to_owned()];
    }),
    field("fleet", |plan, text| text.clone_into(&mut plan.fleet)),
];

/// Texts that are identifiers wherever they are rendered: anything else is refused.
pub const NAMES: &[Field] = &[
    field("scaling.schedules[].name", |plan, text| {
        each(plan, |environment| {
            for schedule in environment.scaling.schedules.iter_mut().take(1) {
                text.clone_into(&mut schedule.name);
            }
        });
    }),
    field("alerts.alarms[].name", |plan, text| {
        each(plan, |environment| {
            for alarm in environment.alerts.alarms.iter_mut().take(1) {
                text.clone_into(&mut alarm.name);
            }
        });
    }),
    field("alerts.composites[].name", |plan, text| {
        each(plan, |environment| {
            for alarm in environment.alerts.composites.iter_mut().take(1) {
                text.clone_into(&mut alarm.name);
            }
        });
    }),
    field("worker.runtime_user", |plan, text| {
        each(plan, |environment| {
            text.clone_into(&mut environment.worker.runtime_user);
        });
    }),
    field("worker.adspower_user", |plan, text| {
        each(plan, |environment| {
            text.clone_into(&mut environment.worker.adspower_user);
        });
    }),
];

/// Texts that are ranges of addresses, and are refused where they are anything else.
pub const RANGES: &[Field] = &[
    field("network.egress.cidr_block", |plan, text| {
        each(plan, |environment| {
            for rule in environment.network.egress.iter_mut().take(1) {
                rule.cidr_block = Some(text.to_owned());
            }
        });
    }),
    field("network.egress.ipv6_cidr_block", |plan, text| {
        each(plan, |environment| {
            for rule in environment.network.egress.iter_mut().take(1) {
                rule.cidr_block = None;
                rule.ipv6_cidr_block = Some(text.to_owned());
            }
        });
    }),
];

/// Texts that are words of a command, which the helper of units refuses where systemd has no way to write them.
pub const COMMANDS: &[Field] = &[field("worker.runtime_command", |plan, text| {
    each(plan, |environment| {
        environment.worker.runtime_command = vec!["node".to_owned(), text.to_owned()];
    });
})];

/// Texts that nobody types: identifiers that the generator makes or takes from a registry, and
/// the words of a type of its own.
pub const FIXED: &[&str] = &[
    "account.guardduty_plans[]",
    "account.trail_alarms[].cis",
    "account.trail_alarms[].description",
    "account.trail_alarms[].name",
    "account.trail_alarms[].pattern",
    "environments[].image.agent",
    "account.identity.environment",
    "environments[].alerts.alarms[].comparison",
    "environments[].alerts.alarms[].expression.queries[].dimension",
    "environments[].alerts.alarms[].expression.queries[].subject",
    "environments[].alerts.alarms[].expression.queries[].statistic",
    "environments[].alerts.alarms[].metric.dimension",
    "environments[].alerts.alarms[].metric.subject",
    "environments[].alerts.alarms[].metric.statistic",
    "environments[].alerts.alarms[].missing_data",
    "environments[].alerts.alarms[].runbook[]",
    "environments[].alerts.composites[].parts[]",
    "environments[].alerts.composites[].runbook[]",
    "environments[].alerts.healing[]",
    "environments[].dashboard.sections[].title",
    "environments[].dashboard.sections[].widgets[].series[].label",
    "environments[].dashboard.sections[].widgets[].series[].query.dimension",
    "environments[].dashboard.sections[].widgets[].series[].query.subject",
    "environments[].dashboard.sections[].widgets[].series[].query.statistic",
    "environments[].dashboard.sections[].widgets[].title",
    "account.iam.statements[].sid",
    "environments[].iam.statements[].sid",
    "environments[].image.base.architecture",
    "environments[].image.base.codename",
    "environments[].image.base.image_name",
    "environments[].image.base.name",
    "environments[].image.base.owner",
    "environments[].image.base.parameter",
    "environments[].image.builder",
    "environments[].image.payload.adspower.deb.from",
    "environments[].image.payload.amazon-cloudwatch-agent.deb.from",
    "environments[].image.payload.node.tar.from",
    "environments[].image.payload.runtime.tar.from",
    "environments[].image.payload.valet-worker.from",
    "environments[].image.source",
    "environments[].image.checks[].control",
    "environments[].image.checks[].in_image",
    "environments[].image.checks[].on_host",
    "environments[].image.checks[].run",
    "environments[].image.checks[].title",
    "environments[].image.controls[]",
    "environments[].instances.architecture",
    "environments[].instances.cpu_credits",
    "environments[].instances.default_template",
    "environments[].instances.root_volume.volume_type",
    "environments[].instances.volumes[].volume_type",
    "environments[].instances.spot_allocation_strategy",
    "environments[].instances.templates{key}",
    "environments[].instances.templates{}",
    "environments[].instances.types[].own_template",
    "environments[].network.created.flow_logs.traffic_type",
    "environments[].network.created.nat_gateways",
    "environments[].network.egress[].protocol",
    "environments[].scaling.desired_capacity",
    "environments[].scaling.queue_depth",
    "environments[].scaling.slot_utilization",
    "environments[].secrets.parameters{}",
    "environments[].secrets.secrets{}.read",
];

//! Texts that may be anything.

use valet_gen::fleet::ExistingNetwork;

use super::field::{Field, field};
use super::set::{each, each_iam, each_identity, each_terraform, fill, fill_all, insert, only};

/// Every text that a user types and that may be anything.
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
            for key in &mut image.keys {
                key.existing = key.existing.is_some().then(|| text.to_owned());
            }
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
    field("image, contents of fleet.toml", |plan, text| {
        each(plan, |environment| {
            let image = &mut environment.image;
            for certificate in &mut image.ca_certificates {
                text.clone_into(&mut certificate.name);
                text.clone_into(&mut certificate.certificate);
            }
            for source in &mut image.apt_sources {
                text.clone_into(&mut source.name);
                text.clone_into(&mut source.uri);
                text.clone_into(&mut source.key);
                source.suites = vec![text.to_owned()];
                source.components = vec![text.to_owned()];
                source.packages = vec![text.to_owned()];
            }
            for file in &mut image.files {
                file.path = format!("/{text}");
                text.clone_into(&mut file.content);
                text.clone_into(&mut file.owner);
                text.clone_into(&mut file.group);
                text.clone_into(&mut file.mode);
            }
            for step in &mut image.steps {
                text.clone_into(&mut step.name);
                text.clone_into(&mut step.script);
            }
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

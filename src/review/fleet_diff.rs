//! Two fleets compared: what Terraform will do in each environment, why, and what follows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::causes::{self, Cause};
use super::config::{Module, Object, Term};
use super::diff_document::{
    Class, CostDiff, EnvironmentDiff, FleetDiff, ImageDiff, ResourceDiff, SCHEMA_VERSION, Status,
};
use super::losses;
use super::planner::{self, Change};
use super::posture::{self, Posture};
use super::put_back::PutBack;
use super::refresh::{self, Refresh};
use super::side::Side;
use super::terraform_plan::Action;
use super::types;
use crate::cost;
use crate::images::{config_sha256, makes_same_image};
use crate::render::Engine;
use crate::resolve::{ACCOUNT, Environment, Plan};
use valet_images_lock::LockedImage;

/// Compares two fleets.
///
/// # Errors
/// When a rendered module is no HCL, which is a fault of the generator.
pub fn compare(
    engine: &Engine,
    before: &Side,
    after: &Side,
    today: Date,
) -> Result<FleetDiff, String> {
    let causes = causes::changed_keys(before, after);
    let put_back = PutBack::new(engine, before, after, today);
    let context = Comparing {
        before,
        after,
        causes: &causes,
        put_back: &put_back,
    };
    let names = names(&before.plan, &after.plan);
    // Each is its own work, and most of it is parsing.
    let compared: Vec<Result<Option<EnvironmentDiff>, String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = names
            .iter()
            .map(|name| scope.spawn(|| context.environment(name)))
            .collect();
        let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined
            .map(|ended| ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut environments = Vec::new();
    for one in compared {
        environments.extend(one?);
    }
    Ok(FleetDiff {
        schema_version: SCHEMA_VERSION,
        fleet: after.plan.fleet.clone(),
        before: before.label.clone(),
        after: after.label.clone(),
        class: environments
            .iter()
            .map(|one| one.class)
            .max()
            .unwrap_or(Class::None),
        widens_access: environments.iter().any(|one| one.widens_access),
        environments,
        causes,
    })
}

fn names(before: &Plan, after: &Plan) -> BTreeSet<String> {
    let environments = before.environments.iter().chain(&after.environments);
    let names = environments.map(|environment| environment.identity.environment.clone());
    names.chain([ACCOUNT.to_owned()]).collect()
}

fn find<'p>(plan: &'p Plan, name: &str) -> Option<&'p Environment> {
    plan.environments
        .iter()
        .find(|known| known.identity.environment == name)
}

struct Comparing<'c> {
    before: &'c Side,
    after: &'c Side,
    causes: &'c [Cause],
    put_back: &'c PutBack<'c>,
}

impl Comparing<'_> {
    fn environment(&self, name: &str) -> Result<Option<EnvironmentDiff>, String> {
        let files = self.files(&format!("{name}/"));
        if files == 0 {
            return Ok(None);
        }
        let folder = format!("{name}/terraform/");
        let is_there = |side: &Side| side.files.keys().any(|path| path.starts_with(&folder));
        let status = match (is_there(self.before), is_there(self.after)) {
            (false, _) => Status::Added,
            (_, false) => Status::Removed,
            _ => Status::Changed,
        };
        let old = Module::read(&self.before.files, &folder)?;
        let new = Module::read_beside(&self.after.files, &folder, Some(&old))?;
        let changes = if self.files(&folder) == 0 {
            Vec::new()
        } else {
            planner::plan_changes(&old, &new)
        };
        let causes = causes::of_environment(self.causes, name);
        let sides = (self.before, self.after);
        let of_address = causes::attribute(&causes, self.put_back, (&old, &new), &folder, &changes);
        let objects = new.objects();
        let refresh = self.refresh(name, &changes, objects);
        let resources: Vec<ResourceDiff> = changes
            .iter()
            .map(|change| resource(change, &of_address, refresh.is_some()))
            .collect();
        let mut posture = Posture::default();
        if status == Status::Changed && self.files(&folder) > 0 {
            posture = posture::compare(old.objects(), objects);
        }
        if status == Status::Changed && name != ACCOUNT {
            posture::add_controls(&mut posture, sides, name);
        }
        let highest = resources.iter().map(|resource| resource.class).max();
        Ok(Some(EnvironmentDiff {
            environment: name.to_owned(),
            class: match status {
                Status::Removed => Class::Destructive,
                _ => highest.unwrap_or(Class::None),
            },
            // Every role and every rule of a new environment is new.
            widens_access: status == Status::Added || posture.widens_access(),
            data_lost: resources
                .iter()
                .filter_map(|resource| {
                    resource
                        .loses
                        .as_ref()
                        .map(|what| format!("{}: {what}", resource.address))
                })
                .collect(),
            refused: resources
                .iter()
                .filter(|resource| resource.refused)
                .map(|resource| resource.address.clone())
                .collect(),
            status,
            resources,
            refresh,
            image: self.image(name),
            cost: self.cost(name),
            posture,
            files,
        }))
    }

    /// How many files below a folder differ.
    fn files(&self, folder: &str) -> usize {
        let (old, new) = (&self.before.files, &self.after.files);
        let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        paths
            .into_iter()
            .filter(|path| path.starts_with(folder) && old.get(*path) != new.get(*path))
            .count()
    }

    fn refresh(
        &self,
        name: &str,
        changes: &[Change],
        objects: &BTreeMap<String, Object>,
    ) -> Option<Refresh> {
        find(&self.after.plan, name)?;
        // The instances that there are when the change is applied, and what runs on them.
        let before = find(&self.before.plan, name)?;
        refresh::refresh(changes, objects, before)
    }

    fn image(&self, name: &str) -> ImageDiff {
        let folders = ["image", "packer", "imagebuilder", "cloudwatch"];
        let (Some(_), Some(_)) = (find(&self.before.plan, name), find(&self.after.plan, name))
        else {
            return ImageDiff::default();
        };
        let configuration_changes = !makes_same_image(&self.before.files, &self.after.files, name);
        let (before, after) = (
            self.before.locked_image(name),
            self.after.locked_image(name),
        );
        let ami = |image: Option<&LockedImage>| image.map(|image| image.ami.to_string());
        let is_other = ami(before) != ami(after);
        let is_stale = after.is_none_or(|image| {
            image.config_sha256.as_str() != config_sha256(&self.after.files, name)
        });
        ImageDiff {
            configuration_changes,
            files: folders
                .iter()
                .map(|folder| self.files(&format!("{name}/{folder}/")))
                .sum(),
            must_be_baked: is_stale && (configuration_changes || is_other && after.is_some()),
            locked_before: ami(before).filter(|_| is_other),
            locked_after: ami(after).filter(|_| is_other),
            agent_changes: match (before, after) {
                (Some(before), Some(after)) => before.agent_sha256 != after.agent_sha256,
                _ => false,
            },
        }
    }

    fn cost(&self, name: &str) -> Option<CostDiff> {
        if name == ACCOUNT {
            return None;
        }
        let total = |side: &Side| {
            let found = find(&side.plan, name);
            found.map_or_else(Default::default, |environment| {
                cost::estimate_environment(environment).total
            })
        };
        Some(CostDiff {
            before: total(self.before),
            after: total(self.after),
        })
    }
}

/// What becomes of instances in a subnet that their group leaves.
const INSTANCES_MOVE: &str =
    "instances in the subnets that the group leaves, which it ends at once and starts in others";

/// Whether a group has a subnet less than before.
fn leaves_subnets(change: &Change) -> bool {
    let subnets = |object: &Option<Object>| -> Vec<Term> {
        let of_group = object
            .as_ref()
            .filter(|object| object.kind == "aws_autoscaling_group");
        let values = of_group.and_then(|object| object.values.get("vpc_zone_identifier"));
        values.map_or_else(Vec::new, |subnets| subnets.elements().to_vec())
    };
    let after = subnets(&change.after);
    change.action == Action::Update
        && subnets(&change.before)
            .iter()
            .any(|subnet| !after.contains(subnet))
}

fn resource(
    change: &Change,
    of_address: &BTreeMap<String, Vec<String>>,
    refreshes: bool,
) -> ResourceDiff {
    let facts = types::find(&change.kind);
    let destroys = change.action.destroys();
    let loses = losses::loss(change);
    let interrupts = facts
        .and_then(|facts| facts.interrupts)
        .filter(|_| destroys)
        .or_else(|| leaves_subnets(change).then_some(INSTANCES_MOVE));
    let class = match change.action {
        // Only its address in the state is another.
        Action::NoOp => Class::None,
        _ if loses.is_some() => Class::Destructive,
        _ if interrupts.is_some() => Class::Interrupting,
        Action::Update if change.kind == "aws_autoscaling_group" && refreshes => Class::Rolling,
        // What is not known of a type may interrupt.
        Action::Update if change.may_replace => Class::Interrupting,
        _ => Class::InPlace,
    };
    ResourceDiff {
        address: change.address.clone(),
        action: change.action,
        class,
        attributes: change.attributes.clone(),
        replaced_by: change.replaced_by.clone(),
        unknown: change.unknown.clone(),
        may_replace: change.may_replace,
        count_unknown: change.is_count_unknown,
        refused: change.is_refused,
        moved_from: change.moved_from.clone(),
        causes: of_address.get(&change.address).cloned().unwrap_or_default(),
        interrupts: interrupts.map(str::to_owned),
        loses,
    }
}

//! Two fleets compared: what Terraform will do in each environment, why, and what follows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use super::causes::{self, Cause};
use super::config::{Module, Object};
use super::planner::{self, Change};
use super::posture::{self, Posture};
use super::refresh::{self, Refresh};
use super::side::Side;
use super::terraform_plan::Action;
use super::types;
use crate::cost::{self, CostRange};
use crate::render::Engine;
use crate::resolve::{ACCOUNT, Environment, Plan};

/// How far a change goes, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Nothing in AWS changes.
    None,
    /// Resources change or come, and workers go on.
    InPlace,
    /// Every worker is replaced, some at a time.
    Rolling,
    /// Something that workers need is away for a time.
    Interrupting,
    /// Data is lost, or a whole environment.
    Destructive,
}

impl Class {
    /// The class as it is printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::InPlace => "in-place",
            Self::Rolling => "rolling",
            Self::Interrupting => "interrupting",
            Self::Destructive => "destructive",
        }
    }
}

/// The version of the JSON document. It grows with a change that breaks readers.
pub const SCHEMA_VERSION: u32 = 1;

/// Two fleets compared.
#[derive(Clone, Debug, Serialize)]
pub struct FleetDiff {
    pub schema_version: u32,
    pub fleet: String,
    pub before: String,
    pub after: String,
    /// The highest class of all environments.
    pub class: Class,
    /// Whether any environment opens something. It stands beside the class, and no class hides it.
    pub widens_access: bool,
    /// Keys of fleet.toml that differ.
    pub causes: Vec<Cause>,
    /// Environments and the account, those without a change left out.
    pub environments: Vec<EnvironmentDiff>,
}

/// What becomes of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Added,
    Changed,
    Removed,
}

/// One environment, or the account.
#[derive(Clone, Debug, Serialize)]
pub struct EnvironmentDiff {
    pub environment: String,
    pub status: Status,
    pub class: Class,
    pub widens_access: bool,
    pub resources: Vec<ResourceDiff>,
    pub refresh: Option<Refresh>,
    /// What is lost, a sentence each.
    pub data_lost: Vec<String>,
    pub image: ImageDiff,
    /// US dollars per month; `None` for the account.
    pub cost: Option<CostDiff>,
    pub posture: Posture,
    /// Rendered files that differ.
    pub files: usize,
}

/// One resource that changes.
#[derive(Clone, Debug, Serialize)]
pub struct ResourceDiff {
    pub address: String,
    pub action: Action,
    pub class: Class,
    pub attributes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaced_by: Vec<String>,
    /// Attributes whose new value is known only after the apply.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// Whether the type is not known, so that it may be replaced instead.
    pub may_replace: bool,
    /// Paths in fleet.toml.
    pub causes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interrupts: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loses: Option<&'static str>,
}

/// What becomes of the machine image.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ImageDiff {
    /// Files that the image is made of and that differ: it has to be built again.
    pub files: usize,
    /// The image that `images.lock` names, where it differs.
    pub locked_before: Option<String>,
    pub locked_after: Option<String>,
}

/// What an environment costs before and after.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CostDiff {
    pub before: CostRange,
    pub after: CostRange,
}

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
    let context = Comparing {
        engine,
        before,
        after,
        causes: &causes,
        today,
    };
    let mut environments = Vec::new();
    for name in names(&before.plan, &after.plan) {
        environments.extend(context.environment(&name)?);
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
    engine: &'c Engine,
    before: &'c Side,
    after: &'c Side,
    causes: &'c [Cause],
    today: Date,
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
        let new = Module::read(&self.after.files, &folder)?;
        let changes = if self.files(&folder) == 0 {
            Vec::new()
        } else {
            planner::plan(&old, &new)
        };
        let causes = causes::of_environment(self.causes, name);
        let sides = (self.before, self.after);
        let of_address =
            causes::attribute(self.engine, &causes, sides, &folder, &changes, self.today);
        let objects = new.objects();
        let refresh = self.refresh(name, &changes, &objects);
        let resources: Vec<ResourceDiff> = changes
            .iter()
            .map(|change| resource(change, &of_address, refresh.is_some()))
            .collect();
        let mut posture = Posture::default();
        if status == Status::Changed && !changes.is_empty() {
            posture = posture::compare(&old.objects(), &objects);
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
                        .map(|what| format!("{}: {what}", resource.address))
                })
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
        let environment = find(&self.after.plan, name)?;
        // The instances that there are when the change is applied.
        let estimate = cost::estimate(&self.before.plan);
        let instances = estimate
            .environments
            .iter()
            .find(|known| known.environment == name)?
            .instances;
        refresh::refresh(changes, objects, environment, instances)
    }

    fn image(&self, name: &str) -> ImageDiff {
        let folders = ["image", "packer", "imagebuilder", "cloudwatch"];
        let locked =
            |side: &Side| find(&side.plan, name).and_then(|of| of.image.locked_ami.clone());
        let (before, after) = (locked(self.before), locked(self.after));
        let differs = before != after;
        ImageDiff {
            files: folders
                .iter()
                .map(|folder| self.files(&format!("{name}/{folder}/")))
                .sum(),
            locked_before: before.filter(|_| differs),
            locked_after: after.filter(|_| differs),
        }
    }

    fn cost(&self, name: &str) -> Option<CostDiff> {
        if name == ACCOUNT {
            return None;
        }
        let total = |side: &Side| {
            let estimate = cost::estimate(&side.plan);
            let of = estimate
                .environments
                .into_iter()
                .find(|known| known.environment == name);
            of.map(|of| of.total).unwrap_or_default()
        };
        Some(CostDiff {
            before: total(self.before),
            after: total(self.after),
        })
    }
}

fn resource(
    change: &Change,
    of_address: &BTreeMap<String, Vec<String>>,
    refreshes: bool,
) -> ResourceDiff {
    let facts = types::find(&change.kind);
    let destroys = change.action.destroys();
    let loses = facts.and_then(|facts| facts.data).filter(|_| destroys);
    let interrupts = facts
        .and_then(|facts| facts.interrupts)
        .filter(|_| destroys);
    let class = match change.action {
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
        causes: of_address.get(&change.address).cloned().unwrap_or_default(),
        interrupts,
        loses,
    }
}

//! Every control of the registry, held against what is rendered: whether it holds, what makes it
//! hold and where that stands, how it is proven, and who sees to it where no file can.
//!
//! The places are found and not listed: a template writes a comment with the control's id right
//! above what enforces it, and only when it does.

mod elsewhere;
mod markdown;
mod places;
mod sarif;
mod summary;
mod table;

use serde::Serialize;

pub use markdown::print as print_markdown;
pub use places::{Place, places};
pub use sarif::{Source, print as print_sarif};
pub use summary::Summary;
pub use table::print as print_table;

use crate::catalog::controls::{self, Control, EnforcedBy, Group, Verify};
use crate::render::FileSet;
use crate::resolve::{Environment, Plan, Waiver};

/// The controls of one environment.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    pub environment: String,
    pub summary: Summary,
    /// In the registry's order.
    pub controls: Vec<Entry>,
}

/// What became of one control.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    pub id: &'static str,
    pub title: &'static str,
    pub group: Group,
    /// The item of the checklist that asks for it.
    pub requirement: Option<u8>,
    /// The section of the CIS benchmark that asks for it.
    pub cis: Option<&'static str>,
    pub status: Status,
    /// Who enforces it where nothing keeps them from it.
    pub enforced_by: EnforcedBy,
    pub applied: &'static str,
    /// The lines right above what enforces it.
    pub places: Vec<Place>,
    pub verified: Verified,
    /// Who sees to it where no file does.
    pub left_to: Option<&'static str>,
    pub waiver: Option<Waiver>,
}

/// Whether a control holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Something that is rendered makes it hold.
    Enforced,
    /// fleet.toml waives it.
    Waived,
    /// People see to it.
    People,
    /// Nothing and nobody does.
    Missing,
}

impl Status {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Waived => "waived",
            Self::People => "people",
            Self::Missing => "missing",
        }
    }
}

/// How it is known that a control holds.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase", tag = "by")]
pub enum Verified {
    /// `image/verify.sh`, with this command.
    Command { run: &'static str },
    /// What looks at the rendered files or at what was made from them.
    Rendered { how: &'static str },
    /// People alone.
    People { who: &'static str },
}

impl Verified {
    /// In a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Command { .. } => "image/verify.sh",
            Self::Rendered { how } => how,
            Self::People { who } => who,
        }
    }
}

impl Audit {
    /// Controls that neither a file nor a person sees to.
    pub fn missing(&self) -> impl Iterator<Item = &Entry> {
        let is_missing = |entry: &&Entry| entry.status == Status::Missing;
        self.controls.iter().filter(is_missing)
    }
}

/// Holds the registry against everything that the plan renders to.
#[must_use]
pub fn audit(plan: &Plan, environment: &Environment, files: &FileSet) -> Audit {
    let places = places(&environment.identity.environment, files);
    let controls: Vec<Entry> = controls::all()
        .map(|control| {
            let of_control = places.get(control.id).cloned().unwrap_or_default();
            entry(control, plan, environment, of_control)
        })
        .collect();
    Audit {
        environment: environment.identity.environment.clone(),
        summary: Summary::of(&controls),
        controls,
    }
}

fn entry(control: &Control, plan: &Plan, environment: &Environment, places: Vec<Place>) -> Entry {
    let waiver = environment
        .image
        .waivers
        .iter()
        .find(|waiver| waiver.control == control.id);
    let left_to = elsewhere::left_to(control, plan, environment);
    Entry {
        id: control.id,
        title: control.title,
        group: control.group,
        requirement: control.requirement,
        cis: control.cis,
        status: status(
            control,
            waiver.is_some(),
            left_to.is_some(),
            !places.is_empty(),
        ),
        enforced_by: control.enforced,
        applied: control.applied,
        places,
        verified: match control.verify {
            Verify::Command { run, .. } => Verified::Command { run },
            Verify::Rendered(how) => Verified::Rendered { how },
            Verify::People(who) => Verified::People { who },
        },
        left_to,
        waiver: waiver.cloned(),
    }
}

/// What people do is theirs even where a file reminds them of it.
fn status(control: &Control, is_waived: bool, is_left: bool, is_marked: bool) -> Status {
    if is_waived {
        Status::Waived
    } else if control.enforced == EnforcedBy::Process {
        Status::People
    } else if is_marked {
        Status::Enforced
    } else if is_left {
        Status::People
    } else {
        Status::Missing
    }
}

/// The audits of a fleet as JSON. The field names are part of the interface.
#[must_use]
pub fn print_json(audits: &[Audit]) -> String {
    let document = serde_json::json!({
        "benchmark": controls::CIS_BENCHMARK,
        "environments": audits,
    });
    format!("{document:#}\n")
}

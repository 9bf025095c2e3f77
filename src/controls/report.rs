//! What became of every control of one environment.

use serde::Serialize;

use super::delegation;
use super::locations::{Location, locations};
use super::requirements::Requirements;
use super::summary::ControlsSummary;
use crate::catalog::controls::{self, Control, EnforcedBy, Group, Proof, Verify};
use crate::render::FileSet;
use crate::resolve::{ACCOUNT, Environment, Plan, Waiver};
use crate::write::UnmanagedFiles;

/// What the controls are held against.
pub struct ReportInput<'i> {
    pub plan: &'i Plan,
    /// Everything that the plan renders to.
    pub files: &'i FileSet,
    /// The list that somebody has to answer for, where there is one.
    pub requirements: Option<&'i Requirements>,
    /// What stands beside the rendered files on the disk.
    pub unmanaged: &'i UnmanagedFiles,
}

/// The controls of one environment.
#[derive(Clone, Debug, Serialize)]
pub struct ControlsReport {
    pub environment: String,
    pub summary: ControlsSummary,
    /// In the registry's order.
    pub controls: Vec<ControlResult>,
    /// Files that `terraform.own_files` declares, relative to the output folder. Terraform reads
    /// them, and no control covers them.
    pub own_files: Vec<String>,
    /// The same for files that nothing declares.
    pub undeclared_files: Vec<String>,
}

/// What became of one control.
#[derive(Clone, Debug, Serialize)]
pub struct ControlResult {
    pub id: &'static str,
    pub title: &'static str,
    pub group: Group,
    /// The requirements that it answers, where a file lists them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<String>,
    /// The section of the CIS benchmark that asks for it.
    pub cis: Option<&'static str>,
    pub status: Status,
    /// What enforces it where nothing keeps it from that.
    pub enforced_by: EnforcedBy,
    pub applied: &'static str,
    /// The lines right above what enforces it.
    pub places: Vec<Location>,
    pub verified: Verification,
    /// Who is responsible where no file is.
    #[serde(rename = "left_to")]
    pub responsible_party: Option<&'static str>,
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
    /// People are responsible for it.
    People,
    /// Nothing and nobody does.
    Missing,
}

impl Status {
    /// The status as it is printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
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
pub enum Verification {
    /// `image/verify.sh`, with this command.
    Command {
        run: &'static str,
        /// What the command tells of an image.
        in_image: Proof,
        /// What it tells of a running host.
        on_host: Proof,
    },
    /// What looks at the rendered files or at what was made from them.
    Rendered { how: &'static str },
    /// People alone.
    People { who: &'static str },
}

impl Verification {
    /// In a few words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Command {
                in_image: Proof::Effect,
                ..
            } => "image/verify.sh, by effect",
            Self::Command { .. } => "image/verify.sh, by configuration",
            Self::Rendered { how } => how,
            Self::People { who } => who,
        }
    }
}

impl ControlsReport {
    /// Controls that neither a file nor a person is responsible for.
    pub fn missing(&self) -> impl Iterator<Item = &ControlResult> {
        let is_missing = |result: &&ControlResult| result.status == Status::Missing;
        self.controls.iter().filter(is_missing)
    }

    /// What there is to say about the environment as a whole, a sentence each.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let requirements = self.summary.requirements.as_ref();
        let own = files_sentence(&self.own_files, "declared in terraform.own_files");
        let undeclared = files_sentence(&self.undeclared_files, "undeclared");
        requirements
            .map(super::RequirementsSummary::sentence)
            .into_iter()
            .chain([self.summary.sentence()])
            .chain(own)
            .chain(undeclared)
            .map(|sentence| format!("{}: {sentence}", self.environment))
            .collect()
    }
}

/// How many files are named before the rest is counted.
const NAMED: usize = 10;

fn files_sentence(files: &[String], what: &str) -> Option<String> {
    let count = match files.len() {
        0 => return None,
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    let named: Vec<&str> = files.iter().take(NAMED).map(String::as_str).collect();
    let more = match files.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "{count} of the user's own, {what}, which no control covers: {}{more}",
        named.join(", ")
    ))
}

/// Holds the registry against everything that the plan renders to.
#[must_use]
pub fn report(input: &ReportInput<'_>, environment: &Environment) -> ControlsReport {
    let name = &environment.identity.environment;
    let found = locations(name, input.files);
    let controls: Vec<ControlResult> = controls::all()
        .map(|control| {
            let of_control = found.get(control.id).cloned().unwrap_or_default();
            result(control, input, environment, of_control)
        })
        .collect();
    let of_environment = |files: &[String]| {
        files
            .iter()
            .filter(|path| {
                let top = path.split('/').next();
                top == Some(name) || top == Some(ACCOUNT)
            })
            .cloned()
            .collect()
    };
    ControlsReport {
        environment: name.clone(),
        summary: ControlsSummary::of(&controls, input.requirements),
        controls,
        own_files: of_environment(&input.unmanaged.own),
        undeclared_files: of_environment(&input.unmanaged.undeclared),
    }
}

fn result(
    control: &Control,
    input: &ReportInput<'_>,
    environment: &Environment,
    places: Vec<Location>,
) -> ControlResult {
    let waiver = environment
        .image
        .waivers
        .iter()
        .find(|waiver| waiver.control == control.id);
    let responsible_party = delegation::responsible_party(control, input.plan, environment);
    ControlResult {
        id: control.id,
        title: control.title,
        group: control.group,
        requirements: input
            .requirements
            .map(|requirements| requirements.answered_by(control.id))
            .unwrap_or_default(),
        cis: control.cis.map(|cis| cis.section),
        status: status(
            control,
            waiver.is_some(),
            responsible_party.is_some(),
            !places.is_empty(),
        ),
        enforced_by: control.enforced,
        applied: control.applied,
        places,
        verified: match control.verify {
            Verify::Command {
                run,
                in_image,
                on_host,
            } => Verification::Command {
                run,
                in_image,
                on_host,
            },
            Verify::Rendered(how) => Verification::Rendered { how },
            Verify::People(who) => Verification::People { who },
        },
        responsible_party,
        waiver: waiver.cloned(),
    }
}

/// What people do is theirs even where a file reminds them of it.
fn status(control: &Control, is_waived: bool, is_delegated: bool, is_marked: bool) -> Status {
    if is_waived {
        Status::Waived
    } else if control.enforced == EnforcedBy::Process {
        Status::People
    } else if is_marked {
        Status::Enforced
    } else if is_delegated {
        Status::People
    } else {
        Status::Missing
    }
}

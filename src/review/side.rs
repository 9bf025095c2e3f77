//! One of the two fleets that are compared: its text, its plan and everything that it renders to.

use jiff::civil::Date;
use valet_images_lock::{ImagesLock, LockedImage};

use crate::diagnostic::{DiagnosticReport, SourceText};
use crate::images::{self, LockFile};
use crate::render::{self, Engine, FileSet, RenderError};
use crate::resolve::Plan;
use crate::{check, load, resolve};

/// A fleet, rendered in memory.
pub struct Side {
    /// What people call it: a file, or a commit.
    pub label: String,
    pub source: SourceText,
    pub plan: Plan,
    pub files: FileSet,
    /// Its images.lock, where there is one.
    pub lock: Option<ImagesLock>,
}

impl Side {
    /// The image that an environment launches, where images.lock decides it.
    #[must_use]
    pub fn locked_image(&self, environment: &str) -> Option<&LockedImage> {
        let mut environments = self.plan.environments.iter();
        let found = environments.find(|known| known.identity.environment == environment)?;
        // Without it the parameter decides, whatever the lock has.
        found.image.locked_ami.as_ref()?;
        self.lock.as_ref()?.find(
            environment,
            found.instances.architecture.as_str(),
            &found.identity.region,
        )
    }
}

/// Why a fleet cannot be compared.
pub enum SideError {
    /// It breaks rules.
    InvalidFleet(Vec<DiagnosticReport>),
    /// A fault of the generator.
    Render(RenderError),
}

/// Plans and renders a fleet from its text, and from that of its images.lock.
///
/// # Errors
/// When the fleet breaks a rule.
pub fn side(
    engine: &Engine,
    label: &str,
    source: SourceText,
    lock: Option<SourceText>,
    today: Date,
) -> Result<Side, SideError> {
    let (plan, lock) = plan(&source, lock, today).map_err(SideError::InvalidFleet)?;
    let files = render::render(engine, &plan).map_err(SideError::Render)?;
    Ok(Side {
        label: label.to_owned(),
        source,
        plan,
        files,
        lock,
    })
}

fn plan(
    source: &SourceText,
    lock: Option<SourceText>,
    today: Date,
) -> Result<(Plan, Option<ImagesLock>), Vec<DiagnosticReport>> {
    let loaded = load::load(source).map_err(|report| vec![report])?;
    let outcome = check::check(source, loaded, today);
    let Some(checked) = &outcome.checked else {
        return Err(vec![outcome.report]);
    };
    let mut plan = resolve::resolve(checked);
    let lock = match lock {
        Some(text) => Some(LockFile::parse(text).map_err(|report| vec![report])?.lock),
        None => None,
    };
    if let Some(lock) = &lock {
        images::apply(&mut plan, lock);
    }
    Ok((plan, lock))
}

/// The Terraform of a fleet whose text nobody typed; `None` where it breaks a rule.
#[must_use]
pub fn terraform_of(engine: &Engine, text: String, today: Date) -> Option<FileSet> {
    let source = SourceText {
        path: "fleet.toml".to_owned(),
        text,
    };
    let (plan, _) = plan(&source, None, today).ok()?;
    render::render_terraform(engine, &plan).ok()
}

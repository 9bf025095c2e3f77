//! Weakenings of the finished image by something else than what provisioning wrote, each of which
//! the check of its control has to see.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use tempfile::TempDir;
use valet_bake::sandbox::{IMAGE, Sandbox, Store};

use crate::baked::{Baked, scratch};
use crate::trial::{LIMIT_SECONDS, Trial, TrialResult, found_by};
use crate::weakenings::{self, When};

/// What is done to an image that is finished.
#[derive(Clone, Copy, Debug)]
pub struct Equivalent {
    /// The control that does not hold any more.
    pub control: &'static str,
    /// What is done, in words.
    pub what: &'static str,
    /// The commands that do it.
    pub script: &'static str,
}

/// Every one of them, in the order of their file.
pub fn all() -> impl Iterator<Item = Equivalent> {
    let finished = weakenings::all().filter(|weakening| weakening.when == When::Finished);
    finished.map(|weakening| Equivalent {
        control: weakening.control,
        what: weakening.what,
        script: weakening.script,
    })
}

/// The image with every control, made once.
struct Finished {
    /// What provisioning changed.
    work: TempDir,
    layers: Vec<PathBuf>,
}

fn finished(baked: &Baked) -> &'static Finished {
    static FINISHED: LazyLock<TempDir> = LazyLock::new(scratch);
    static DONE: std::sync::OnceLock<Finished> = std::sync::OnceLock::new();
    DONE.get_or_init(|| {
        let work = scratch();
        let image = FINISHED.path().join("image");
        Trial::with([]).write(&image);
        let upper = work.path().join("provision");
        fs::create_dir(&upper).expect("made");
        let sandbox = Sandbox {
            layers: baked.layers[1..].to_vec(),
            scratch: upper,
            store: Store::Disk,
            has_network: false,
            timeout_seconds: LIMIT_SECONDS,
            image: Some(image),
            out: None,
        };
        let script = format!("{IMAGE}/provision.sh");
        let without = "VALET_IMAGE_WITHOUT_PAYLOAD=1";
        let run = sandbox.command(["env", without, "bash", &script]).output();
        let run = run.expect("it runs");
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
        let mut layers = vec![sandbox.changes()];
        layers.extend_from_slice(&baked.layers[1..]);
        Finished { work, layers }
    })
}

impl Equivalent {
    /// Weakens a copy of the image, and asks the check of the control.
    pub fn run(&self, baked: &Baked) -> TrialResult {
        let finished = finished(baked);
        let whole = scratch();
        let (image, work) = (whole.path().join("image"), whole.path().join("work"));
        fs::create_dir_all(&work).expect("made");
        let mut trial = Trial::with([]);
        trial.weakness = self.script.to_owned();
        trial.write(&image);
        let sandbox = Sandbox {
            layers: finished.layers.clone(),
            scratch: work,
            store: Store::Memory,
            has_network: false,
            timeout_seconds: LIMIT_SECONDS,
            image: Some(image),
            out: None,
        };
        let script = format!("{IMAGE}/equivalent.sh");
        let run = sandbox.command(["bash", &script, self.control]).output();
        debug_assert!(finished.work.path().exists());
        found_by(&run.expect("it runs"))
    }
}

//! Making the image on this machine, with no AWS account: the same files that Packer and EC2 Image
//! Builder take, run in a real root file system, and verified before and after.
//!
//! One step per file. A step's programs run in namespaces of their own (see [`room`]), so that
//! nothing is left mounted or running, however the process ends; results are cached by content and
//! come to their place whole (see [`shelf`]).

pub mod auditors;
mod base;
pub mod boot;
mod disk;
mod failure;
mod folder;
mod interrupts;
mod prerequisites;
mod provision;
mod report;
pub mod room;
mod shelf;
mod suite;
mod verify;
mod workshop;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

pub use disk::{Disk, check_architecture};
pub use failure::{Failure, Kind};
pub use folder::{Files, of_environment};
pub use interrupts::Interrupts;
pub use prerequisites::{
    check_machine_for_baking, check_machine_for_booting, check_machine_for_verifying,
};
pub use report::{BeforeAndAfter, Report, Root};
pub use verify::{Counts, Format};
pub use workshop::{Event, Step};

use auditors::{Audit, Subject};
use room::is_plain;
use shelf::Shelf;
use verify::{SBOM, Trial};
use workshop::Workshop;

/// Copies layers to a folder.
const KEEP: &str = include_str!("keep.sh");

/// What is made of what.
#[derive(Clone, Copy, Debug)]
pub struct Order<'o> {
    pub environment: &'o str,
    /// The suite of fleet.toml's base.
    pub suite_of_the_fleet: &'o str,
    /// Debian's name of the architecture.
    pub architecture: &'o str,
    /// The rendered files of the image.
    pub files: &'o Files,
    /// Another suite.
    pub suite: Option<&'o str>,
    /// Another archive.
    pub mirror: Option<&'o str>,
    /// Keys of the archive, where they are not in their usual place.
    pub keyring: Option<&'o Path>,
    /// Binaries that are no part of the rendering.
    pub payload: Option<&'o Path>,
    /// Whether the root file system is copied to a folder of its own.
    pub keeps_root: bool,
    /// Whether a disk is made of it.
    pub makes_disk: bool,
    /// The folder of the benchmarks, where the image and its base are audited.
    pub audits_with: Option<&'o Path>,
    /// The folder for the results.
    pub out: &'o Path,
    pub cache: &'o Path,
}

/// Makes an image.
///
/// # Errors
/// When a step fails, a file cannot be written, or a signal was heard.
pub fn bake(
    order: &Order<'_>,
    interrupts: &Interrupts,
    hear: &mut dyn FnMut(Event<'_>),
) -> Result<Report, Failure> {
    let began = Instant::now();
    let out = Shelf::take(order.out)?;
    let cache = Shelf::take(order.cache)?;
    check_paths(&[out.folder(), cache.folder()])?;
    let mut workshop = Workshop::open(out.folder().join("bake.log"), interrupts, hear)?;
    let archive = workshop.step("archive", |workshop| {
        Ok((base::choose(workshop, &cache, wanted(order))?, false))
    })?;
    let base = workshop.step("base", |workshop| base::layer(workshop, &cache, &archive))?;
    let suite = archive.suite.name;
    let made = make(&mut workshop, order, suite, &out, &cache, &base)?;
    let disk = if order.makes_disk {
        let shelves = (&out, &cache);
        Some(disk::make(
            &mut workshop,
            order,
            shelves,
            &archive,
            &made.layers,
        )?)
    } else {
        None
    };
    let report = Report {
        environment: order.environment.to_owned(),
        suite: archive.suite.name,
        stands_in: archive.stands_in,
        root: made.root,
        disk,
        layers: made.layers,
        sbom: made.sbom,
        checks: made.checks,
        audit: made.audit,
        steps: workshop.into_steps(),
        seconds: (began.elapsed().as_secs_f64() * 10.0).round() / 10.0,
    };
    let path = out.folder().join("report.json");
    let text = serde_json::to_string_pretty(&report).unwrap_or_default();
    fs::write(&path, text + "\n").map_err(Failure::file(&path))?;
    Ok(report)
}

fn wanted<'o>(order: &Order<'o>) -> base::Wanted<'o> {
    base::Wanted {
        suite: order.suite,
        of_the_fleet: order.suite_of_the_fleet,
        architecture: order.architecture,
        mirror: order.mirror,
        keyring: order.keyring,
    }
}

/// What is made on top of a base.
struct Made {
    root: Option<Root>,
    layers: Vec<PathBuf>,
    sbom: PathBuf,
    checks: BeforeAndAfter,
    audit: Option<Audit>,
}

/// Verifies the base, provisions it, verifies what became of it, and puts it in its place.
fn make(
    workshop: &mut Workshop<'_>,
    order: &Order<'_>,
    suite: &str,
    out: &Shelf,
    cache: &Shelf,
    base: &Path,
) -> Result<Made, Failure> {
    let work = cache.part()?;
    let image = work.path().join("image");
    folder::write(workshop, &image, order.files, order.payload)?;
    let before = workshop.step("verify before", |workshop| {
        let layers = [base.to_owned()];
        Ok((count(workshop, cache, &layers, &image, None)?, false))
    })?;
    let packages = workshop.step("packages", |workshop| {
        provision::packages(workshop, cache, suite, base, &image, order.files)
    })?;
    let changes = workshop.step("provision", |workshop| {
        let layers = vec![packages.clone(), base.to_owned()];
        let scratch = work.path().join("provision");
        fs::create_dir(&scratch).map_err(Failure::file(&scratch))?;
        let changes = provision::everything(workshop, layers, &scratch, &image)?;
        Ok((changes, false))
    })?;
    let changes = cache.place(&changes, &format!("changes-{}-{suite}", order.environment))?;
    let layers = vec![changes, packages.clone(), base.to_owned()];
    let papers = out.part()?;
    let after = workshop.step("verify after", |workshop| {
        let papers = Some(papers.path());
        Ok((count(workshop, cache, &layers, &image, papers)?, false))
    })?;
    let sbom = out.folder().join(SBOM);
    fs::rename(papers.path().join(SBOM), &sbom).map_err(Failure::file(&sbom))?;
    let audit = order.audits_with.map(|content| {
        workshop.step("audit", |workshop| {
            let made = Layers {
                base,
                packages: &packages,
                all: &layers,
            };
            audit(workshop, order, suite, made, content, &image, (out, cache))
        })
    });
    let audit = audit.transpose()?;
    let root = if order.keeps_root {
        Some(workshop.step("keep", |workshop| {
            Ok((keep(workshop, out, work.path(), &layers)?, false))
        })?)
    } else {
        None
    };
    Ok(Made {
        root,
        layers,
        sbom,
        checks: BeforeAndAfter { before, after },
        audit,
    })
}

/// What an image is made of.
#[derive(Clone, Copy, Debug)]
struct Layers<'l> {
    base: &'l Path,
    packages: &'l Path,
    /// The topmost first.
    all: &'l [PathBuf],
}

/// Audits the base and the image. The image is what its packages and its folder make of the base.
fn audit(
    workshop: &mut Workshop<'_>,
    order: &Order<'_>,
    suite: &str,
    layers: Layers<'_>,
    content: &Path,
    image: &Path,
    (out, cache): (&Shelf, &Shelf),
) -> Result<(Audit, bool), Failure> {
    let own_name = |layer: &Path| {
        let name = layer.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let (base, packages) = (own_name(layers.base), own_name(layers.packages));
    let digests = fs::read_to_string(image.join("payload/SHA256SUMS")).unwrap_or_default();
    let mut parts = vec![packages.as_str(), digests.as_str()];
    for (path, text) in order.files {
        parts.extend([path.as_str(), text.as_str()]);
    }
    let before = Subject {
        kind: &format!("audit-{suite}"),
        layers: &[layers.base.to_owned()],
        parts: &[&base],
    };
    let after = Subject {
        kind: &format!("audit-{}-{suite}", order.environment),
        layers: layers.all,
        parts: &parts,
    };
    let request = auditors::Request {
        content,
        before,
        after,
        files: order.files,
        image,
        out: out.folder(),
    };
    auditors::audit(workshop, cache, &request)
}

fn count(
    workshop: &mut Workshop<'_>,
    cache: &Shelf,
    layers: &[PathBuf],
    image: &Path,
    out: Option<&Path>,
) -> Result<Counts, Failure> {
    let scratch = cache.part()?;
    let trial = Trial {
        layers,
        image,
        scratch: scratch.path(),
        out,
    };
    verify::count(workshop, trial)
}

/// Copies the root file system out of its layers, to its place.
fn keep(
    workshop: &mut Workshop<'_>,
    out: &Shelf,
    work: &Path,
    layers: &[PathBuf],
) -> Result<Root, Failure> {
    let part = out.part()?;
    let whole = part.path().join("root");
    let together = work.join("together");
    fs::create_dir(&together).map_err(Failure::file(&together))?;
    let mut copy = room::private(false, &["sh", "-c", KEEP, "keep.sh"]);
    copy.arg(room::lower(layers)).arg(&together).arg(&whole);
    workshop.run("keep.sh", &mut copy)?;
    let path = out.place(&whole, "root")?;
    let bytes = size(workshop, &path)?;
    Ok(Root { path, bytes })
}

/// Bytes that a folder takes on disk.
fn size(workshop: &mut Workshop<'_>, folder: &Path) -> Result<u64, Failure> {
    let mut measure = Command::new("du");
    measure.args(["--summarize", "--block-size=1"]).arg(folder);
    let (printed, status) = workshop.read("du", &mut measure)?;
    let bytes = printed
        .split('\t')
        .next()
        .and_then(|word| word.parse().ok());
    bytes.ok_or_else(|| workshop.failed("du", status, &[printed]))
}

/// Makes a disk of a root file system that has a kernel and a boot loader, in a folder's `disk`.
///
/// # Errors
/// When it has none, a program fails, or a signal was heard.
pub fn disk_of_layers(
    layers: &[PathBuf],
    out: &Path,
    interrupts: &Interrupts,
) -> Result<Disk, Failure> {
    let out = Shelf::take(out)?;
    check_paths(&[out.folder()])?;
    let mut hear = |_: Event<'_>| {};
    let mut workshop = Workshop::open(out.folder().join("disk.log"), interrupts, &mut hear)?;
    disk::of_layers(&mut workshop, &out, layers)
}

/// Runs the rendered checks in a root file system, and gives what they print and whether every
/// control holds. Nothing in the root file system changes.
///
/// # Errors
/// When the checks cannot be run, or a signal was heard.
pub fn verify_root(
    root: &Path,
    files: &Files,
    format: Format,
    interrupts: &Interrupts,
) -> Result<(String, bool), Failure> {
    let root = root.canonicalize().map_err(|error| {
        let help = "name the folder of a root file system with --root";
        Failure::new(Kind::File, root.display(), error, help)
    })?;
    check_paths(&[&root])?;
    let work = tempfile::tempdir().map_err(Failure::file(Path::new("a temporary folder")))?;
    let mut hear = |_: Event<'_>| {};
    let mut workshop = Workshop::open(work.path().join("verify.log"), interrupts, &mut hear)?;
    let (image, scratch) = (work.path().join("image"), work.path().join("scratch"));
    fs::create_dir(&scratch).map_err(Failure::file(&scratch))?;
    folder::write(&mut workshop, &image, files, None)?;
    let trial = Trial {
        layers: &[root],
        image: &image,
        scratch: &scratch,
        out: None,
    };
    verify::print(&mut workshop, trial, format)
}

fn check_paths(paths: &[&Path]) -> Result<(), Failure> {
    match paths.iter().find(|path| !is_plain(path)) {
        None => Ok(()),
        Some(path) => Err(Failure::new(
            Kind::Usage,
            path.display(),
            "overlayfs takes no path with a colon, a comma or a backslash",
            "choose a folder whose path has none",
        )),
    }
}

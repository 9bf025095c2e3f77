//! Makes an image: base, packages, provisioning, and the checks before and after.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::base;
use crate::cache_dir::CacheDir;
use crate::disk;
use crate::error::BakeError;
use crate::export_rootfs::export_rootfs;
use crate::image_dir;
use crate::interrupts::Interrupts;
use crate::provision;
use crate::report::{BakeReport, BeforeAndAfter, Root};
use crate::request::BakeRequest;
use crate::sandbox::check_overlay_paths;
use crate::scanners::{self, ScanReport, Subject};
use crate::step_runner::{Event, StepRunner};
use crate::verify::{self, CheckCounts, SBOM, VerifyRun};

/// Makes an image.
///
/// # Errors
/// When a step fails, a file cannot be written, or a signal arrived.
pub fn bake(
    request: &BakeRequest<'_>,
    interrupts: &Interrupts,
    on_event: &mut dyn FnMut(Event<'_>),
) -> Result<BakeReport, BakeError> {
    let began = Instant::now();
    let out = CacheDir::open(request.out)?;
    let cache = CacheDir::open(request.cache)?;
    check_overlay_paths(&[out.folder(), cache.folder()])?;
    let mut runner = StepRunner::open(out.folder().join("bake.log"), interrupts, on_event)?;
    let archive = runner.step("archive", |runner| {
        Ok((base::choose(runner, &cache, request.base())?, false))
    })?;
    let base = runner.step("base", |runner| base::layer(runner, &cache, &archive))?;
    let suite = archive.suite.name;
    let made = make(&mut runner, request, suite, &out, &cache, &base)?;
    let disk = if request.with_disk {
        let folders = (&out, &cache);
        Some(disk::make(
            &mut runner,
            request,
            folders,
            &archive,
            &made.layers,
        )?)
    } else {
        None
    };
    let report = BakeReport {
        environment: request.environment.to_owned(),
        suite: archive.suite.name,
        stands_in: archive.stands_in,
        root: made.root,
        disk,
        layers: made.layers,
        sbom: made.sbom,
        checks: made.checks,
        scan: made.scan,
        steps: runner.into_steps(),
        seconds: (began.elapsed().as_secs_f64() * 10.0).round() / 10.0,
    };
    let path = out.folder().join("report.json");
    let text = serde_json::to_string_pretty(&report).unwrap_or_default();
    fs::write(&path, text + "\n").map_err(BakeError::file(&path))?;
    Ok(report)
}

/// What is made on top of a base.
struct Made {
    root: Option<Root>,
    layers: Vec<PathBuf>,
    sbom: PathBuf,
    checks: BeforeAndAfter,
    scan: Option<ScanReport>,
}

/// Verifies the base, provisions it, verifies what became of it, and puts it in its place.
fn make(
    runner: &mut StepRunner<'_>,
    request: &BakeRequest<'_>,
    suite: &str,
    out: &CacheDir,
    cache: &CacheDir,
    base: &Path,
) -> Result<Made, BakeError> {
    let work = cache.staging()?;
    let image = work.path().join("image");
    image_dir::write(runner, &image, request.files, request.payload)?;
    let before = runner.step("verify before", |runner| {
        let layers = [base.to_owned()];
        Ok((count(runner, cache, &layers, &image, None)?, false))
    })?;
    let packages = runner.step("packages", |runner| {
        provision::packages(runner, cache, suite, base, &image, request.files)
    })?;
    let changes = runner.step("provision", |runner| {
        let layers = vec![packages.clone(), base.to_owned()];
        let scratch = work.path().join("provision");
        fs::create_dir(&scratch).map_err(BakeError::file(&scratch))?;
        let without = request.without_payload;
        let changes = provision::everything(runner, layers, &scratch, &image, without)?;
        Ok((changes, false))
    })?;
    let changes = cache.publish(
        &changes,
        &format!("changes-{}-{suite}", request.environment),
    )?;
    let layers = vec![changes, packages.clone(), base.to_owned()];
    let artifacts = out.staging()?;
    let after = runner.step("verify after", |runner| {
        let artifacts = Some(artifacts.path());
        Ok((count(runner, cache, &layers, &image, artifacts)?, false))
    })?;
    let sbom = out.folder().join(SBOM);
    fs::rename(artifacts.path().join(SBOM), &sbom).map_err(BakeError::file(&sbom))?;
    let scan = request.scan_content.map(|content| {
        runner.step("scan", |runner| {
            let made = Layers {
                base,
                packages: &packages,
                all: &layers,
            };
            scan(runner, request, suite, made, content, &image, (out, cache))
        })
    });
    let scan = scan.transpose()?;
    let root = if request.export_rootfs {
        Some(runner.step("export rootfs", |runner| {
            Ok((export_rootfs(runner, out, work.path(), &layers)?, false))
        })?)
    } else {
        None
    };
    Ok(Made {
        root,
        layers,
        sbom,
        checks: BeforeAndAfter { before, after },
        scan,
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

/// Scans the base and the image. The image is what its packages and its folder make of the base.
fn scan(
    runner: &mut StepRunner<'_>,
    request: &BakeRequest<'_>,
    suite: &str,
    layers: Layers<'_>,
    content: &Path,
    image: &Path,
    (out, cache): (&CacheDir, &CacheDir),
) -> Result<(ScanReport, bool), BakeError> {
    let own_name = |layer: &Path| {
        let name = layer.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let (base, packages) = (own_name(layers.base), own_name(layers.packages));
    let digests = fs::read_to_string(image.join("payload/SHA256SUMS")).unwrap_or_default();
    let mut parts = vec![packages.as_str(), digests.as_str()];
    for (path, text) in request.files {
        parts.extend([path.as_str(), text.as_str()]);
    }
    let before = Subject {
        kind: &format!("scan-{suite}"),
        layers: &[layers.base.to_owned()],
        parts: &[&base],
    };
    let after = Subject {
        kind: &format!("scan-{}-{suite}", request.environment),
        layers: layers.all,
        parts: &parts,
    };
    let scan_request = scanners::ScanRequest {
        content,
        before,
        after,
        files: request.files,
        image,
        out: out.folder(),
    };
    scanners::scan(runner, cache, &scan_request)
}

fn count(
    runner: &mut StepRunner<'_>,
    cache: &CacheDir,
    layers: &[PathBuf],
    image: &Path,
    out: Option<&Path>,
) -> Result<CheckCounts, BakeError> {
    let scratch = cache.staging()?;
    let run = VerifyRun {
        layers,
        image,
        scratch: scratch.path(),
        out,
    };
    verify::count(runner, run)
}

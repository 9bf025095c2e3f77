//! What others find in an image: openscap with the CIS benchmarks, lynis, and systemd of its units;
//! in the base system, and in the image that was made of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::exposure::{self, Exposure};
use super::lynis;
use super::openscap::{self, BENCHMARKS, Rules, Scan, Verdict};
use super::runner::ScanRunner;
use crate::cache_dir::{self, CacheDir};
use crate::error::BakeError;
use crate::image_dir::Files;
use crate::interrupts::Interrupts;
use crate::step_runner::StepRunner;

/// The file of what was found, in its folder of the cache.
const FOUND: &str = "found.json";

/// A root file system and everything that it is made of.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'s> {
    /// What the cache calls it.
    pub kind: &'s str,
    /// Its folders, the topmost first.
    pub layers: &'s [PathBuf],
    /// Texts that are the same exactly where its content is.
    pub parts: &'s [&'s str],
}

/// What is scanned.
#[derive(Clone, Copy, Debug)]
pub struct ScanRequest<'r> {
    /// The folder of the benchmarks.
    pub content: &'r Path,
    pub before: Subject<'r>,
    pub after: Subject<'r>,
    pub files: &'r Files,
    /// The image's folder.
    pub image: &'r Path,
    /// The folder for the results of each rule.
    pub out: &'r Path,
}

/// What was found. The field names are part of the interface.
#[derive(Clone, Debug, Serialize)]
pub struct ScanReport {
    pub openscap: Vec<Benchmark>,
    pub lynis: LynisIndices,
    pub exposure: Vec<Exposure>,
}

/// A benchmark's result.
#[derive(Clone, Debug, Serialize)]
pub struct Benchmark {
    pub benchmark: &'static str,
    pub profile: &'static str,
    pub before: RuleCounts,
    pub after: RuleCounts,
    /// The file with the result of every rule in the image.
    pub rules: PathBuf,
}

/// How many rules came to what.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RuleCounts {
    pub passed: usize,
    pub failed: usize,
    /// Not applicable, not checked, or nothing to be told of a system that does not run.
    pub undecided: usize,
    /// Those that passed, of those that passed or failed.
    pub percent: f64,
}

/// Hardening indices of lynis, from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LynisIndices {
    pub before: u32,
    pub after: u32,
}

impl RuleCounts {
    fn of(rules: &Rules) -> Self {
        let count = |verdict| rules.values().filter(|it| **it == verdict).count();
        let (passed, failed) = (count(Verdict::Pass), count(Verdict::Fail));
        let share = passed as f64 / (passed + failed).max(1) as f64;
        Self {
            passed,
            failed,
            undecided: rules.len() - passed - failed,
            percent: (share * 1000.0).round() / 10.0,
        }
    }
}

/// What was found in one root file system.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct ScanResults {
    openscap: BTreeMap<String, Rules>,
    lynis: u32,
}

/// Audits an image and its base, or takes what was found of the same ones before.
///
/// # Errors
/// When a program fails, or a benchmark is missing.
pub fn scan(
    runner: &mut StepRunner<'_>,
    cache: &CacheDir,
    request: &ScanRequest<'_>,
) -> Result<(ScanReport, bool), BakeError> {
    let tools = tools(runner, request.content)?;
    let names = [request.before, request.after].map(|subject| name(subject, &tools));
    let known = [known(cache, &names[0]), known(cache, &names[1])];
    let cached = known.iter().all(Option::is_some);
    let [before, after] = look(runner.interrupts, cache, request, &names, known)?;
    let scratch = cache.staging()?;
    let exposure = exposure::all(runner, request.files, request.image, scratch.path())?;
    let benchmarks = BENCHMARKS.iter().map(|benchmark| {
        let rules = &after.openscap[benchmark.name];
        let path = request.out.join(format!("openscap-{}.txt", benchmark.name));
        fs::write(&path, openscap::to_baseline(rules)).map_err(BakeError::file(&path))?;
        Ok(Benchmark {
            benchmark: benchmark.name,
            profile: openscap::PROFILE,
            before: RuleCounts::of(&before.openscap[benchmark.name]),
            after: RuleCounts::of(rules),
            rules: path,
        })
    });
    let audit = ScanReport {
        openscap: benchmarks.collect::<Result<_, BakeError>>()?,
        lynis: LynisIndices {
            before: before.lynis,
            after: after.lynis,
        },
        exposure,
    };
    Ok((audit, cached))
}

/// What looks at a root file system: another version of it finds something else.
fn tools(runner: &mut StepRunner<'_>, content: &Path) -> Result<Vec<String>, BakeError> {
    let mut tools = Vec::new();
    for benchmark in BENCHMARKS {
        let path = openscap::content(content, benchmark)?;
        let bytes = fs::read(&path).map_err(BakeError::file(&path))?;
        tools.push(hex::encode(Sha256::digest(&bytes)));
    }
    for (program, argument) in [("oscap", "--version"), ("lynis", "--version")] {
        let (printed, _) = runner.read(program, Command::new(program).arg(argument))?;
        tools.push(printed);
    }
    Ok(tools)
}

fn name(subject: Subject<'_>, tools: &[String]) -> String {
    let parts = subject.parts.iter().copied();
    cache_dir::key(subject.kind, parts.chain(tools.iter().map(String::as_str)))
}

/// What was found before, where it can still be read.
fn known(cache: &CacheDir, name: &str) -> Option<ScanResults> {
    let text = fs::read_to_string(cache.find(name)?.join(FOUND)).ok()?;
    serde_json::from_str(&text).ok()
}

/// Looks at what is not known yet, both root file systems at the same time.
fn look(
    interrupts: &Interrupts,
    cache: &CacheDir,
    request: &ScanRequest<'_>,
    names: &[String; 2],
    known: [Option<ScanResults>; 2],
) -> Result<[ScanResults; 2], BakeError> {
    let both = [request.before, request.after];
    let found = thread::scope(|scope| {
        let jobs = known.into_iter().zip(both).zip(names);
        let jobs: Vec<_> = jobs
            .map(|((known, subject), name)| {
                scope.spawn(move || match known {
                    Some(found) => Ok(found),
                    None => scan_one(interrupts, cache, request.content, subject, name),
                })
            })
            .collect();
        let ended = jobs.into_iter().map(|job| match job.join() {
            Ok(found) => found,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ended.collect::<Result<Vec<ScanResults>, BakeError>>()
    })?;
    let Ok(found) = found.try_into() else {
        unreachable!("two jobs have two results");
    };
    Ok(found)
}

fn scan_one(
    interrupts: &Interrupts,
    cache: &CacheDir,
    content: &Path,
    subject: Subject<'_>,
    name: &str,
) -> Result<ScanResults, BakeError> {
    let part = cache.staging()?;
    let log_path = cache.folder().join(format!("{}.log", subject.kind));
    let log = File::create(&log_path).map_err(BakeError::file(&log_path))?;
    let scanner = ScanRunner {
        interrupts,
        log,
        log_path: &log_path,
    };
    let mut openscap = BTreeMap::new();
    for benchmark in BENCHMARKS {
        let scratch = part.path().join(benchmark.name);
        fs::create_dir(&scratch).map_err(BakeError::file(&scratch))?;
        let scan = Scan {
            layers: subject.layers,
            content: &openscap::content(content, benchmark)?,
            benchmark,
            scratch: &scratch,
        };
        let rules = openscap::scan(&scanner, scan)?;
        openscap.insert(benchmark.name.to_owned(), rules);
    }
    let lynis = lynis::index(&scanner, subject.layers, part.path())?;
    let found = ScanResults { openscap, lynis };
    let whole = part.path().join("found");
    fs::create_dir(&whole).map_err(BakeError::file(&whole))?;
    let path = whole.join(FOUND);
    let text = serde_json::to_string(&found).unwrap_or_default();
    fs::write(&path, text).map_err(BakeError::file(&path))?;
    cache.publish(&whole, name)?;
    cache.prune(subject.kind, name)?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_decide_counts_for_nothing() {
        let rules = openscap::read(
            "xccdf_org.ssgproject.content_rule_a:pass\n\
             xccdf_org.ssgproject.content_rule_b:pass\n\
             xccdf_org.ssgproject.content_rule_c:fail\n\
             xccdf_org.ssgproject.content_rule_d:notapplicable\n\
             xccdf_org.ssgproject.content_rule_e:unknown\n",
        );
        let tally = RuleCounts::of(&rules);
        assert_eq!((tally.passed, tally.failed, tally.undecided), (2, 1, 2));
        assert_eq!(tally.percent, 66.7);
        assert_eq!(RuleCounts::of(&Rules::new()).percent, 0.0);
    }

    #[test]
    fn another_part_or_another_tool_is_looked_at_anew() {
        let subject = |parts| Subject {
            kind: "audit",
            layers: &[],
            parts,
        };
        let tools = ["oscap 1".to_owned()];
        let own = name(subject(&["base-1"]), &tools);
        assert_eq!(own, name(subject(&["base-1"]), &tools));
        assert_ne!(own, name(subject(&["base-2"]), &tools));
        assert_ne!(own, name(subject(&["base-1"]), &["oscap 2".to_owned()]));
    }

    #[test]
    fn what_was_found_is_the_same_after_it_was_kept() {
        let found = ScanResults {
            openscap: [(
                "ubuntu2404".to_owned(),
                openscap::read("xccdf_org.ssgproject.content_rule_a:notchecked"),
            )]
            .into(),
            lynis: 66,
        };
        let text = serde_json::to_string(&found).expect("JSON");
        assert_eq!(
            serde_json::from_str::<ScanResults>(&text).expect("the same"),
            found
        );
    }
}

//! Starting the disk of an image, as EC2 starts an instance: UEFI, an NVMe disk, and a metadata
//! service that says what to do.
//!
//! The machine and what it can reach are in namespaces that end with this process. Its only network
//! is one in which the metadata service answers, and somebody who stands for the internet.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;

use super::http_server::{self, GuestFiles, GuestLog, GuestServer};
use super::metadata::metadata;
use super::qemu::{self, Accelerator};
use super::report::BootReport;
use super::timeline::{ReachedStage, Stage};
use crate::cache_dir::CacheDir;
use crate::error::{BakeError, ErrorKind};
use crate::image_dir::Files;
use crate::interrupts::Interrupts;
use crate::step_runner::{Event, Step};

/// What the machine runs when it is up.
const GUEST: &str = include_str!("guest.sh");

/// What boot.sh prints when services can be started.
const NETWORK_IS_THERE: &str = "boot.sh: the network is there";

/// The last lines that are shown of a machine that did not come to its end.
const SHOWN: usize = 12;

/// What is started.
#[derive(Clone, Copy, Debug)]
pub struct BootOptions<'o> {
    pub environment: &'o str,
    /// The rendered files of the image, of which the checks are run.
    pub files: &'o Files,
    pub disk: &'o Path,
    /// A script that root runs in it after the checks.
    pub script: Option<&'o Path>,
    /// That of this machine, when left out.
    pub accelerator: Option<Accelerator>,
    /// Seconds until the machine is ended.
    pub timeout_seconds: u32,
    /// The folder for the log and the report.
    pub out: &'o Path,
}

/// Starts a machine and waits for its end.
///
/// # Errors
/// When there is no such disk or script, a file cannot be written, or a signal arrived. A machine
/// that does not come to its end is no error of this: the report says how far it got.
pub fn boot(
    options: &BootOptions<'_>,
    interrupts: &Interrupts,
    on_event: &mut dyn FnMut(Event<'_>),
) -> Result<BootReport, BakeError> {
    let disk = options.disk.canonicalize().map_err(|error| {
        let help = "`valet-gen bake --local --disk` makes one; or name another with --disk";
        BakeError::new(ErrorKind::File, options.disk.display(), error, help)
    })?;
    let guest_files = guest_files(options)?;
    let out = CacheDir::open(options.out)?;
    let log = out.folder().join("boot.log");
    let mut attempt = Attempt {
        options,
        disk: &disk,
        guest_files: &guest_files,
        interrupts,
        on_event,
        log: &log,
    };
    let first = options
        .accelerator
        .unwrap_or_else(Accelerator::of_this_machine);
    let mut report = attempt.run(&out, first)?;
    if report.is_none() && options.accelerator.is_none() {
        (attempt.on_event)(Event::Prints(
            "KVM does not run it: it starts again without",
        ));
        report = attempt.run(&out, Accelerator::Tcg)?;
    }
    let report = report.ok_or_else(|| {
        let help = "leave out --accelerator: then tcg is taken where kvm does not work";
        BakeError::new(
            ErrorKind::Step,
            "--accelerator kvm",
            "it runs no machine here",
            help,
        )
    })?;
    let path = out.folder().join("boot.json");
    let text = serde_json::to_string_pretty(&report).unwrap_or_default();
    fs::write(&path, text + "\n").map_err(BakeError::file(&path))?;
    Ok(report)
}

/// What the metadata service hands out.
fn guest_files(options: &BootOptions<'_>) -> Result<GuestFiles, BakeError> {
    let mut files = BTreeMap::new();
    files.insert("checks", checks(options.files));
    if let Some(path) = options.script {
        let text = fs::read_to_string(path).map_err(|error| {
            let help = "name a bash script with --run";
            BakeError::new(ErrorKind::File, path.display(), error, help)
        })?;
        files.insert("run", text);
    }
    Ok(GuestFiles {
        metadata: metadata(GUEST),
        tokens: Arc::default(),
        files,
    })
}

/// A script that writes `verify.sh` and the files beside it to the folder that it is run in.
fn checks(files: &Files) -> String {
    let is_of_them = |path: &str| path == "verify.sh" || path.starts_with("verify/");
    let mut script = "mkdir verify\n".to_owned();
    for (path, text) in files.iter().filter(|(path, _)| is_of_them(path)) {
        script.push_str(&format!(
            "cat >{path} <<'END OF A FILE OF VERIFY.SH'\n{text}END OF A FILE OF VERIFY.SH\n"
        ));
    }
    script
}

/// One machine with one kind of processor.
struct Attempt<'a> {
    options: &'a BootOptions<'a>,
    disk: &'a Path,
    guest_files: &'a GuestFiles,
    interrupts: &'a Interrupts,
    on_event: &'a mut dyn FnMut(Event<'_>),
    log: &'a Path,
}

/// What is known of a machine while it runs.
struct Running {
    guest_log: GuestLog,
    service: Option<GuestServer>,
    /// Why there is no service.
    problem: Option<io::Error>,
    kvm_refuses: bool,
    last: Vec<String>,
}

impl Attempt<'_> {
    /// Runs the machine, unless KVM refuses to: then there is no report.
    fn run(
        &mut self,
        out: &CacheDir,
        accelerator: Accelerator,
    ) -> Result<Option<BootReport>, BakeError> {
        let scratch = out.staging()?;
        let limit = self.options.timeout_seconds;
        let mut command = qemu::command(accelerator, self.disk, scratch.path(), limit);
        let mut log = File::create(self.log).map_err(BakeError::file(self.log))?;
        let mut running = Running {
            guest_log: GuestLog::start(),
            service: None,
            problem: None,
            kvm_refuses: false,
            last: Vec::new(),
        };
        (self.on_event)(Event::Begins("switched on"));
        let ended = self.interrupts.run(&mut command, None, &mut |line| {
            // A log that cannot be written stops nothing.
            let _ = writeln!(log, "{line}");
            let line = anstream::adapter::strip_str(line).to_string();
            running.take(
                line.trim_end(),
                accelerator,
                self.guest_files,
                self.interrupts,
            );
            self.tell(&running.guest_log, line.trim());
        });
        self.interrupts.check()?;
        let status = ended.map_err(|error| cannot_run(&error))?;
        if let Some(problem) = &running.problem {
            return Err(cannot_run(problem));
        }
        let refused = accelerator == Accelerator::Kvm && running.was_refused(status);
        Ok((!refused).then(|| self.report(&running, accelerator, status)))
    }

    fn tell(&mut self, guest_log: &GuestLog, line: &str) {
        let new = guest_log.lock().timeline.take_new();
        for ReachedStage { stage, seconds } in new {
            let step = Step {
                name: stage.name(),
                seconds,
                cached: false,
            };
            (self.on_event)(Event::Ended(&step));
            (self.on_event)(Event::Begins(stage.name()));
        }
        (self.on_event)(Event::Prints(line));
    }

    fn report(
        &self,
        running: &Running,
        accelerator: Accelerator,
        status: ExitStatus,
    ) -> BootReport {
        let mut guest_log = running.guest_log.lock();
        let finished = status.success() && guest_log.uploads.contains_key("end");
        if finished {
            guest_log.timeline.reach(Stage::Off);
        }
        let report = BootReport {
            environment: self.options.environment.to_owned(),
            disk: self.disk.to_owned(),
            accelerator,
            stages: guest_log.timeline.reached().to_vec(),
            finished,
            cloud_init: None,
            units: None,
            checks: None,
            script: None,
            log: self.log.to_owned(),
            seconds: guest_log.timeline.seconds(),
            last: running.last.clone(),
            timeout_seconds: self.options.timeout_seconds,
        };
        report.with(&guest_log.uploads)
    }
}

impl Running {
    /// Takes a line of the serial console, or of QEMU itself.
    fn take(
        &mut self,
        line: &str,
        accelerator: Accelerator,
        guest_files: &GuestFiles,
        interrupts: &Interrupts,
    ) {
        if line == NETWORK_IS_THERE {
            self.start_service(guest_files, interrupts);
        } else if accelerator == Accelerator::Kvm && qemu::is_kvm_failure(line) {
            // It would stand still until its limit.
            self.kvm_refuses = true;
            interrupts.end_children();
        } else if let Some(stage) = Stage::from_console_line(line) {
            self.guest_log.lock().timeline.reach(stage);
        }
        if line.is_empty() {
            return;
        }
        if self.last.len() == SHOWN {
            self.last.remove(0);
        }
        self.last.push(line.to_owned());
    }

    fn start_service(&mut self, guest_files: &GuestFiles, interrupts: &Interrupts) {
        let Some(child) = interrupts.child() else {
            return;
        };
        match http_server::serve(child, guest_files.clone(), &self.guest_log) {
            Ok(service) => self.service = Some(service),
            Err(error) => {
                self.problem = Some(error);
                interrupts.end_children();
            }
        }
    }

    /// Whether KVM ran nothing: it said so, or ended before the firmware found the disk.
    fn was_refused(&self, status: ExitStatus) -> bool {
        let got_nowhere = self.guest_log.lock().timeline.reached().is_empty();
        self.kvm_refuses || (!status.success() && got_nowhere)
    }
}

fn cannot_run(error: &io::Error) -> BakeError {
    let help = "see whether this machine allows namespaces of networks";
    BakeError::new(ErrorKind::Step, "image boot", error, help)
}

/// Where `bake --local --disk` puts the disk of an environment.
#[must_use]
pub fn disk_in(results: &Path) -> PathBuf {
    results.join(crate::disk::FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guest_gets_verify_sh_with_the_files_beside_it() {
        let texts = [
            ("provision.sh", "exit 1\n"),
            ("verify.sh", "#!/bin/bash\necho \"$HOME\" '\\'\n"),
            ("verify/facts.sh", "a=$(b <<'END'\nEND\n)\n"),
        ];
        let files = texts.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let folder = tempfile::tempdir().expect("a folder");
        let mut bash = std::process::Command::new("bash");
        bash.arg("-c").arg(checks(&Files::from(files)));
        let status = bash.current_dir(folder.path()).status().expect("it runs");
        assert!(status.success());
        for (path, text) in &texts[1..] {
            let written = fs::read_to_string(folder.path().join(path)).expect("written");
            assert_eq!(written, *text);
        }
        assert!(!folder.path().join(texts[0].0).exists());
    }
}

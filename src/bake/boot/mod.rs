//! Starting the disk of an image, as EC2 starts an instance: UEFI, an NVMe disk, and a metadata
//! service that says what to do.
//!
//! The machine and what it can reach are in namespaces that end with this process. Its only network
//! is one in which the metadata service answers, and somebody who stands for the internet.

mod metadata;
mod qemu;
mod report;
mod server;
mod timeline;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

pub use qemu::Accelerator;
pub use report::{CloudInit, Report, Script, Units};
pub use timeline::{Reached, Stage};

use super::failure::{Failure, Kind};
use super::folder::Files;
use super::interrupts::Interrupts;
use super::shelf::Shelf;
use super::workshop::{Event, Step};
use metadata::Metadata;
use server::{Given, Notes, Service};

/// What the machine runs when it is up.
const GUEST: &str = include_str!("guest.sh");

/// What boot.sh prints when services can be started.
const NETWORK_IS_THERE: &str = "boot.sh: the network is there";

/// The last lines that are shown of a machine that did not come to its end.
const SHOWN: usize = 12;

/// What is started.
#[derive(Clone, Copy, Debug)]
pub struct Order<'o> {
    pub environment: &'o str,
    /// The rendered files of the image, of which the checks are run.
    pub files: &'o Files,
    pub disk: &'o Path,
    /// A script that root runs in it after the checks.
    pub script: Option<&'o Path>,
    /// That of this machine, when left out.
    pub accelerator: Option<Accelerator>,
    /// Seconds until the machine is ended.
    pub limit_seconds: u32,
    /// The folder for the log and the report.
    pub out: &'o Path,
}

/// Starts a machine and waits for its end.
///
/// # Errors
/// When there is no such disk or script, a file cannot be written, or a signal was heard. A machine
/// that does not come to its end is no error of this: the report says how far it got.
pub fn boot(
    order: &Order<'_>,
    interrupts: &Interrupts,
    hear: &mut dyn FnMut(Event<'_>),
) -> Result<Report, Failure> {
    let disk = order.disk.canonicalize().map_err(|error| {
        let help = "`valet-gen bake --local --disk` makes one; or name another with --disk";
        Failure::new(Kind::File, order.disk.display(), error, help)
    })?;
    let given = given(order)?;
    let out = Shelf::take(order.out)?;
    let log = out.folder().join("boot.log");
    let mut attempt = Attempt {
        order,
        disk: &disk,
        given: &given,
        interrupts,
        hear,
        log: &log,
    };
    let first = order
        .accelerator
        .unwrap_or_else(Accelerator::of_this_machine);
    let mut report = attempt.run(&out, first)?;
    if report.is_none() && order.accelerator.is_none() {
        (attempt.hear)(Event::Prints(
            "KVM does not run it: it starts again without",
        ));
        report = attempt.run(&out, Accelerator::Tcg)?;
    }
    let report = report.ok_or_else(|| {
        let help = "leave out --accelerator: then tcg is taken where kvm does not work";
        Failure::new(
            Kind::Step,
            "--accelerator kvm",
            "it runs no machine here",
            help,
        )
    })?;
    let path = out.folder().join("boot.json");
    let text = serde_json::to_string_pretty(&report).unwrap_or_default();
    fs::write(&path, text + "\n").map_err(Failure::file(&path))?;
    Ok(report)
}

/// What the metadata service hands out.
fn given(order: &Order<'_>) -> Result<Given, Failure> {
    let mut files = BTreeMap::new();
    if let Some(checks) = order.files.get("verify.sh") {
        files.insert("verify.sh", checks.clone());
    }
    if let Some(path) = order.script {
        let text = fs::read_to_string(path).map_err(|error| {
            let help = "name a bash script with --run";
            Failure::new(Kind::File, path.display(), error, help)
        })?;
        files.insert("run", text);
    }
    Ok(Given {
        metadata: Metadata::new(GUEST),
        files,
    })
}

/// One machine with one kind of processor.
struct Attempt<'a> {
    order: &'a Order<'a>,
    disk: &'a Path,
    given: &'a Given,
    interrupts: &'a Interrupts,
    hear: &'a mut dyn FnMut(Event<'_>),
    log: &'a Path,
}

/// What is known of a machine while it runs.
struct Running {
    notes: Notes,
    service: Option<Service>,
    /// Why there is no service.
    problem: Option<io::Error>,
    kvm_refuses: bool,
    last: Vec<String>,
}

impl Attempt<'_> {
    /// Runs the machine, unless KVM refuses to: then there is no report.
    fn run(&mut self, out: &Shelf, accelerator: Accelerator) -> Result<Option<Report>, Failure> {
        let scratch = out.part()?;
        let limit = self.order.limit_seconds;
        let mut command = qemu::command(accelerator, self.disk, scratch.path(), limit);
        let mut log = File::create(self.log).map_err(Failure::file(self.log))?;
        let mut running = Running {
            notes: Notes::start(),
            service: None,
            problem: None,
            kvm_refuses: false,
            last: Vec::new(),
        };
        (self.hear)(Event::Begins("switched on"));
        let ended = self.interrupts.run(&mut command, None, &mut |line| {
            // A log that cannot be written stops nothing.
            let _ = writeln!(log, "{line}");
            let line = anstream::adapter::strip_str(line).to_string();
            running.take(line.trim_end(), accelerator, self.given, self.interrupts);
            self.tell(&running.notes, line.trim());
        });
        self.interrupts.check()?;
        let status = ended.map_err(|error| cannot_run(&error))?;
        if let Some(problem) = &running.problem {
            return Err(cannot_run(problem));
        }
        let refused = accelerator == Accelerator::Kvm && running.was_refused(status);
        Ok((!refused).then(|| self.report(&running, accelerator, status)))
    }

    fn tell(&mut self, notes: &Notes, line: &str) {
        let news = notes.lock().timeline.news();
        for Reached { stage, seconds } in news {
            let step = Step {
                name: stage.name(),
                seconds,
                cached: false,
            };
            (self.hear)(Event::Ended(&step));
            (self.hear)(Event::Begins(stage.name()));
        }
        (self.hear)(Event::Prints(line));
    }

    fn report(&self, running: &Running, accelerator: Accelerator, status: ExitStatus) -> Report {
        let mut notes = running.notes.lock();
        let finished = status.success() && notes.told.contains_key("end");
        if finished {
            notes.timeline.reach(Stage::Off);
        }
        let report = Report {
            environment: self.order.environment.to_owned(),
            disk: self.disk.to_owned(),
            accelerator,
            stages: notes.timeline.reached().to_vec(),
            finished,
            cloud_init: None,
            units: None,
            checks: None,
            script: None,
            log: self.log.to_owned(),
            seconds: notes.timeline.seconds(),
            last: running.last.clone(),
            limit_seconds: self.order.limit_seconds,
        };
        report.with(&notes.told)
    }
}

impl Running {
    /// Takes a line of the serial console, or of QEMU itself.
    fn take(
        &mut self,
        line: &str,
        accelerator: Accelerator,
        given: &Given,
        interrupts: &Interrupts,
    ) {
        if line == NETWORK_IS_THERE {
            self.start_service(given, interrupts);
        } else if accelerator == Accelerator::Kvm && qemu::is_refusal_of_kvm(line) {
            // It would stand still until its limit.
            self.kvm_refuses = true;
            interrupts.end_children();
        } else if let Some(stage) = Stage::of_line(line) {
            self.notes.lock().timeline.reach(stage);
        }
        if line.is_empty() {
            return;
        }
        if self.last.len() == SHOWN {
            self.last.remove(0);
        }
        self.last.push(line.to_owned());
    }

    fn start_service(&mut self, given: &Given, interrupts: &Interrupts) {
        let Some(child) = interrupts.child() else {
            return;
        };
        match server::serve(child, given.clone(), &self.notes) {
            Ok(service) => self.service = Some(service),
            Err(error) => {
                self.problem = Some(error);
                interrupts.end_children();
            }
        }
    }

    /// Whether KVM ran nothing: it said so, or ended before the firmware found the disk.
    fn was_refused(&self, status: ExitStatus) -> bool {
        let got_nowhere = self.notes.lock().timeline.reached().is_empty();
        self.kvm_refuses || (!status.success() && got_nowhere)
    }
}

fn cannot_run(error: &io::Error) -> Failure {
    let help = "see whether this machine allows namespaces of networks";
    Failure::new(Kind::Step, "image boot", error, help)
}

/// Where `bake --local --disk` puts the disk of an environment.
#[must_use]
pub fn disk_in(results: &Path) -> PathBuf {
    results.join(super::disk::FILE)
}

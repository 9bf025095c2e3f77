//! What a machine came to that was tried out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::qemu::Accelerator;
use super::timeline::{ReachedStage, Stage};
use crate::error::{BakeError, ErrorKind};
use crate::verify::{CheckCounts, Checks};

/// A machine that was started. The field names are part of the interface.
#[derive(Clone, Debug, Serialize)]
pub struct BootReport {
    pub environment: String,
    pub disk: PathBuf,
    pub accelerator: Accelerator,
    /// How far it got, and when.
    pub stages: Vec<ReachedStage>,
    /// Whether it was looked at to the end, and switched itself off.
    pub finished: bool,
    pub cloud_init: Option<CloudInit>,
    pub units: Option<Units>,
    pub checks: Option<CheckCounts>,
    /// What the script did that was given.
    pub script: Option<ScriptResult>,
    /// Everything that it printed.
    pub log: PathBuf,
    pub seconds: f64,
    /// The last lines that it printed.
    #[serde(skip)]
    pub last: Vec<String>,
    /// Seconds that it may take.
    #[serde(skip)]
    pub timeout_seconds: u32,
}

/// What cloud-init says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct CloudInit {
    pub datasource: Option<String>,
    pub errors: Vec<String>,
}

/// What systemd says of its units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Units {
    /// `running`, or `degraded` when one has failed.
    pub state: String,
    pub active: Vec<String>,
    pub failed: Vec<String>,
    /// Services that had to be started again, and how often.
    pub restarted: BTreeMap<String, u32>,
}

/// What a script did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScriptResult {
    pub status: i32,
    pub output: String,
}

impl Units {
    /// Reads the lines of `guest.sh`.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut units = Self::default();
        for line in text.lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["state", state] => units.state = state.to_owned(),
                ["active", unit] => units.active.push(unit.to_owned()),
                ["failed", unit] => units.failed.push(unit.to_owned()),
                ["restarted", count, unit] => {
                    let count = count.parse().unwrap_or_default();
                    units.restarted.insert(unit.to_owned(), count);
                }
                _ => {}
            }
        }
        units
    }
}

impl CloudInit {
    /// Reads `/run/cloud-init/result.json`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Result {
            v1: CloudInit,
        }
        serde_json::from_str(text)
            .ok()
            .map(|result: Result| result.v1)
    }
}

impl ScriptResult {
    fn read(uploads: &BTreeMap<String, String>) -> Option<Self> {
        Some(Self {
            status: uploads.get("status")?.trim().parse().ok()?,
            output: uploads.get("output")?.clone(),
        })
    }
}

impl BootReport {
    /// Fills in what the machine uploaded.
    #[must_use]
    pub fn with(mut self, uploads: &BTreeMap<String, String>) -> Self {
        let text = |name: &str| uploads.get(name).map(String::as_str);
        self.units = text("units").map(Units::read);
        self.cloud_init = text("cloud-init").and_then(CloudInit::read);
        let checks = text("checks").and_then(|text| Checks::read(text).ok());
        self.checks = checks.map(|checks| checks.counts());
        self.script = ScriptResult::read(uploads);
        self
    }

    /// Whether everything is as it should be.
    #[must_use]
    pub fn holds(&self) -> bool {
        let cloud_init = self.cloud_init.as_ref();
        let (units, checks) = (self.units.as_ref(), self.checks.as_ref());
        self.finished
            && cloud_init.is_some_and(|it| it.errors.is_empty())
            && units.is_some_and(|it| it.failed.is_empty())
            && checks.is_some_and(|it| it.failed.is_empty())
            && self.script.as_ref().is_none_or(|it| it.status == 0)
    }

    /// Why it was not looked at to the end.
    #[must_use]
    pub fn unfinished(&self) -> Option<BakeError> {
        if self.finished {
            return None;
        }
        let mut problem = match self.stages.last() {
            Some(reached) => format!("it got as far as `{}`", reached.stage.name()),
            None => "it got nowhere".to_owned(),
        };
        let seconds = self.seconds;
        let mut help = format!("everything that it printed is in {}", self.log.display());
        if seconds >= f64::from(self.timeout_seconds) {
            let _ = write!(problem, " in {seconds:.1} s, and was ended");
            help.push_str("; a slow machine needs a higher --limit");
        } else {
            let _ = write!(problem, ", and ended by itself after {seconds:.1} s");
        }
        for line in &self.last {
            problem.push_str("\n  | ");
            problem.push_str(line);
        }
        Some(BakeError::new(
            ErrorKind::Step,
            self.disk.display(),
            problem,
            &help,
        ))
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let (name, accelerator) = (&self.environment, self.accelerator.name());
        let mut text = format!(
            "{name}: started with {accelerator}, {:.1} s\n",
            self.seconds
        );
        for ReachedStage { stage, seconds } in &self.stages {
            let _ = write!(text, "  {:<14}{seconds:>7.1} s", stage.name());
            if let Some(found) = self.found_at(*stage) {
                let _ = write!(text, "  {found}");
            }
            text.push('\n');
        }
        for unit in self.units.iter().flat_map(|it| &it.failed) {
            let _ = writeln!(text, "    failed: {unit}");
        }
        for (unit, count) in self.units.iter().flat_map(|it| &it.restarted) {
            let _ = writeln!(text, "    started again: {unit}, {count} times");
        }
        for error in self.cloud_init.iter().flat_map(|it| &it.errors) {
            let _ = writeln!(text, "    cloud-init: {error}");
        }
        for id in self.checks.iter().flat_map(|it| &it.failed) {
            let _ = writeln!(text, "    does not hold: {id}");
        }
        if let Some(script) = &self.script {
            for line in script.output.lines() {
                let _ = writeln!(text, "    | {line}");
            }
        }
        let _ = writeln!(text, "  log: {}", self.log.display());
        text
    }

    /// What was found when a stage was reached.
    fn found_at(&self, stage: Stage) -> Option<String> {
        match stage {
            Stage::UserData => self.cloud_init.as_ref()?.datasource.clone(),
            Stage::Up => {
                let units = self.units.as_ref()?;
                let (active, failed) = (units.active.len(), units.failed.len());
                Some(format!("{}: {active} active, {failed} failed", units.state))
            }
            Stage::Checked => {
                let checks = self.checks.as_ref()?;
                let (passed, failed) = (checks.passed, checks.failed.len());
                let skipped = checks.skipped;
                Some(format!("{passed} pass, {failed} fail, {skipped} skipped"))
            }
            Stage::Ran => Some(format!("exit status {}", self.script.as_ref()?.status)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(stages: &[Stage]) -> BootReport {
        let reached = stages.iter().zip(1_u8..);
        BootReport {
            environment: "staging".to_owned(),
            disk: "/d/disk.raw".into(),
            accelerator: Accelerator::Tcg,
            stages: reached
                .map(|(stage, number)| ReachedStage {
                    stage: *stage,
                    seconds: f64::from(number) * 10.0,
                })
                .collect(),
            finished: stages.contains(&Stage::Off),
            cloud_init: None,
            units: None,
            checks: None,
            script: None,
            log: "/d/boot.log".into(),
            seconds: 50.5,
            last: vec!["Kernel panic".to_owned()],
            timeout_seconds: 900,
        }
    }

    const UNITS: &str = "state degraded\nactive a.service\nactive b.mount\nfailed c.service\n\
                         restarted 2 a.service\n";
    const CHECKS: &str = r#"{"checks": [{"control": "os.a", "result": "failed"}]}"#;

    fn uploads(units: &str, checks: &str) -> BTreeMap<String, String> {
        let cloud_init = r#"{"v1": {"datasource": "DataSourceEc2Local", "errors": []}}"#;
        [
            ("units", units),
            ("checks", checks),
            ("cloud-init", cloud_init),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
    }

    #[test]
    fn what_was_found_stands_where_it_was_found() {
        let stages = [
            Stage::Kernel,
            Stage::UserData,
            Stage::Up,
            Stage::Checked,
            Stage::Off,
        ];
        let report = report(&stages).with(&uploads(UNITS, CHECKS));
        assert!(report.unfinished().is_none() && !report.holds());
        assert_eq!(
            report.text(),
            "staging: started with tcg, 50.5 s\n\
             \x20 kernel           10.0 s\n\
             \x20 user data        20.0 s  DataSourceEc2Local\n\
             \x20 units up         30.0 s  degraded: 2 active, 1 failed\n\
             \x20 checks           40.0 s  0 pass, 1 fail, 0 skipped\n\
             \x20 switched off     50.0 s\n\
             \x20   failed: c.service\n\
             \x20   started again: a.service, 2 times\n\
             \x20   does not hold: os.a\n\
             \x20 log: /d/boot.log\n"
        );
    }

    #[test]
    fn all_has_to_be_well() {
        let whole = report(&[Stage::Off]);
        let well = uploads("state running\n", r#"{"checks": []}"#);
        assert!(whole.clone().with(&well).holds());
        assert!(!report(&[Stage::Up]).with(&well).holds());
        assert!(
            !whole
                .clone()
                .with(&uploads(UNITS, r#"{"checks": []}"#))
                .holds()
        );
        assert!(
            !whole
                .clone()
                .with(&uploads("state running\n", CHECKS))
                .holds()
        );
        // What was cut off says nothing.
        assert!(
            !whole
                .clone()
                .with(&uploads("state running\n", r#"{"checks": ["#))
                .holds()
        );
        let mut script = well;
        script.insert("output".to_owned(), "x\n".to_owned());
        script.insert("status".to_owned(), "3\n".to_owned());
        assert!(!whole.with(&script).holds());
    }

    #[test]
    fn who_ended_it_is_told() {
        let failure = report(&[Stage::Kernel]).unfinished().expect("unfinished");
        assert_eq!(failure.subject, "/d/disk.raw");
        assert_eq!(
            failure.problem,
            "it got as far as `kernel`, and ended by itself after 50.5 s\n  | Kernel panic"
        );
        assert_eq!(failure.help, "everything that it printed is in /d/boot.log");
        let slow = BootReport {
            timeout_seconds: 50,
            last: Vec::new(),
            ..report(&[])
        };
        let failure = slow.unfinished().expect("unfinished");
        assert_eq!(failure.problem, "it got nowhere in 50.5 s, and was ended");
        assert_eq!(
            failure.help,
            "everything that it printed is in /d/boot.log; a slow machine needs a higher --limit"
        );
    }
}

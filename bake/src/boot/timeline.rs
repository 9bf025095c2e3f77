//! How far a machine has got, and when.

use std::time::Instant;

use serde::Serialize;

/// What a machine gets to, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The firmware has found the disk.
    Firmware,
    /// Linux says its version.
    Kernel,
    /// systemd is the first process.
    Systemd,
    /// cloud-init has a token of the metadata service.
    Metadata,
    /// cloud-init has read what it is to do.
    UserData,
    /// Every unit has started or failed.
    Up,
    /// The checks have run.
    Checked,
    /// The script that was given has run.
    Ran,
    /// It has switched itself off.
    Off,
}

impl Stage {
    /// As it is printed for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Firmware => "firmware",
            Self::Kernel => "kernel",
            Self::Systemd => "systemd",
            Self::Metadata => "metadata",
            Self::UserData => "user data",
            Self::Up => "units up",
            Self::Checked => "checks",
            Self::Ran => "script",
            Self::Off => "switched off",
        }
    }

    /// What a line of the serial console says of it.
    #[must_use]
    pub fn from_console_line(line: &str) -> Option<Self> {
        let says = |word: &str| line.contains(word);
        if says("BdsDxe: starting ") && says("NVMe") {
            Some(Self::Firmware)
        } else if says("Linux version ") {
            Some(Self::Kernel)
        } else if says("systemd[1]: systemd ") {
            Some(Self::Systemd)
        } else {
            None
        }
    }
}

/// A stage, and when it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReachedStage {
    pub stage: Stage,
    /// Seconds since the machine was switched on.
    pub seconds: f64,
}

/// Every stage that was reached.
#[derive(Clone, Debug)]
pub struct Timeline {
    began: Instant,
    reached: Vec<ReachedStage>,
    /// How many of them were reported.
    reported: usize,
}

impl Timeline {
    #[must_use]
    pub fn start() -> Self {
        Self {
            began: Instant::now(),
            reached: Vec::new(),
            reported: 0,
        }
    }

    /// Seconds until now.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        (self.began.elapsed().as_secs_f64() * 10.0).round() / 10.0
    }

    /// Notes a stage, the first time that it is reached.
    pub fn reach(&mut self, stage: Stage) {
        if self.reached.iter().all(|earlier| earlier.stage != stage) {
            let seconds = self.seconds();
            self.reached.push(ReachedStage { stage, seconds });
        }
    }

    /// What was reached since this was asked last.
    pub fn take_new(&mut self) -> Vec<ReachedStage> {
        let new = self.reached[self.reported..].to_vec();
        self.reported = self.reached.len();
        new
    }

    /// All of them.
    #[must_use]
    pub fn reached(&self) -> &[ReachedStage] {
        &self.reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_says_how_far_it_got() {
        for (line, stage) in [
            (
                "BdsDxe: starting Boot0002 \"UEFI QEMU NVMe Ctrl vol1 1\" from PciRoot(0x0)",
                Some(Stage::Firmware),
            ),
            (
                "[    0.000000] Linux version 6.1.0-56-cloud-amd64 \
                 (debian-kernel@lists.debian.org)",
                Some(Stage::Kernel),
            ),
            (
                "[    9.220712] systemd[1]: systemd 252.39-1~deb12u2 running in system mode",
                Some(Stage::Systemd),
            ),
            (
                "[    9.229163] systemd[1]: Detected virtualization amazon.",
                None,
            ),
            ("BdsDxe: starting Boot0001 \"UEFI PXEv4\"", None),
            ("BdsDxe: failed to load Boot0001 \"UEFI PXEv4\"", None),
        ] {
            assert_eq!(Stage::from_console_line(line), stage, "{line}");
        }
    }

    #[test]
    fn a_stage_is_reached_once_and_told_once() {
        let mut timeline = Timeline::start();
        timeline.reach(Stage::Kernel);
        timeline.reach(Stage::Kernel);
        timeline.reach(Stage::Systemd);
        let stages = |list: &[ReachedStage]| list.iter().map(|it| it.stage).collect::<Vec<_>>();
        assert_eq!(
            stages(&timeline.take_new()),
            [Stage::Kernel, Stage::Systemd]
        );
        assert!(timeline.take_new().is_empty());
        timeline.reach(Stage::Up);
        assert_eq!(stages(&timeline.take_new()), [Stage::Up]);
        assert_eq!(timeline.reached().len(), 3);
    }
}

//! What is known of the services and of the host's memory and disk.

/// Something that the host runs and the agent checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    AdsPower,
    Xvfb,
    NoVnc,
    Disk,
    Memory,
}

impl Service {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::AdsPower,
        Self::Xvfb,
        Self::NoVnc,
        Self::Disk,
        Self::Memory,
    ];

    /// As the API, the metrics and the log call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AdsPower => "adspower",
            Self::Xvfb => "xvfb",
            Self::NoVnc => "novnc",
            Self::Disk => "disk",
            Self::Memory => "memory",
        }
    }
}

/// How a service is, after enough looks to be sure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Not yet looked at often enough.
    #[default]
    Unknown,
    Up,
    Down,
}

impl Health {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What the looks at a service found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProbeResult {
    pub health: Health,
    /// What the last look found, when it was not well.
    pub detail: String,
    /// Restarts by the agent since it started.
    pub restarts: u32,
}

/// Figures of the host.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HostFigures {
    /// Memory in use on the host, in percent.
    pub memory_percent: Option<f64>,
    /// The disk in use, in percent.
    pub disk_percent: Option<f64>,
    /// Memory of the runtime against its limit, in percent.
    pub runtime_memory_percent: Option<f64>,
    /// Browser profiles that AdsPower has open.
    pub profiles: Option<u32>,
}

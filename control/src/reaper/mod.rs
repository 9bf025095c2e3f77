//! Hosts that are silent: which are zombies and are replaced, and which are only not heard.

mod act;
mod answers;
mod findings;
mod round;
mod rules;
mod settings;
mod silent;
mod witnesses;

pub use act::{Termination, TerminationOutcome, terminate};
pub use findings::{Finding, FindingKind, OpenFinding, list, store, told};
pub use round::{Memory, reap};
pub use rules::{
    Ec2Witness, Evidence, HatchetWitness, HostFacts, ImpairedZone, Judgement, Moment, Verdict,
    ZoneSizes, judge, suspects,
};
pub use settings::{ReaperMode, ReaperSettings};
pub use silent::SilentHosts;

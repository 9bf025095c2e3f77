//! Hosts that are silent: which are zombies and are replaced, and which are only not heard.

mod act;
mod evidence;
mod findings;
mod hatchet_worker;
mod round;
mod rules;
mod settings;

pub use act::{Termination, TerminationOutcome, terminate};
pub use findings::{Finding, FindingKind, OpenFinding, list, store, told};
pub use round::reap;
pub use rules::{
    Ec2Witness, Evidence, HatchetWitness, HostFacts, ImpairedZone, Judgement, Moment, Verdict,
    judge, suspects,
};
pub use settings::{ReaperMode, ReaperSettings};

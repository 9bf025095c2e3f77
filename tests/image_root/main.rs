//! The image, made here and looked at: in a real root file system, with the real programs.
//!
//! It needs root, and the programs that `.ci/run` installs. The first run makes the root file
//! system of Debian's packages in `target/image`; later ones take it from there.
#![cfg(target_os = "linux")]

mod again;
mod audit;
mod baked;
mod boot;
mod checks;
mod contents;
mod disk;
mod interruption;
mod kept;
mod refusals;
mod validators;

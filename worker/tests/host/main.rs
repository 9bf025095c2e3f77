//! The agent as it ships, on a whole instance: every fake of the test kit, the real D-Bus, the
//! real runtime with Hatchet's TypeScript SDK. One file for each kind of trouble.
//!
//! After each case nothing has panicked, no secret shows in a log or a command line, no process is
//! left unwaited for and every metric is accounted for: `Harness::end` checks it.

mod support;

mod boot;
mod checks;
mod control_plane;
mod cut_off;
mod doctor;
mod drain_paths;
mod engine;
mod engine_scene;
mod environment_files;
mod group;
mod host;
mod main_path;
mod metadata;
mod orders;
mod outages;
mod proxy;
mod real_choice;
mod real_drain;
mod real_engine;
mod real_limits;
mod registry;
mod restarts;
mod runtime;
mod services;
mod socket;
mod spot;
mod tls;
mod upgrade;
mod wire;

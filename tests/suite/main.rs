//! The tests of valet-gen that need no harness of their own: a module for each subject, in one program,
//! because linking a program for each takes longer than running them.
//!
//! `cargo test --test suite golden::` runs those of one subject.

mod agent;
mod audit;
#[cfg(all(feature = "aws", target_os = "linux"))]
mod bake_aws;
#[cfg(target_os = "linux")]
mod bake_plan;
mod bill_of_materials;
mod cis;
mod cli;
mod cli_errors;
mod cli_reference;
mod cloud_config;
mod cloudwatch;
#[cfg(feature = "comment")]
mod comment;
mod derivation;
mod determinism;
mod diagnostic_formats;
mod diagnostics;
mod diff;
mod diff_effects;
mod diff_losses;
mod diff_refused;
mod drift;
mod drift_formats;
mod figures;
mod firewall;
mod golden;
mod hostile;
mod hostile_fleet;
mod hostile_plan;
mod image_files;
mod imagebuilder;
mod images_lock;
mod input_cases;
mod input_effects;
mod input_remedies;
mod input_text;
mod interrupted;
mod judged;
mod keys;
mod manifest;
mod moved_subnets;
mod obstacles;
mod oracle_keys;
mod output_folder;
mod output_git;
mod packer;
mod page_examples;
mod pages;
mod permissions;
mod plan;
mod plan_listed;
mod plan_module;
mod plan_opened;
mod plan_permissions;
mod plan_protections;
mod plan_review;
mod plan_review_command;
mod plan_waivers;
mod planner;
mod planted_secrets;
mod preflight_trace;
mod prerequisites;
mod properties;
mod provider_arguments;
mod readme_change;
mod recipes;
mod reference;
mod refused;
mod resource_names;
mod sarif;
mod scaling_contract;
mod shells;
mod starter;
mod templates;
mod terraform_strings;
mod verify;
mod vocabulary;
mod workspace;
mod write;

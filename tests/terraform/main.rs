//! What valet-gen renders, handed to the programs that it is rendered for: `terraform fmt`,
//! `terraform validate`, `tofu validate`, checkov, trivy, and `terraform apply` against a mock of AWS.
//!
//! A test whose program is not on this machine is skipped and says so. With `CI=true` it fails.

mod adopting;
mod bill_of_materials;
mod checkov;
mod end_to_end;
mod fmt_and_validate;
mod lifecycles;
mod matrix;
mod modules;
mod oracle;
mod program;
mod providers;
mod questions;
mod report;
mod root_module;
mod shared_provider;
mod tofu;
mod trials;
mod trivy;

use std::process::ExitCode;

use libtest_mimic::Arguments;

use trials::Trials;

/// Each `terraform` holds several hundred megabytes of provider in memory.
const MAX_AT_ONCE: usize = 2;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(MAX_AT_ONCE);

    let mut trials = Trials::default();
    // The longest first, so that the others run beside it.
    end_to_end::add(&mut trials);
    lifecycles::add(&mut trials);
    oracle::add(&mut trials);
    adopting::add(&mut trials);
    checkov::add(&mut trials);
    bill_of_materials::add(&mut trials);
    fmt_and_validate::add(&mut trials);
    matrix::add(&mut trials);
    tofu::add(&mut trials);
    trivy::add(&mut trials);

    let only_listing = arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials.into_vec());
    if !only_listing {
        report::print();
    }
    conclusion.exit_code()
}

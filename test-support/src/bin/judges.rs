//! Builds the judges that the test command asks, or those that are named, and prints where their
//! programs are.
//!
//! `cargo run -p test-support --bin judges -- tofu trivy`. Tests build what they need by themselves:
//! this is for doing it beforehand.

use std::process::ExitCode;

use test_support::judges::{JUDGES, Judge, Seat};
use test_support::problem::Problem;

fn main() -> ExitCode {
    let named: Vec<String> = std::env::args().skip(1).collect();
    for name in &named {
        if !JUDGES.iter().any(|judge| judge.name == name) {
            let known: Vec<&str> = JUDGES.iter().map(|judge| judge.name).collect();
            eprintln!(
                "error: there is no judge {name}; there are {}",
                known.join(", ")
            );
            return ExitCode::from(2);
        }
    }
    let is_wanted = |judge: &&&Judge| {
        if named.is_empty() {
            judge.seat == Seat::EveryRun
        } else {
            named.iter().any(|name| name == judge.name)
        }
    };
    let mut code = ExitCode::SUCCESS;
    for judge in JUDGES.iter().filter(is_wanted) {
        for program in judge.programs {
            match judge.program(program) {
                Ok(path) => println!("{}", path.display()),
                Err(Problem::Missing(why) | Problem::Failed(why)) => {
                    eprintln!("error: {why}");
                    code = ExitCode::FAILURE;
                }
            }
        }
    }
    code
}

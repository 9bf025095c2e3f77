//! The commands that ask AWS. They are there in every build; one without the SDK says which build has it.

#[cfg(feature = "aws")]
mod digests;
#[cfg(feature = "aws")]
mod gc;
#[cfg(feature = "aws")]
mod inputs;
#[cfg(feature = "aws")]
mod locked;
#[cfg(feature = "aws")]
mod make;
#[cfg(feature = "aws")]
mod migrate;
mod options;
#[cfg(feature = "aws")]
mod plan_file;
#[cfg(feature = "aws")]
mod preflight;
#[cfg(feature = "aws")]
mod promote;
#[cfg(feature = "aws")]
mod promotion;
#[cfg(feature = "aws")]
mod protect;
#[cfg(feature = "aws")]
mod secret_values;
#[cfg(feature = "aws")]
mod show;
#[cfg(feature = "aws")]
mod sweep;
#[cfg(feature = "aws")]
mod unfinished;

use super::Exit;
use super::bake::{AbortArgs, GcArgs, LifeArgs, PromoteArgs, RollbackArgs, SweepArgs};
use super::preflight::Args as PreflightArgs;
use super::secrets::{MigrateArgs, PushArgs, StatusArgs};
pub use options::BakeOptions;

macro_rules! commands {
    ($($name:ident($arguments:ty) is $shown:literal by $module:ident;)*) => {$(
        #[cfg(feature = "aws")]
        pub fn $name(arguments: $arguments) -> Exit {
            $module::$name(arguments)
        }

        #[cfg(not(feature = "aws"))]
        pub fn $name(_: $arguments) -> Exit {
            without_sdk($shown)
        }
    )*};
}

commands! {
    make(&BakeOptions<'_>) is "bake" by make;
    status(&LifeArgs) is "bake status" by unfinished;
    abort(&AbortArgs) is "bake abort" by unfinished;
    promote(&PromoteArgs) is "bake promote" by promote;
    rollback(&RollbackArgs) is "bake rollback" by promote;
    list(&LifeArgs) is "bake list" by gc;
    gc(&GcArgs) is "bake gc" by gc;
    sweep(&SweepArgs) is "bake sweep" by sweep;
    preflight(&PreflightArgs) is "preflight" by preflight;
    migrate(&MigrateArgs) is "secrets migrate" by migrate;
    push(&PushArgs) is "secrets push" by secret_values;
    secret_status(&StatusArgs) is "secrets status" by secret_values;
}

/// Says which build has the command.
#[cfg(not(feature = "aws"))]
fn without_sdk(command: &str) -> Exit {
    let others = match command {
        "bake" => "; `bake --local` and `bake --plan` need none",
        _ => "",
    };
    super::print::line_to_stderr(format_args!(
        "error: {command}: this build of valet-gen has no AWS SDK\n  help: take a released binary, or build one with `cargo build --release --features aws`{others}"
    ));
    Exit::MissingPrerequisite
}

//! The command line: every command with its arguments, and what is said of it.

use clap::{Parser, Subcommand, ValueEnum};

#[cfg(all(feature = "bake", target_os = "linux"))]
use super::image;
use super::{
    Exit, audit, bake, cost, diff, exit, explain, generate, graph, init, plan_review, preflight,
    print, render, secrets, validate,
};

/// Generate a whole EC2 fleet of browser workers from one fleet.toml, as files to review.
#[derive(Debug, Parser)]
#[command(
    name = "valet-gen",
    version,
    about,
    after_help = exit::help(),
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: OutputArgs,
}

/// How much is printed, and how.
#[derive(Debug, clap::Args)]
struct OutputArgs {
    /// Do not print what was done; findings, errors and results are still printed.
    #[arg(long, short, global = true, display_order = 900)]
    quiet: bool,
    /// When to print in color.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        display_order = 901
    )]
    color: Color,
}

/// When to print in color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    Always,
    Never,
}

impl OutputArgs {
    /// Sets it for the whole process.
    fn apply(&self) {
        print::set_quiet(self.quiet);
        let choice = match self.color {
            Color::Auto => return,
            Color::Always => anstream::ColorChoice::AlwaysAnsi,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a commented starter fleet.toml.
    #[command(after_help = init::EXAMPLES)]
    Init(init::Args),
    /// Check fleet files against every rule, and write nothing.
    #[command(visible_alias = "check", after_help = validate::EXAMPLES)]
    Validate(validate::Args),
    /// Write all files of a fleet, or check the written ones with --check.
    #[command(after_help = render::EXAMPLES)]
    Render(render::Args),
    /// Build the machine image, on AWS or on this machine, and verify it.
    #[command(after_help = bake::EXAMPLES)]
    Bake(Box<bake::Args>),
    /// Verify a machine image, or boot it as EC2 would.
    #[cfg(all(feature = "bake", target_os = "linux"))]
    #[command(subcommand, after_help = image::EXAMPLES)]
    Image(image::Command),
    /// Ask an account what would make the first apply or bake fail, and change nothing.
    #[command(after_help = preflight::EXAMPLES)]
    Preflight(preflight::Args),
    /// Store the values of secrets under the names that Terraform made, or report what is known of them.
    #[command(subcommand, after_help = secrets::EXAMPLES)]
    Secrets(secrets::Command),
    /// Estimate what a fleet costs a month.
    #[command(after_help = cost::EXAMPLES)]
    Cost(cost::Args),
    /// Report what enforces each hardening control, and where.
    #[command(after_help = audit::EXAMPLES)]
    Audit(audit::Args),
    /// Compare two states of a fleet: what changes in AWS, why, and what follows.
    #[command(after_help = diff::EXAMPLES)]
    Diff(diff::Args),
    /// Review what a plan of Terraform does, before it is applied.
    #[command(after_help = plan_review::EXAMPLES)]
    PlanReview(plan_review::Args),
    /// Draw the fleet as SVG or Mermaid.
    #[command(after_help = graph::EXAMPLES)]
    Graph(graph::Args),
    /// Explain a diagnostic code.
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::Args),
    /// Print the JSON Schema of fleet.toml, for editors, or of a document that a command prints.
    #[command(after_help = generate::SCHEMA_EXAMPLES)]
    Schema(generate::SchemaArgs),
    /// Write the reference pages of the language, the rules, the alarms and the metrics.
    #[command(after_help = generate::DOCS_EXAMPLES)]
    Docs(generate::DocsArgs),
    /// Print a completion script for a shell.
    #[command(after_help = generate::COMPLETIONS_EXAMPLES)]
    Completions(generate::CompletionsArgs),
    /// Print the manual page, or write the pages of all commands to a folder.
    #[command(after_help = generate::MAN_EXAMPLES)]
    Man(generate::ManArgs),
}

impl Cli {
    /// Runs the command and says how the process ends.
    #[must_use]
    pub fn run(self) -> Exit {
        self.output.apply();
        print::fail_if_output_lost(match self.command {
            Command::Init(arguments) => init::run(&arguments),
            Command::Validate(arguments) => validate::run(&arguments),
            Command::Render(arguments) => render::run(&arguments),
            Command::Bake(arguments) => bake::run(&arguments),
            #[cfg(all(feature = "bake", target_os = "linux"))]
            Command::Image(command) => image::run(&command),
            Command::Preflight(arguments) => preflight::run(&arguments),
            Command::Secrets(command) => secrets::run(&command),
            Command::Cost(arguments) => cost::run(&arguments),
            Command::Audit(arguments) => audit::run(&arguments),
            Command::Diff(arguments) => diff::run(&arguments),
            Command::PlanReview(arguments) => plan_review::run(&arguments),
            Command::Graph(arguments) => graph::run(&arguments),
            Command::Explain(arguments) => explain::run(&arguments),
            Command::Schema(arguments) => generate::schema(&arguments),
            Command::Docs(arguments) => generate::docs(&arguments),
            Command::Completions(arguments) => generate::completions(&arguments),
            Command::Man(arguments) => generate::man(&arguments),
        })
    }
}

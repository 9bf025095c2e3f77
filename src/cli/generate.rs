//! Commands that print what the program knows of itself: schema, reference, completions, manual.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap_complete::Shell;
use clap_complete::env::Shells;
use serde_json::Value;

use super::exit::{file_error, internal_error};
use super::{Exit, complete, man, print};
use crate::fleet::schema as fleet_schema;
use crate::reference;
use crate::review::schema;

pub const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  valet-gen completions bash > ~/.local/share/bash-completion/completions/valet-gen
  valet-gen completions fish > ~/.config/fish/completions/valet-gen.fish";

pub const DOCS_EXAMPLES: &str = "\
Examples:
  valet-gen docs               write them to docs/, and fleet.schema.json beside it
  valet-gen docs --out build";

pub const MAN_EXAMPLES: &str = "\
Examples:
  valet-gen man | man -l -     read the page of the program
  valet-gen man --out man1     write one page for each command";

pub const SCHEMA_EXAMPLES: &str = "\
Examples:
  valet-gen schema > fleet.schema.json
  valet-gen schema diff        what `valet-gen diff --format json` prints";

#[derive(Debug, clap::Args)]
pub struct DocsArgs {
    /// The folder of the reference pages; fleet.schema.json goes beside it.
    #[arg(long, value_name = "FOLDER", default_value = "docs")]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct SchemaArgs {
    /// What the schema is of.
    #[arg(value_enum, default_value_t, value_name = "DOCUMENT")]
    of: SchemaOf,
}

/// Documents that have a schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum SchemaOf {
    /// fleet.toml
    #[default]
    Fleet,
    /// What `diff --format json` prints.
    Diff,
    /// What `plan-review --format json` prints.
    PlanReview,
}

#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The folder to write one page per command to; without it the program's own page is printed.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Prints a schema.
pub fn schema(arguments: &SchemaArgs) -> Exit {
    print::to_stdout(match arguments.of {
        SchemaOf::Fleet => schema_text(),
        SchemaOf::Diff => pretty(&schema::of_diff()),
        SchemaOf::PlanReview => pretty(&schema::of_plan_review()),
    });
    Exit::Success
}

fn pretty(schema: &Value) -> String {
    format!("{schema:#}\n")
}

/// The schema as fleet.schema.json has it.
pub fn schema_text() -> String {
    pretty(&fleet_schema::of_file())
}

/// Writes the schemas and every reference page.
pub fn docs(arguments: &DocsArgs) -> Exit {
    let beside = arguments.out.parent().unwrap_or(Path::new(""));
    let mut files = vec![
        (beside.join("fleet.schema.json"), schema_text()),
        (
            beside.join("worker.schema.json"),
            pretty(valet_protocol::config::schema().as_value()),
        ),
        (beside.join("diff.schema.json"), pretty(&schema::of_diff())),
        (
            beside.join("plan-review.schema.json"),
            pretty(&schema::of_plan_review()),
        ),
        (
            beside.join("instance.schema.json"),
            format!("{:#}\n", valet_protocol::instance::schema().as_value()),
        ),
    ];
    for (name, page) in reference::pages() {
        files.push((arguments.out.join(name), page));
    }
    for (path, text) in files {
        let written = std::fs::create_dir_all(path.parent().unwrap_or(Path::new("")))
            .and_then(|()| std::fs::write(&path, text));
        if let Err(error) = written {
            return file_error(
                &path.display(),
                &error,
                "choose a writable folder with --out",
            );
        }
    }
    Exit::Success
}

/// Prints a completion script, which asks the program itself at every key.
pub fn completions(arguments: &CompletionsArgs) -> Exit {
    let shells = Shells::builtins();
    let mut out = Vec::new();
    let Some(shell) = shells.completer(&arguments.shell.to_string()) else {
        return internal_error(&format!("no completions for {}", arguments.shell));
    };
    let written = shell.write_registration(
        complete::VARIABLE,
        "valet-gen",
        "valet-gen",
        "valet-gen",
        &mut out,
    );
    if let Err(error) = written {
        return internal_error(&error);
    }
    print::to_stdout(String::from_utf8_lossy(&out));
    Exit::Success
}

/// Prints the manual page, or writes those of all commands.
pub fn man(arguments: &ManArgs) -> Exit {
    let problem = match &arguments.out {
        Some(folder) => man::write_pages(folder)
            .err()
            .map(|error| (folder.display().to_string(), error)),
        None => match man::page() {
            Ok(page) => {
                print::to_stdout(String::from_utf8_lossy(&page));
                None
            }
            Err(error) => Some(("manual page".to_owned(), error)),
        },
    };
    match problem {
        None => Exit::Success,
        Some((path, error)) => file_error(&path, &error, "choose a writable folder with --out"),
    }
}

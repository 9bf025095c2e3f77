//! Commands that print what the program knows of itself: schema, reference, completions, manual.

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::exit::file_error;
use super::{Cli, Exit, print};
use crate::fleet::schema as fleet_schema;
use crate::reference;

#[derive(Debug, clap::Args)]
pub struct DocsArgs {
    /// The folder of the reference pages; the schema goes beside it.
    #[arg(long, value_name = "FOLDER", default_value = "docs")]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// A folder for one page per command.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Prints the schema of fleet.toml.
pub fn schema() -> Exit {
    print::out(schema_text());
    Exit::Success
}

/// The schema as fleet.schema.json has it.
fn schema_text() -> String {
    format!("{:#}\n", fleet_schema::of_file())
}

/// Writes the schemas and every reference page.
pub fn docs(arguments: &DocsArgs) -> Exit {
    let beside = arguments.out.parent().unwrap_or(Path::new(""));
    let mut files = vec![
        (beside.join("fleet.schema.json"), schema_text()),
        (
            beside.join("worker.schema.json"),
            format!("{:#}\n", valet_protocol::config::schema().as_value()),
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

/// Prints a completion script.
pub fn completions(arguments: &CompletionsArgs) -> Exit {
    let mut out = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "valet-gen", &mut out);
    print::out(String::from_utf8_lossy(&out));
    Exit::Success
}

/// Prints the manual page, or writes those of all commands.
pub fn man(arguments: &ManArgs) -> Exit {
    let problem = match &arguments.out {
        Some(folder) => std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
            .err()
            .map(|error| (folder.display().to_string(), error)),
        None => {
            let mut out = Vec::new();
            let rendered = clap_mangen::Man::new(Cli::command()).render(&mut out);
            print::out(String::from_utf8_lossy(&out));
            rendered
                .err()
                .map(|error| ("manual page".to_owned(), error))
        }
    };
    match problem {
        None => Exit::Success,
        Some((path, error)) => file_error(&path, &error, "choose a writable folder with --out"),
    }
}

//! The manual pages: those of clap, with examples and exit codes in the sections where readers look for them.

use std::fs;
use std::io;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::Cli;

/// The page of the program itself.
pub fn page() -> io::Result<Vec<u8>> {
    let mut cli = Cli::command();
    cli.build();
    let mut out = Vec::new();
    render(&cli, &mut out)?;
    Ok(out)
}

/// Writes the pages of the program and of every command to a folder.
pub fn write_pages(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    write_page(&cli, folder)
}

fn write_page(command: &Command, folder: &Path) -> io::Result<()> {
    let mut out = Vec::new();
    let name = render(command, &mut out)?;
    fs::write(folder.join(name), out)?;
    command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set())
        .try_for_each(|inner| write_page(inner, folder))
}

/// Writes a page, and gives the name of its file.
fn render(command: &Command, out: &mut Vec<u8>) -> io::Result<String> {
    let name = command
        .get_display_name()
        .unwrap_or(command.get_name())
        .to_owned();
    let after = command.get_after_help().map(ToString::to_string);
    let man = Man::new(command.clone());
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    if command
        .get_arguments()
        .any(|argument| !argument.is_hide_set())
    {
        man.render_options_section(out)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(out)?;
    }
    if let Some(after) = after {
        out.extend(verbatim_sections(&after));
    }
    if command.get_version().is_some() {
        man.render_version_section(out)?;
    }
    Ok(format!("{name}.1"))
}

/// The text below a command's help: a block that begins with `Examples:` or `Exit codes:` is a section of its own, whose
/// lines are not filled.
fn verbatim_sections(text: &str) -> Vec<u8> {
    let mut roff = Roff::new();
    for block in text.split("\n\n") {
        let (heading, lines) = match block.split_once('\n') {
            Some(("Examples:", lines)) => ("EXAMPLES", lines),
            Some(("Exit codes:", lines)) => ("EXIT STATUS", lines),
            _ => ("NOTES", block),
        };
        roff.control("SH", [heading]);
        if heading == "NOTES" {
            roff.text([roman(lines)]);
            continue;
        }
        roff.control("nf", []);
        for line in lines.lines() {
            roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
        }
        roff.control("fi", []);
    }
    roff.render().into_bytes()
}

//! `valet-gen secrets migrate`: the values of a `.env` file to where Terraform made the names.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _, stdin};

use valet_bake_aws::dotenv::{self, Entry};
use valet_bake_aws::sdk::{self, DeclaredSecret};
use zeroize::Zeroizing;

use super::inputs::Inputs;
use super::protect::keep_out_of_core_dumps;
use super::secret_values::{check_value, declared, key_of, store_name};
use super::show::run_plain;
use crate::catalog::most_similar;
use crate::cli::exit::{file_error, usage_error};
use crate::cli::secrets::MigrateArgs;
use crate::cli::{Exit, print};

/// The largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

pub fn migrate(arguments: &MigrateArgs) -> Exit {
    migrated(arguments).unwrap_or_else(|exit| exit)
}

fn migrated(arguments: &MigrateArgs) -> Result<Exit, Exit> {
    keep_out_of_core_dumps();
    let inputs = Inputs::read(&arguments.fleet, arguments.environment.as_deref())?;
    let environment = inputs.environment();
    let all = declared(environment);
    let entries = read(arguments)?;
    let mapping = mapping(arguments, &entries, &all)?;
    // Everything is looked at before anything is stored.
    let mut moves: Vec<(&Entry, &DeclaredSecret)> = Vec::new();
    for entry in &entries {
        let wanted = mapping
            .get(entry.name.as_str())
            .map_or(entry.name.as_str(), |it| *it);
        let Some(secret) = all.iter().find(|secret| secret.name == wanted) else {
            continue;
        };
        check_value(secret, &entry.value)?;
        moves.push((entry, secret));
    }
    show(&entries, &moves, &all);
    if moves.is_empty() {
        return Err(usage_error(
            &arguments.file.display(),
            &"none of its names is a secret of [secrets]",
            "map them with --map NAME=SECRET, or declare them and apply",
        ));
    }
    confirm(arguments, moves.len(), &environment.identity.environment)?;
    let key = key_of(environment);
    for (entry, secret) in &moves {
        run_plain(sdk::push(
            &environment.identity.region,
            &key,
            secret,
            &entry.value,
        ))?;
        print::line_to_stdout(format_args!("{} has a new value", secret.path));
    }
    print::line_to_stdout(format_args!(
        "{} of {} secrets have a value from {}. Delete the file where nothing else needs it.",
        moves.len(),
        all.len(),
        arguments.file.display()
    ));
    Ok(Exit::Success)
}

fn read(arguments: &MigrateArgs) -> Result<Vec<Entry>, Exit> {
    let shown = arguments.file.display();
    let help = "name a .env file that can be read";
    let size =
        std::fs::metadata(&arguments.file).map_err(|error| file_error(&shown, &error, help))?;
    if size.len() > MAX_FILE_BYTES {
        return Err(file_error(
            &shown,
            &format!("it is larger than {MAX_FILE_BYTES} bytes"),
            help,
        ));
    }
    let bytes = Zeroizing::new(
        std::fs::read(&arguments.file).map_err(|error| file_error(&shown, &error, help))?,
    );
    let text =
        std::str::from_utf8(&bytes).map_err(|_| file_error(&shown, &"it is not UTF-8", help))?;
    dotenv::parse(text).map_err(|error| {
        let place = format!("{shown}, line {}", error.line);
        usage_error(&place, &error.problem, error.help)
    })
}

/// What `--map` says, held against both sides.
fn mapping<'m>(
    arguments: &'m MigrateArgs,
    entries: &[Entry],
    all: &[DeclaredSecret],
) -> Result<BTreeMap<&'m str, &'m str>, Exit> {
    let mut mapping = BTreeMap::new();
    for one in &arguments.map {
        let shown = format!("--map {one}");
        let (from, to) = one.split_once('=').ok_or_else(|| {
            usage_error(
                &shown,
                &"it is not NAME=SECRET",
                "write the name in the file, `=`, and the name in [secrets]",
            )
        })?;
        if !entries.iter().any(|entry| entry.name == from) {
            let near = most_similar(from, entries.iter().map(|entry| entry.name.as_str()));
            return Err(usage_error(
                &shown,
                &format!("the file has no `{from}`"),
                &near.map_or_else(
                    || "name one that it has".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
            ));
        }
        if !all.iter().any(|secret| secret.name == to) {
            let near = most_similar(to, all.iter().map(|secret| secret.name.as_str()));
            return Err(usage_error(
                &shown,
                &format!("[secrets] has no `{to}`"),
                &near.map_or_else(
                    || "declare it there, and apply".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
            ));
        }
        mapping.insert(from, to);
    }
    let mut targets: Vec<&str> = entries
        .iter()
        .map(|entry| {
            mapping
                .get(entry.name.as_str())
                .map_or(entry.name.as_str(), |it| *it)
        })
        .collect();
    targets.sort_unstable();
    let twice = targets
        .windows(2)
        .find(|pair| pair[0] == pair[1] && all.iter().any(|secret| secret.name == pair[0]));
    if let Some([twice, ..]) = twice {
        return Err(usage_error(
            twice,
            &"two names of the file would become this secret",
            "leave one of them out of the file, or map it elsewhere",
        ));
    }
    Ok(mapping)
}

/// Where each value goes. Of a value nothing is shown but its length.
fn show(entries: &[Entry], moves: &[(&Entry, &DeclaredSecret)], all: &[DeclaredSecret]) {
    for (entry, secret) in moves {
        let length = entry.value.len();
        let unit = if length == 1 { "byte" } else { "bytes" };
        print::line_to_stdout(format_args!(
            "{:<28} -> {} ({}, {length} {unit})",
            entry.name,
            secret.path,
            store_name(secret.store)
        ));
    }
    for entry in entries
        .iter()
        .filter(|entry| !moves.iter().any(|(moved, _)| moved.name == entry.name))
    {
        let near = most_similar(&entry.name, all.iter().map(|secret| secret.name.as_str()));
        let hint = near.map_or_else(String::new, |near| {
            format!(
                "; if it is `{near}` here, `--map {}={near}` moves it",
                entry.name
            )
        });
        print::line_to_stdout(format_args!(
            "{:<28} stays: [secrets] has no such name{hint}",
            entry.name
        ));
    }
    for secret in all
        .iter()
        .filter(|secret| !moves.iter().any(|(_, moved)| moved.name == secret.name))
    {
        print::line_to_stdout(format_args!(
            "{:<28} gets no value from this file",
            secret.name
        ));
    }
}

fn confirm(arguments: &MigrateArgs, count: usize, environment: &str) -> Result<(), Exit> {
    if arguments.yes {
        return Ok(());
    }
    if !stdin().is_terminal() {
        return Err(usage_error(
            &"secrets migrate",
            &"nobody is there to confirm this, and nothing was stored",
            "look at what is named above, and run it again with --yes",
        ));
    }
    print::to_stderr(format_args!(
        "Store {count} values in environment `{environment}`? [y/N] "
    ));
    let mut answer = String::new();
    let read = stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    print::line_to_stderr("nothing was stored");
    Err(Exit::Success)
}

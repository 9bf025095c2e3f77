//! Plans of what may be deleted: written, read again, and held against the fleet that they are applied to.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use valet_bake_aws::retention::Verdict;

use crate::cli::exit::{file_error, usage_error};
use crate::cli::{Exit, ResultFormat, print};
use crate::resolve::Identity;

/// The version of the format of every plan.
pub const VERSION: u32 = 1;

/// The largest plan that is read, in bytes: a line of some 500 for each image or leftover.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Whose plan it is.
pub struct PlanOf<'p> {
    pub version: u32,
    pub fleet: &'p str,
    pub environment: &'p str,
}

/// Writes a plan to the file that is named, and prints it where JSON is asked for. Says whether it was printed.
pub fn write(
    plan: &impl Serialize,
    file: Option<&Path>,
    format: ResultFormat,
) -> Result<bool, Exit> {
    let text = serde_json::to_string_pretty(plan).unwrap_or_default() + "\n";
    if let Some(file) = file {
        let help = "choose a file in a folder that can be written, with --plan";
        fs::write(file, &text).map_err(|error| file_error(&file.display(), &error, help))?;
    }
    let prints = format == ResultFormat::Json;
    if prints {
        print::to_stdout(text);
    }
    Ok(prints)
}

/// Says what to do with a plan that was written.
pub fn say_how_to_apply(file: Option<&Path>, command: &str) {
    if let Some(file) = file {
        print::line_to_stdout(format_args!(
            "review {}, and run `valet-gen bake {command} --apply {0}`",
            file.display()
        ));
    }
}

/// Prints what of a plan was done, as JSON: one member with these lines of it.
pub fn print(what: &str, lines: &[impl Serialize]) {
    let done = BTreeMap::from([(what, lines)]);
    print::line_to_stdout(serde_json::to_string_pretty(&done).unwrap_or_default());
}

/// Reads a plan that `bake <command> --plan` wrote.
pub fn read<P: DeserializeOwned>(file: &Path, command: &str) -> Result<P, Exit> {
    let help = format!("name a plan that `bake {command} --plan FILE` wrote");
    let shown = file.display();
    let mut text = String::new();
    fs::File::open(file)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| file_error(&shown, &error, &help))?;
    if text.len() as u64 > MAX_BYTES {
        let problem = format!("it is larger than {MAX_BYTES} bytes");
        return Err(file_error(&shown, &problem, &help));
    }
    serde_json::from_str(&text).map_err(|error| file_error(&shown, &error, &help))
}

/// A plan holds for the fleet and the environment that it was made for.
pub fn refuse_other(file: &Path, plan: &PlanOf<'_>, identity: &Identity) -> Result<(), Exit> {
    let PlanOf {
        version,
        fleet,
        environment,
    } = *plan;
    let expected = (
        VERSION,
        identity.fleet.as_str(),
        identity.environment.as_str(),
    );
    if (version, fleet, environment) == expected {
        return Ok(());
    }
    Err(usage_error(
        &file.display(),
        &format!(
            "it is a plan of version {version} for fleet `{fleet}`, environment `{environment}`, and not of version {} for fleet `{}`, environment `{}`",
            expected.0, expected.1, expected.2
        ),
        "name that fleet file and environment, or make a new plan with this version",
    ))
}

/// The word in front of a line of the plan.
pub fn verdict(verdict: Verdict, going: &'static str) -> &'static str {
    match verdict {
        Verdict::Delete => going,
        Verdict::Keep => "keep",
    }
}

/// As many of them, in words.
pub fn counted(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one} is"),
        _ => format!("{count} {one}s are"),
    }
}

//! `valet-gen init`

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::exit::{file_error, usage_error};
use super::pipeline::{STANDARD_INPUT, print_to_stderr, today};
use super::{Exit, generate, print};
use crate::catalog::regional::{self, Offer};
use crate::catalog::regions;
use crate::diagnostic::SourceText;
use crate::{check, load};

pub const EXAMPLES: &str = "\
Examples:
  valet-gen init && valet-gen render
  valet-gen init --name shop --region eu-west-1 --environments staging,production \\
      --email ops@example.com --backend s3 --bucket shop-terraform-state
  valet-gen init --out fleets/eu.toml
  valet-gen init --out -                      print it, and write nothing";

/// A fleet that renders as it is, with every choice that most people make next as a comment.
const STARTER: &str = include_str!("../../templates/init/fleet.toml");

/// The name of the schema that the starter names for editors.
const SCHEMA: &str = "fleet.schema.json";

/// What belongs in no repository: Terraform's downloads, states and plans, and images.
const IGNORED: &str = "\
# Terraform's downloads, states and plans; the lock file .terraform.lock.hcl is committed.
.terraform/
*.tfstate
*.tfstate.*
*.tfplan
# Images that `valet-gen bake` makes.
baked/
";

/// Rendered files are compared byte by byte, and reviewed as what fleet.toml makes of itself.
const ATTRIBUTES: &str = "\
# Rendered files stay as they are rendered on every machine.
generated/** text eol=lf linguist-generated=true
fleet.toml text eol=lf
";

/// Where Terraform keeps the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum BackendKind {
    /// A file beside the module.
    #[default]
    Local,
    /// An S3 bucket, with a lock file in it; it takes `--bucket`.
    S3,
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The fleet's name, which begins the name of every resource.
    #[arg(long, value_name = "NAME", default_value = "valet")]
    name: String,
    /// The AWS region.
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    region: String,
    /// The environments; one called `production` when left out.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    environments: Vec<String>,
    /// The address that alarms are sent to; may be given several times.
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    email: Vec<String>,
    /// Where Terraform keeps the state.
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    backend: BackendKind,
    /// The bucket of the state, with `--backend s3`. [default: <name>-terraform-state]
    #[arg(long, value_name = "BUCKET")]
    bucket: Option<String>,
    /// The file to write, or `-` for standard output; an existing one is never overwritten.
    #[arg(long, value_name = "FILE", default_value = "fleet.toml")]
    out: PathBuf,
}

pub fn run(arguments: &Args) -> Exit {
    if arguments.bucket.is_some() && arguments.backend == BackendKind::Local {
        let help = "add --backend s3";
        return usage_error(&"--bucket", &"a local state is in no bucket", help);
    }
    let text = starter(arguments);
    if !is_valid(&text, &arguments.out) {
        return Exit::Usage;
    }
    if arguments.out == Path::new(STANDARD_INPUT) {
        print::to_stdout(text);
        return Exit::Success;
    }
    match write_all(&arguments.out, &text) {
        Ok(beside) => {
            let path = arguments.out.display();
            let beside = beside.join(", ");
            let with = if beside.is_empty() {
                String::new()
            } else {
                format!(" with {beside}")
            };
            print::status(format_args!(
                "{path}: written{with}; look through it, then `valet-gen render`\n"
            ));
            Exit::Success
        }
        Err(exit) => exit,
    }
}

/// Whether the rules accept what the arguments say. What they do not is printed, with its place in the text.
fn is_valid(text: &str, out: &Path) -> bool {
    let source = SourceText {
        path: out.display().to_string(),
        text: text.to_owned(),
    };
    let report = match load::load(&source) {
        Ok(loaded) => check::check(&source, loaded, today()).report,
        Err(report) => report,
    };
    let is_valid = !report.has_errors();
    if !is_valid {
        print_to_stderr(&[report]);
        print::line_to_stderr(
            "error: nothing was written\n  help: correct the argument that the line above comes from",
        );
    }
    is_valid
}

/// The starter with the arguments in it.
fn starter(arguments: &Args) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut text = STARTER
        .replacen(
            "name   = \"valet\" ",
            &format!("name   = {} ", quoted(&arguments.name)),
            1,
        )
        .replacen(
            "region = \"us-east-1\"",
            &format!("region = {}", quoted(&arguments.region)),
            1,
        );
    if arguments.region != "us-east-1" {
        text = in_region(&text, &arguments.region);
    }
    if arguments.backend == BackendKind::S3 {
        let default = || format!("{}-terraform-state", arguments.name);
        let bucket = arguments.bucket.clone().unwrap_or_else(default);
        let backend = format!(
            "backend = {{ type = \"s3\", bucket = {} }}",
            quoted(&bucket)
        );
        text = replace_line(&text, "# backend = ", &backend);
    }
    if !arguments.email.is_empty() {
        let addresses: Vec<String> = arguments.email.iter().map(|email| quoted(email)).collect();
        let email = format!("email = [{}]", addresses.join(", "));
        text = replace_line(&text, "# email = ", &email);
        let reason = text.lines().find(|line| line.starts_with("nobody_because"));
        let reason = reason.map(|line| format!("{line}\n")).unwrap_or_default();
        text = text.replacen(&reason, "", 1);
    }
    if !arguments.environments.is_empty() {
        let example = "\n# [environments.staging";
        if let Some(at) = text.find(example) {
            text.truncate(at + 1);
        }
        for name in &arguments.environments {
            let key = if is_bare(name) {
                name.clone()
            } else {
                quoted(name)
            };
            text.push_str(&format!("[environments.{key}]\n"));
        }
    }
    text
}

/// Types for the regions that lack some of the starter's: two vCPUs each, so that all have the same weight.
const OTHER_TYPES: [&str; 14] = [
    "m5d.large",
    "r5d.large",
    "r5n.large",
    "c5.large",
    "c5d.large",
    "c6i.large",
    "c7i.large",
    "m6id.large",
    "r6id.large",
    "m5n.large",
    "t3a.large",
    "r5a.large",
    "c6id.large",
    "m8i.large",
];

/// The starter with what differs in another region than its own: the zones, and the types that are offered there.
fn in_region(text: &str, region: &str) -> String {
    const ZONES: &str = "# availability_zones = ";
    const TYPE: &str = "  { instance_type = \"";
    let is_offered = |name: &str| regional::offer(name, region) != Offer::None;
    let mut others = OTHER_TYPES.into_iter().filter(|name| is_offered(name));
    let mut lines = Vec::new();
    for line in text.lines() {
        let name = line
            .strip_prefix(TYPE)
            .and_then(|rest| rest.split('"').next());
        if line.starts_with(ZONES) {
            lines.extend(zones_line(region));
        } else if name.is_none_or(is_offered) {
            lines.push(line.to_owned());
        } else if let Some(other) = others.next() {
            lines.push(format!("{TYPE}{other}\" }},"));
        }
    }
    lines.join("\n") + "\n"
}

/// The zones of a region of which accounts see different ones, and nothing for the others.
fn zones_line(region: &str) -> Option<String> {
    let region = regions::find(region).filter(|region| !region.same_zones_for_all)?;
    let zones: Vec<String> = region
        .zones()
        .take(2)
        .map(|zone| format!("\"{zone}\""))
        .collect();
    Some(format!(
        "availability_zones = [{}]   # e.g.; `aws ec2 describe-availability-zones --region {}` prints your account's",
        zones.join(", "),
        region.name
    ))
}

fn is_bare(key: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !key.is_empty() && key.bytes().all(is_plain)
}

/// The text with another line in place of the one that begins like this.
fn replace_line(text: &str, beginning: &str, line: &str) -> String {
    let lines = text.lines().map(|old| {
        if old.starts_with(beginning) {
            line
        } else {
            old
        }
    });
    let mut replaced = lines.collect::<Vec<_>>().join("\n");
    replaced.push('\n');
    replaced
}

/// Writes the fleet, and beside it what is not there yet; gives the names of the latter.
fn write_all(out: &Path, text: &str) -> Result<Vec<String>, Exit> {
    match create(out, text) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let help = "choose another file with --out, or delete this one";
            return Err(file_error(&out.display(), &"the file exists already", help));
        }
        Err(error) => {
            let help = "choose a file in a writable folder with --out";
            return Err(file_error(&out.display(), &error, help));
        }
    }
    let schema = generate::schema_text();
    let beside = [
        (SCHEMA, schema.as_str()),
        (".gitignore", IGNORED),
        (".gitattributes", ATTRIBUTES),
    ];
    let mut written = Vec::new();
    for (name, text) in beside {
        let path = out.with_file_name(name);
        match create(&path, text) {
            Ok(()) => written.push(name.to_owned()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => {
                let help = "make the folder writable; the fleet file itself is written";
                return Err(file_error(&path.display(), &error, help));
            }
        }
    }
    Ok(written)
}

fn create(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

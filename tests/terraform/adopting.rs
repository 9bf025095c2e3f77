//! docs/adopting.md, played: each part's commands in one shell, as the page prints them, against a mock of AWS.
//!
//! What the mock has no answer for is the session itself: a program in place of the AWS CLI takes `ssm start-session`,
//! and looks whether the document and the instance are there. All other commands are the real ones.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::questions::{ask, ask_with};
use crate::trials::{Problem, Trials};
use crate::{providers, report};
use test_support::mock_aws::MockAws;
use test_support::{cli, folders, programs, python};

const KIND: &str = "docs/adopting.md";

/// Settings that AWS does not need and the mock does. See `root_module`.
const PROVIDER: &str = "provider \"aws\" {\n  max_retries = 2\n  s3_use_path_style = true\n}\n";

/// The first part's heading, and what it needs to be there before.
const PARTS: [(&str, &str); 2] = [
    ("From nothing", "nothing"),
    ("In an account that others look after", "account"),
];

pub fn add(trials: &mut Trials) {
    for (heading, before) in PARTS {
        let name = format!("adopting: {}", heading.to_lowercase());
        trials.add(name, &["terraform", "bash"], move || play(heading, before));
    }
}

/// What a bake leaves behind.
#[derive(Deserialize)]
struct Baked {
    image: String,
}

/// What there is after a part.
#[derive(Deserialize)]
struct Adopted {
    instances: usize,
    roles_without_boundary: Vec<String>,
    topics_of_alarms: Vec<String>,
    has_placeholders: bool,
}

fn play(heading: &str, before: &str) -> Result<(), Problem> {
    let page = folders::read(&folders::repository().join("docs/adopting.md"))?;
    let commands = commands_below(&page, heading)?;
    let work = folders::fresh(&format!("terraform/adopting/{before}"))?;
    let aws = MockAws::start()?;
    let (): () = ask_with(&aws, "adopting.py", &["before", before])?;
    // Under a name that the page does not use: writing the page's own is one of its commands.
    let baked: Baked = ask_with(&aws, "seed.py", &["--parameter", "/baked/ami"])?;
    folders::write(&work.join("hatchet-token.txt"), "a token that was issued")?;
    let programs_folder = put_programs(&work)?;

    folders::write(&work.join("commands.sh"), &commands)?;
    let configured = providers::terraform()?;
    let mut shell = Command::new("bash");
    shell.current_dir(&work);
    for (name, value) in configured.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    aws.configure(&mut shell);
    let path = std::env::var("PATH").unwrap_or_default();
    shell
        .args(["-euo", "pipefail", "commands.sh"])
        .env("PATH", format!("{}:{path}", programs_folder.display()))
        .env("AMI", baked.image)
        // What a person types, and what only the mock needs.
        .env("TF_CLI_ARGS_apply", "-auto-approve -no-color")
        .env("TF_CLI_ARGS_plan", "-no-color")
        .env(
            "TF_CLI_ARGS_init",
            "-no-color -backend-config=use_path_style=true",
        )
        .env("SOURCE_DATE_EPOCH", cli::TODAY);
    let said = programs::run(&mut shell, &format!("adopting {before}"))?.success()?;

    for words in [
        "Your infrastructure matches the configuration",
        "session opened on i-",
    ] {
        if !said.contains(words) {
            return Err(Problem::Failed(format!("nothing said `{words}`:\n{said}")));
        }
    }
    let adopted: Adopted = ask(&aws, "adopting.py", &[Path::new("after")])?;
    hold(&adopted, before)?;
    report::count(
        KIND,
        "commands played as they are printed",
        commands.lines().filter(|line| is_command(line)).count(),
    );
    Ok(())
}

fn hold(adopted: &Adopted, before: &str) -> Result<(), Problem> {
    let mut wrong = Vec::new();
    if adopted.instances == 0 {
        wrong.push("no worker runs".to_owned());
    }
    if adopted.has_placeholders {
        wrong.push("a secret that the page pushes is a placeholder".to_owned());
    }
    if before == "account" {
        if !adopted.roles_without_boundary.is_empty() {
            wrong.push(format!(
                "roles without the boundary: {:?}",
                adopted.roles_without_boundary
            ));
        }
        if adopted.topics_of_alarms.len() != 1 || !adopted.topics_of_alarms[0].ends_with(":pager") {
            wrong.push(format!("alarms go to {:?}", adopted.topics_of_alarms));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Problem::Failed(wrong.join("\n")))
    }
}

fn is_command(line: &str) -> bool {
    ["valet-gen ", "terraform ", "aws "]
        .iter()
        .any(|program| line.contains(program))
}

/// The lines of every shell block between a heading and the next one of its level.
fn commands_below(page: &str, heading: &str) -> Result<String, String> {
    let section = page
        .split("\n## ")
        .find_map(|section| section.strip_prefix(heading))
        .ok_or_else(|| format!("the page has no part `{heading}`"))?;
    let blocks: Vec<&str> = section
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .collect();
    if blocks.len() < 5 {
        return Err(format!(
            "`{heading}` has only {} blocks of commands",
            blocks.len()
        ));
    }
    Ok(blocks.concat())
}

/// A folder for PATH: valet-gen as it was built, Terraform with the mock's settings in every module that it is sent
/// to, and the AWS CLI.
fn put_programs(work: &Path) -> Result<std::path::PathBuf, Problem> {
    let folder = work.join("bin");
    fs::create_dir(&folder).map_err(|error| error.to_string())?;
    folders::write(&folder.join("provider.tf"), PROVIDER)?;
    let terraform =
        programs::find("terraform").ok_or_else(|| "terraform is not on PATH".to_owned())?;
    let aws = python::command("aws")?;
    let here = folder.display();
    let scripts = [
        (
            "valet-gen",
            format!("exec '{}' \"$@\"", cli::program().display()),
        ),
        (
            "terraform",
            format!(
                "for word in \"$@\"; do case $word in -chdir=*) \
                 cp '{here}/provider.tf' \"${{word#-chdir=}}/mock_override.tf\";; esac; done\n\
                 exec '{}' \"$@\"",
                terraform.display()
            ),
        ),
        (
            "aws",
            format!(
                "real='{}'\nif [ \"$1 $2\" = 'ssm start-session' ]; then\n\
                 \"$real\" ssm describe-document --name \"$6\" >/dev/null\n\
                 \"$real\" ec2 describe-instances --instance-ids \"$4\" >/dev/null\n\
                 echo \"session opened on $4\"\nelse exec \"$real\" \"$@\"\nfi",
                aws.get_program().display()
            ),
        ),
    ];
    for (name, text) in scripts {
        let path = folder.join(name);
        folders::write(&path, &format!("#!/usr/bin/env bash\nset -e\n{text}\n"))?;
        let may_run = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&path, may_run).map_err(|error| error.to_string())?;
    }
    Ok(folder)
}

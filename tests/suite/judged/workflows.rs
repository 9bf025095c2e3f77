//! Every GitHub workflow that we ship or print is accepted by actionlint.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use tempfile::tempdir;
use test_support::folders::{files_in, folders_in, read, repository};
use test_support::judges::ACTIONLINT;

/// Where workflows may be printed: every page of these folders.
const PAGES: [&str; 3] = ["", "docs", "worker"];

/// A workflow, and where it is from.
struct Workflow {
    from: String,
    text: String,
}

/// The code blocks of a page that are workflows: YAML with jobs that run on something.
fn printed(page: &Path) -> Vec<Workflow> {
    let markdown = read(page).expect("readable");
    let (mut found, mut block) = (Vec::new(), None::<String>);
    for event in Parser::new(&markdown) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language)))
                if matches!(language.as_ref(), "yaml" | "yml") =>
            {
                block = Some(String::new());
            }
            Event::Text(text) => {
                if let Some(block) = &mut block {
                    block.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => found.extend(block.take()),
            _ => {}
        }
    }
    found.retain(|text| text.contains("runs-on:") || text.contains("\njobs:"));
    let from = |number: usize| format!("{}, workflow {number}", page.display());
    let numbered = found.into_iter().enumerate();
    numbered
        .map(|(number, text)| Workflow {
            from: from(number + 1),
            text,
        })
        .collect()
}

/// The workflows of a repository's own folder, where it has one.
fn shipped() -> Vec<Workflow> {
    let folder = repository().join(".github/workflows");
    let mut files: Vec<PathBuf> = Vec::new();
    for extension in ["yml", "yaml"] {
        files.extend(files_in(&folder, extension).unwrap_or_default());
    }
    let workflow = |path: PathBuf| Workflow {
        from: path.display().to_string(),
        text: read(&path).expect("readable"),
    };
    files.into_iter().map(workflow).collect()
}

fn workflows() -> Vec<Workflow> {
    let mut all = shipped();
    let folders = PAGES.map(|folder| repository().join(folder));
    for folder in folders {
        let below = folders_in(&folder).expect("readable");
        let documents = below.into_iter().filter(|path| path.ends_with("docs"));
        for folder in documents.chain([folder]) {
            for page in files_in(&folder, "md").expect("readable") {
                all.extend(printed(&page));
            }
        }
    }
    all.dedup_by(|one, other| one.from == other.from);
    all
}

/// What actionlint objects to, or nothing. It reads a repository, so that it knows the actions in
/// it: the workflow is put into one.
fn objections(actionlint: &Path, workflow: &str) -> Option<String> {
    let project = tempdir().expect("a folder");
    let folder = project.path().join(".github/workflows");
    fs::create_dir_all(&folder).expect("made");
    fs::create_dir(project.path().join(".git")).expect("made");
    fs::write(folder.join("workflow.yml"), workflow).expect("written");
    let actions = repository().join(".github/actions");
    if actions.is_dir() {
        let copied = Command::new("cp")
            .arg("-r")
            .arg(actions)
            .arg(project.path().join(".github/actions"))
            .status();
        assert!(copied.expect("cp runs").success());
    }
    let run = Command::new(actionlint)
        .args(["-no-color", ".github/workflows/workflow.yml"])
        .current_dir(project.path())
        .output()
        .expect("actionlint runs");
    let said = [run.stdout, run.stderr].concat();
    (!run.status.success()).then(|| String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn actionlint_accepts_every_workflow_that_is_printed_or_shipped() {
    let Some(actionlint) = ACTIONLINT.program_or_skip("actionlint") else {
        return;
    };
    let workflows = workflows();
    assert!(!workflows.is_empty(), "docs/ci.md prints one");
    for Workflow { from, text } in workflows {
        if let Some(objections) = objections(&actionlint, &text) {
            panic!("{from}:\n{objections}");
        }
    }
}

#[test]
fn actionlint_refuses_what_is_broken() {
    let Some(actionlint) = ACTIONLINT.program_or_skip("actionlint") else {
        return;
    };
    let workflows = workflows();
    let text = &workflows.first().expect("docs/ci.md prints one").text;
    let broken = text.replace("runs-on:", "runs_on:");
    let objections = objections(&actionlint, &broken).expect("it is refused");
    assert!(objections.contains("runs_on"), "{objections}");
}

/// Everything that a workflow or an action uses is one commit, and says which version that is.
#[test]
fn what_workflows_use_is_pinned_by_its_commit() {
    let mut texts: Vec<Workflow> = workflows();
    for folder in folders_in(&repository().join(".github/actions")).expect("there are actions") {
        for path in files_in(&folder, "yml").expect("readable") {
            let text = read(&path).expect("readable");
            let from = path.display().to_string();
            texts.push(Workflow { from, text });
        }
    }
    let mut pinned = 0;
    for Workflow { from, text } in texts {
        for line in text
            .lines()
            .filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "))
        {
            if line.starts_with("./") {
                continue;
            }
            let (action, version) = line.split_once(" # v").unwrap_or((line, ""));
            let commit = action.split_once('@').map_or("", |(_, commit)| commit);
            let is_commit =
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && !version.is_empty(), "{from}: {line}");
            pinned += 1;
        }
    }
    assert!(pinned >= 6, "{pinned}");
}

/// Values from outside reach a script as variables: what is put into its text could be a command.
#[test]
fn no_script_of_a_workflow_has_an_expression_in_it() {
    let path = repository().join(".github/actions/review/action.yml");
    for text in [read(&path).expect("readable")]
        .into_iter()
        .chain(shipped().into_iter().map(|one| one.text))
    {
        let document: serde_json::Value = serde_norway::from_str(&text).expect("YAML");
        let mut scripts = Vec::new();
        scripts_of(&document, &mut scripts);
        assert!(!scripts.is_empty());
        for script in scripts {
            assert!(!script.contains("${{"), "{script}");
        }
    }
}

fn scripts_of(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                match value.as_str() {
                    Some(script) if key == "run" => found.push(script.to_owned()),
                    _ => scripts_of(value, found),
                }
            }
        }
        serde_json::Value::Array(values) => {
            values.iter().for_each(|value| scripts_of(value, found));
        }
        _ => {}
    }
}

/// actionlint does not read actions: their one promise that others build on is what they take.
#[test]
fn a_workflow_that_uses_the_action_is_checked_against_it() {
    let Some(actionlint) = ACTIONLINT.program_or_skip("actionlint") else {
        return;
    };
    let workflow = |with: &str| {
        format!(
            "on: pull_request\npermissions: {{}}\njobs:\n  it:\n    runs-on: ubuntu-24.04\n    steps:\n      \
             - uses: ./.github/actions/review\n        with:\n          version: 0.1.0\n          repository: o/r\n          {with}\n"
        )
    };
    assert_eq!(objections(&actionlint, &workflow("plan: plan.json")), None);
    let objections = objections(&actionlint, &workflow("pan: plan.json")).expect("it is refused");
    assert!(
        objections.contains("input \"pan\" is not defined"),
        "{objections}"
    );
}

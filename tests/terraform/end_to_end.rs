//! The repository's own fleet from nothing to AWS and back: apply, plan nothing, look at what is
//! there, push secrets, find them in no state and no plan, change the fleet, destroy, find nothing.

use std::path::{Path, PathBuf};
use std::thread;

use serde_json::json;
use valet_gen::catalog::metrics;

use crate::questions::{Asserted, Searched, ask, ask_with};
use crate::root_module::{Plan, RootModule};
use crate::trials::{Problem, Trials};
use crate::{modules, report};
use test_support::folders;
use test_support::mock_aws::MockAws;

const KIND: &str = "end to end";

pub fn add(trials: &mut Trials) {
    trials.add("end to end: staging and account", &["terraform"], run);
}

fn run() -> Result<(), Problem> {
    let work = folders::fresh("terraform/end-to-end")?;
    let aws = MockAws::start()?;

    let module = |name: &str| {
        let rendered = folders::generated().join(name).join("terraform");
        RootModule::prepare(name, &rendered, &aws)
    };
    let modules = [module("account")?, module("staging")?];
    let [_, staging] = &modules;
    let before_image = first_apply(staging)?;
    let version: Seeded = ask(&aws, "seed.py", &[])?;
    report::version("moto", version.moto);
    let before = work.join("before.json");
    folders::write(
        &before,
        &ask::<serde_json::Value>(&aws, "inventory.py", &[])?.to_string(),
    )?;
    let mut added = on_each(&modules, RootModule::apply)?;
    added[1] += before_image;
    report::count(KIND, "resources applied", added.iter().sum());
    on_each(&modules, |module| module.plan_nothing("second-plan"))?;
    report::count(KIND, "second plans empty", modules.len());

    assert_facts(&aws, &work)?;
    live_for_a_day(&aws, &work, &modules)?;
    promote_an_image(&aws, staging)?;
    change_a_secret(staging, &work)?;
    change_the_fleet(staging, &work)?;
    search(&aws, &work, &modules)?;

    keeps_what_is_protected(&aws, staging)?;
    unprotect(&modules, &work)?;
    let destroyed = on_each(&modules, RootModule::destroy)?;
    report::count(KIND, "resources destroyed", destroyed.iter().sum());
    if destroyed != added {
        let problem = format!("{added:?} resources were applied and {destroyed:?} destroyed");
        return Err(Problem::Failed(problem));
    }
    let left: Asserted = ask(&aws, "leftovers.py", &[&before])?;
    hold(&left)?;
    report::count(KIND, "kinds of things of which none is left", left.held);
    Ok(())
}

/// An empty account has no image, the image needs the subnet, and the subnet is made here: one variable breaks the circle,
/// and whoever does not know it is told.
fn first_apply(staging: &RootModule<'_>) -> Result<usize, Problem> {
    let refused = staging.refused("plan-without-image", &[])?;
    says(&refused, "-var without_image=true")?;
    let added = staging.apply_with(&[WITHOUT_IMAGE])?;
    if staging.plan_with("plan-still-without-image", &[WITHOUT_IMAGE])? != Plan::Empty {
        return Err(Problem::Failed(
            "after the first apply a plan without an image changes something".to_owned(),
        ));
    }
    says(&staging.output("next_step")?, "There is no group yet")?;
    report::count(KIND, "resources applied before there is an image", added);
    Ok(added)
}

const WITHOUT_IMAGE: &str = "-var=without_image=true";

/// A running group outlives a parameter that is deleted or mistyped, and the variable of the first apply.
fn keeps_what_is_protected(aws: &MockAws, staging: &RootModule<'_>) -> Result<(), Problem> {
    let without = staging.refused("plan-group-without-image", &[WITHOUT_IMAGE])?;
    says(&without, "aws_autoscaling_group.workers[0]")?;
    says(&without, "[terraform] protect = false")?;
    for (value, words) in [
        ("to be baked", "holds no AMI id"),
        ("", "-var without_image=true"),
    ] {
        let _: serde_json::Value = ask_with(aws, "image_parameter.py", &[value])?;
        let refused = staging.refused("plan-image-gone", &[])?;
        says(&refused, words)?;
        says(&refused, "without_image=true")?;
    }
    let _: serde_json::Value = ask_with(aws, "image_parameter.py", &["restore"])?;
    report::count(KIND, "plans refused that would have lost the group", 3);
    Ok(())
}

/// Taking a fleet down begins with a rendering that protects nothing.
fn unprotect(modules: &[RootModule<'_>], work: &Path) -> Result<(), Problem> {
    let rendered =
        render_changed_fleet(work, &[("[terraform]\n", "[terraform]\nprotect = false\n")])?;
    for module in modules {
        module.replace_files(&rendered.join(&module.name).join("terraform"))?;
    }
    Ok(())
}

/// Terraform breaks lines where the box ends, so the words are looked for without regard to space and frame.
fn says(text: &str, words: &str) -> Result<(), Problem> {
    let plain = |text: &str| {
        let unframed = text.replace(['│', '╷', '╵'], " ");
        unframed.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    if plain(text).contains(&plain(words)) {
        Ok(())
    } else {
        Err(Problem::Failed(format!("`{words}` is not in:\n{text}")))
    }
}

#[derive(serde::Deserialize)]
struct Seeded {
    moto: String,
}

/// Runs a step in all modules at once: they share nothing, and most of it is waiting.
fn on_each<'a, Done: Send>(
    modules: &[RootModule<'a>],
    step: impl Fn(&RootModule<'a>) -> Result<Done, String> + Sync,
) -> Result<Vec<Done>, String> {
    thread::scope(|scope| {
        let running: Vec<_> = modules
            .iter()
            .map(|module| scope.spawn(|| step(module)))
            .collect();
        running
            .into_iter()
            .map(|step| {
                step.join()
                    .unwrap_or_else(|_| Err("a step panicked".to_owned()))
            })
            .collect()
    })
}

fn assert_facts(aws: &MockAws, work: &Path) -> Result<(), Problem> {
    let expected = work.join("expected.json");
    folders::write(&expected, &publishers().to_string())?;
    let fleet = folders::repository().join("fleet.toml");
    let asserted: Asserted = ask(aws, "assertions", &[&fleet, &expected])?;
    hold(&asserted)?;
    report::count(KIND, "facts about AWS hold", asserted.held);
    Ok(())
}

/// Who publishes which metric under which dimension, for the assertions to hold alarms against.
fn publishers() -> serde_json::Value {
    metrics::METRICS
        .iter()
        .map(|metric| {
            let dimension = metric.publisher.subject().dimension();
            json!({
                "name": metric.name,
                "namespace": metric.publisher.namespace("{fleet}"),
                "dimension": dimension,
            })
        })
        .collect()
}

/// What happens between two applies: somebody pushes the secrets' values, and schedules and policies
/// move the group. A plan takes no notice of either.
fn live_for_a_day(aws: &MockAws, work: &Path, modules: &[RootModule<'_>]) -> Result<(), Problem> {
    let page = folders::repository().join("docs/secrets.md");
    let values: serde_json::Value = ask(aws, "push_secrets.py", &[&page])?;
    folders::write(&values_file(work), &values.to_string())?;
    let _: serde_json::Value = ask(aws, "scale.py", &[])?;
    on_each(modules, |module| module.plan_nothing("plan-after-a-day"))?;
    report::count(
        KIND,
        "plans empty after secrets were pushed and the group was scaled",
        modules.len(),
    );
    Ok(())
}

/// A new image is one update in place of the templates and of the group. The mock has no instance refresh, which the apply
/// starts: so the image of before is named again, and a plan is empty. One whose agent is too old for the launch hook is
/// refused before anything is launched.
fn promote_an_image(aws: &MockAws, staging: &RootModule<'_>) -> Result<(), Problem> {
    let too_old = [
        "--description",
        "Browser worker of valet-staging, from ubuntu-24.04",
    ];
    let _: serde_json::Value = ask_with(aws, "seed.py", &too_old)?;
    let refused = staging.refused("plan-old-agent", &[])?;
    says(&refused, "too old to complete the launch lifecycle hook")?;
    let _: Seeded = ask(aws, "seed.py", &[])?;
    staging.plan("plan-promoted")?;
    let mut actions = staging.actions("plan-promoted")?;
    actions.retain(|(_, actions)| actions != &["update"]);
    if !actions.is_empty() {
        return Err(Problem::Failed(format!("a new image plans {actions:?}")));
    }
    let _: serde_json::Value = ask_with(aws, "image_parameter.py", &["restore"])?;
    staging.plan_nothing("plan-after-restored")?;
    report::count(KIND, "images refused for their agent", 1);
    report::count(
        KIND,
        "images planned in place, and taken back with an empty plan",
        1,
    );
    Ok(())
}

/// A secret that is read at another time is an update in place, after which nothing is left to do. An update of anything
/// but a parameter's tags would send an empty value, which SSM refuses.
fn change_a_secret(staging: &RootModule<'_>, work: &Path) -> Result<(), Problem> {
    let changes = [(
        r#"DATABASE_URL         = { store = "ssm", read = "runtime" }"#,
        r#"DATABASE_URL         = { store = "ssm", read = "boot" }"#,
    )];
    render_changed(staging, work, &changes)?;
    staging.plan("plan-after-secret")?;
    let actions = staging.actions("plan-after-secret")?;
    let address = "aws_ssm_parameter.secret[\"DATABASE_URL\"]";
    // The instances are told the time too, by new templates. What the mock cannot do is the refresh that follows.
    let of_secret: Vec<_> = actions
        .iter()
        .filter(|(address, _)| address.starts_with("aws_ssm_parameter."))
        .collect();
    if of_secret != [&(address.to_owned(), vec!["update".to_owned()])]
        || actions.iter().any(|(_, actions)| actions != &["update"])
    {
        return Err(Problem::Failed(format!(
            "a secret that is read at another time plans {actions:?}"
        )));
    }
    let only = ["-target=aws_ssm_parameter.secret"];
    staging.apply_with(&only)?;
    if staging.plan_with("plan-after-secret-applied", &only)? != Plan::Empty {
        return Err(Problem::Failed(
            "a secret that was just updated would be updated again".to_owned(),
        ));
    }
    Ok(())
}

/// A larger disk and a larger group: the launch templates and the group change in place, and
/// nothing is replaced. With `$Latest` the group would not notice its new template.
fn change_the_fleet(staging: &RootModule<'_>, work: &Path) -> Result<(), Problem> {
    let changes = [
        ("volume_size = 40", "volume_size = 60"),
        ("max_size = 3", "max_size = 4"),
    ];
    render_changed(staging, work, &changes)?;
    if staging.plan("plan-after-change")? == Plan::Empty {
        return Err(Problem::Failed(
            "a changed fleet plans no change".to_owned(),
        ));
    }
    let actions = staging.actions("plan-after-change")?;
    let replaced: Vec<_> = actions
        .iter()
        .filter(|(_, actions)| actions != &["update"])
        .collect();
    if !replaced.is_empty() {
        return Err(Problem::Failed(format!(
            "a changed fleet replaces {replaced:?}"
        )));
    }
    for address in [
        "aws_autoscaling_group.workers[0]",
        "aws_launch_template.worker[\"burstable\"]",
        "aws_launch_template.worker[\"fixed\"]",
    ] {
        if !actions.iter().any(|(changed, _)| changed == address) {
            return Err(Problem::Failed(format!(
                "a changed fleet does not change {address}: {actions:?}"
            )));
        }
    }
    report::count(
        KIND,
        "resources updated in place by a changed fleet",
        actions.len(),
    );
    Ok(())
}

/// Puts the rendering of a changed fleet.toml in place of the module's files.
fn render_changed(
    staging: &RootModule<'_>,
    work: &Path,
    changes: &[(&str, &str)],
) -> Result<(), Problem> {
    let rendered = render_changed_fleet(work, changes)?;
    Ok(staging.replace_files(&rendered.join("staging/terraform"))?)
}

fn render_changed_fleet(work: &Path, changes: &[(&str, &str)]) -> Result<PathBuf, Problem> {
    let mut text = folders::read(&folders::repository().join("fleet.toml"))?;
    for (before, after) in changes {
        if !text.contains(before) {
            return Err(Problem::Failed(format!(
                "fleet.toml has no `{before}` to change"
            )));
        }
        text = text.replace(before, after);
    }
    let fleet = work.join("changed.toml");
    folders::write(&fleet, &text)?;
    let rendered = work.join("changed");
    modules::render(&fleet, &rendered)?;
    Ok(rendered)
}

/// Looks for the pushed values in everything that Terraform wrote, plans included.
fn search(aws: &MockAws, work: &Path, modules: &[RootModule<'_>]) -> Result<(), Problem> {
    let values = values_file(work);
    let mut paths = vec![values.as_path()];
    paths.extend(modules.iter().map(|module| module.folder.as_path()));
    let searched: Searched = ask(aws, "find_secrets.py", &paths)?;
    report::count(KIND, "secret values pushed", searched.values);
    report::count(
        KIND,
        "files of state and plans without any of them",
        searched.files,
    );
    if searched.found.is_empty() {
        Ok(())
    } else {
        Err(Problem::Failed(format!(
            "secret values are in {:#?}",
            searched.found
        )))
    }
}

fn values_file(work: &Path) -> PathBuf {
    work.join("pushed.json")
}

/// Whether everything that was asserted holds.
pub fn hold(asserted: &Asserted) -> Result<(), Problem> {
    if asserted.held == 0 {
        return Err(Problem::Failed("nothing was asserted".to_owned()));
    }
    if asserted.broken.is_empty() {
        Ok(())
    } else {
        Err(Problem::Failed(asserted.broken.join("\n")))
    }
}

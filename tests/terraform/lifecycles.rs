//! The kinds of fleets that people have, each from nothing to AWS and back: apply, plan nothing, destroy, find nothing.
//! Two of them run every time; `VALET_TEST_DEEP=1` runs all, and one of them with OpenTofu as well.

use std::path::Path;

use serde_json::Value;

use crate::program::Program;
use crate::questions::{Asserted, ask, ask_with};
use crate::root_module::RootModule;
use crate::trials::{Problem, Trials};
use crate::{end_to_end, modules, report};
use test_support::mock_aws::MockAws;
use test_support::{folders, is_deep};

const KIND: &str = "lifecycles";

/// The kinds that run every time: the smallest there is, and the one that brings no network of its own.
const ALWAYS: [&str; 2] = ["existing-vpc", "single-on-demand"];

/// The kind that OpenTofu applies.
const OF_TOFU: &str = "single-on-demand";

/// What `tests/fleets/kinds/existing-vpc.toml` names, and `seed_network.py` makes.
const STAND_INS: [&str; 4] = [
    "vpc-0aaaaaaaaaaaaaaaa",
    "subnet-0aaaaaaaaaaaaaaa1",
    "subnet-0aaaaaaaaaaaaaaa2",
    "subnet-0aaaaaaaaaaaaaaa3",
];

pub fn add(trials: &mut Trials) {
    let fleets = match modules::kinds() {
        Ok(fleets) => fleets,
        Err(problem) => return trials.add("kinds of fleets", &[], move || Err(problem.into())),
    };
    for fleet in fleets {
        let name = modules::fixture_name(&fleet);
        if is_deep() || ALWAYS.contains(&name.as_str()) {
            let title = format!("terraform: {name} from nothing and back");
            let fleet = fleet.clone();
            trials.add(title, &["terraform"], move || {
                live(Program::Terraform, &fleet)
            });
        }
        if is_deep() && name == OF_TOFU {
            let title = format!("tofu: {name} from nothing and back");
            trials.add(title, &[], move || live(Program::Tofu, &fleet));
        }
    }
    trials.add(
        "terraform: settings of the account are let go and not destroyed",
        &["terraform"],
        let_settings_go,
    );
}

fn live(program: Program, fleet: &Path) -> Result<(), Problem> {
    let name = modules::fixture_name(fleet);
    let work = folders::fresh(&format!("{}/kinds/{name}", program.name()))?;
    let mut text = folders::read(fleet)?;
    let region = value_of(&text, "region")?;
    let aws = MockAws::start()?.in_region(&region);
    if text.contains(STAND_INS[0]) {
        let made: Vec<String> = ask(&aws, "seed_network.py", &[])?;
        for (stand_in, made) in STAND_INS.iter().zip(&made) {
            text = text.replace(stand_in, made);
        }
    }
    // The mock has no Instance Connect endpoints.
    text = text.replace("ssh = \"instance_connect\"", "ssh = \"none\"");
    // Taking a fleet down begins with a rendering that protects nothing.
    text = text.replacen("[terraform]\n", "[terraform]\nprotect = false\n", 1);
    let unprotected = work.join("fleet.toml");
    folders::write(&unprotected, &text)?;
    modules::render(&unprotected, &work.join("rendered"))?;
    let rendered = modules::Rendered {
        name: name.clone(),
        folder: work.join("rendered"),
    };
    let of_fleet = value_of(&text, "name")?;
    let architecture = value_of(&text, "architecture").unwrap_or_else(|_| "x86_64".to_owned());
    let mut prepared = Vec::new();
    for module in rendered.modules()? {
        if !has_resources(&module.folder)? {
            // An account of which nothing is asked.
            continue;
        }
        if module.name != "account" {
            let parameter = format!("/{of_fleet}/{}/ami", module.name);
            let arguments = ["--parameter", &parameter, "--architecture", &architecture];
            let _: Value = ask_with(&aws, "seed.py", &arguments)?;
        }
        let called = format!("{name}-{}", module.name);
        prepared.push(RootModule::prepare_with(
            program,
            &called,
            &module.folder,
            &aws,
        )?);
    }
    let before = work.join("before.json");
    let inventory: Value = ask(&aws, "inventory.py", &[])?;
    folders::write(&before, &inventory.to_string())?;
    for module in &prepared {
        let added = module.apply()?;
        report::count(KIND, "resources applied", added);
        module.plan_nothing("second-plan")?;
        report::count(KIND, "second plans empty", 1);
    }
    for module in &prepared {
        report::count(KIND, "resources destroyed", module.destroy()?);
    }
    let left: Asserted = ask_with(
        &aws,
        "leftovers.py",
        &[before.as_os_str(), of_fleet.as_ref()],
    )?;
    end_to_end::hold(&left)?;
    report::count(KIND, program.fleets(), 1);
    Ok(())
}

fn has_resources(module: &Path) -> Result<bool, String> {
    for file in folders::files_in(module, "tf")? {
        if folders::read(&file)?.contains("\nresource \"") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The first value of a key that is a text.
fn value_of(text: &str, key: &str) -> Result<String, String> {
    let words = text.lines().filter_map(|line| line.split_once('='));
    words
        .filter(|(name, _)| name.trim() == key)
        .find_map(|(_, value)| value.trim().strip_prefix('"')?.split('"').next())
        .map(str::to_owned)
        .ok_or_else(|| format!("the fixture has no `{key}`"))
}

/// What an older rendering made for the whole account, and this one does not ask for: Terraform forgets it, and AWS keeps
/// it.
fn let_settings_go() -> Result<(), Problem> {
    let aws = MockAws::start()?;
    let work = folders::fresh("terraform/kinds/settings")?;
    let settings = [
        "ebs_encryption",
        "imdsv2",
        "block_public_images",
        "block_public_snapshots",
        "block_public_buckets",
    ];
    let fleet = |asked: bool| {
        let asked: String = settings
            .iter()
            .map(|setting| format!("{setting} = {asked}\n"))
            .collect();
        format!(
            "[fleet]\nname = \"valet\"\nregion = \"us-east-1\"\n[instances]\n\
             types = [{{ instance_type = \"m7i.large\" }}]\n[secrets]\n\
             HATCHET_CLIENT_TOKEN = {{ store = \"ssm\", read = \"boot\" }}\n[terraform]\n\
             backend = \"local\"\n[audit]\ncloudtrail = false\nguardduty = false\n\
             inspector = false\n[audit.account_defaults]\n{asked}"
        )
    };
    let rendered = |name: &str, asked: bool| -> Result<_, String> {
        let file = work.join(format!("{name}.toml"));
        folders::write(&file, &fleet(asked))?;
        modules::render(&file, &work.join(name))?;
        Ok(work.join(name).join("account/terraform"))
    };
    let module = RootModule::prepare("settings", &rendered("older", true)?, &aws)?;
    let made = module.apply()?;
    let on: Value = ask(&aws, "account_settings.py", &[])?;
    module.replace_files(&rendered("newer", false)?)?;
    module.plan("newer-rendering")?;
    let actions = module.actions("newer-rendering")?;
    let forgotten = actions
        .iter()
        .filter(|(_, actions)| actions == &["forget"])
        .count();
    if (made, forgotten, actions.len()) != (settings.len(), settings.len(), settings.len()) {
        return Err(Problem::Failed(format!(
            "{made} were made, and now: {actions:?}"
        )));
    }
    module.apply()?;
    module.destroy()?;
    let left: Value = ask(&aws, "account_settings.py", &[])?;
    if on != left || on["ebs_encryption"] != true {
        return Err(Problem::Failed(format!("before: {on}, after: {left}")));
    }
    report::count(KIND, "settings of the account let go and kept", forgotten);
    Ok(())
}

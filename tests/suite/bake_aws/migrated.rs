//! The values of a `.env` file go where Terraform made their names, and its next plan is empty.

use std::fs;
use std::process::{Command, Stdio};

use super::terraform::Module;
use super::world::World;

const SECRETS: &str = "[secrets]
HATCHET_CLIENT_TOKEN = { store = \"ssm\", read = \"boot\" }
DATABASE_URL = { store = \"ssm\", read = \"runtime\" }
WORKER_API_KEY = { store = \"secretsmanager\", read = \"boot\", rotate_after_days = 90 }
";

const ENV: &str = "# of the old hosts
HATCHET_TOKEN='s3cr3t$token'
DATABASE_URL=\"postgres://s3cr3t@db/valet\"
export WORKER_API_KEY=s3cr3t-key
LOG_LEVEL=debug
";

fn world() -> Option<World> {
    let world = World::start()?;
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    let (before, after) = text.split_once("[secrets]").expect("secrets");
    let (_, after) = after.split_once("[alerts]").expect("alerts");
    fs::write(&fleet, format!("{before}{SECRETS}\n[alerts]{after}")).expect("written");
    fs::write(world.folder.path().join(".env"), ENV).expect("written");
    Some(world)
}

const MIGRATE: [&str; 5] = [
    "secrets",
    "migrate",
    ".env",
    "--map",
    "HATCHET_TOKEN=HATCHET_CLIENT_TOKEN",
];

/// The rendered `secrets.tf`, unchanged, with a key beside it.
fn applied(world: &World) -> Option<Module<'_>> {
    let module = Module::prepare(world, &["secrets.tf", "versions.tf"])?;
    let key = "resource \"aws_kms_key\" \"fleet\" {}\n\nresource \"aws_kms_alias\" \"fleet\" {\n  name = \"alias/valet-production\"\n  target_key_id = aws_kms_key.fleet.key_id\n}\n";
    fs::write(module.folder.join("key.tf"), key).expect("written");
    module.apply(&[]);
    Some(module)
}

#[test]
fn what_is_migrated_leaves_the_next_plan_empty() {
    let Some(world) = world() else { return };
    let Some(module) = applied(&world) else {
        return;
    };
    let run = world.run(&[&MIGRATE[..], &["--yes"]].concat());
    assert_eq!(
        run.parts(),
        (
            Some(0),
            "HATCHET_TOKEN                -> /valet/production/HATCHET_CLIENT_TOKEN (Parameter Store, 12 bytes)
DATABASE_URL                 -> /valet/production/DATABASE_URL (Parameter Store, 26 bytes)
WORKER_API_KEY               -> /valet/production/WORKER_API_KEY (Secrets Manager, 10 bytes)
LOG_LEVEL                    stays: [secrets] has no such name
/valet/production/HATCHET_CLIENT_TOKEN has a new value
/valet/production/DATABASE_URL has a new value
/valet/production/WORKER_API_KEY has a new value
3 of 3 secrets have a value from .env. Delete the file where nothing else needs it.
",
            ""
        )
    );
    world.python(
        "
ssm = client('ssm')
value = lambda name: ssm.get_parameter(Name=f'/valet/production/{name}', WithDecryption=True)['Parameter']['Value']
assert value('HATCHET_CLIENT_TOKEN') == 's3cr3t$token', value('HATCHET_CLIENT_TOKEN')
assert value('DATABASE_URL') == 'postgres://s3cr3t@db/valet'
assert client('secretsmanager').get_secret_value(SecretId='/valet/production/WORKER_API_KEY')['SecretString'] == 's3cr3t-key'
",
    );
    let plan = module.run(&["plan", "-detailed-exitcode", "-input=false", "-no-color"]);
    assert_eq!(plan.code, Some(0), "{plan:#?}");
    let state = fs::read_to_string(module.folder.join("terraform.tfstate")).expect("a state");
    assert!(!state.contains("s3cr3t"));
    let status = world.run(&["secrets", "status"]).success();
    assert_eq!(
        status
            .lines()
            .filter(|line| line.contains("set, 0 days old"))
            .count(),
        3,
        "{status}"
    );
    // What stands in AWS alone is named.
    world.python("client('ssm').put_parameter(Name='/valet/production/OLD_TOKEN', Value='x', Type='SecureString')");
    let status = world.run(&["secrets", "status"]);
    assert_eq!(status.code, Some(1));
    assert!(
        status
            .stdout
            .ends_with("/valet/production/OLD_TOKEN      unknown: [secrets] has no such name\n"),
        "{}",
        status.stdout
    );
}

#[test]
fn nothing_is_stored_that_nobody_confirmed_or_that_is_no_value() {
    let Some(world) = world() else { return };
    let refused = |arguments: &[&str], stderr: &str| {
        let run = world.run(arguments);
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (Some(2), stderr),
            "{run:#?}"
        );
        assert!(!format!("{run:?}").contains("s3cr3t"), "{run:?}");
    };
    refused(
        &MIGRATE,
        "error: secrets migrate: nobody is there to confirm this, and nothing was stored\n  help: look at what is named above, and run it again with --yes\n",
    );
    refused(
        &[
            "secrets",
            "migrate",
            ".env",
            "--map",
            "HATCHET_TOKE=HATCHET_CLIENT_TOKEN",
        ],
        "error: --map HATCHET_TOKE=HATCHET_CLIENT_TOKEN: the file has no `HATCHET_TOKE`\n  help: did you mean `HATCHET_TOKEN`?\n",
    );
    refused(
        &[
            "secrets",
            "migrate",
            ".env",
            "--map",
            "HATCHET_TOKEN=HATCHET_CLIENT",
        ],
        "error: --map HATCHET_TOKEN=HATCHET_CLIENT: [secrets] has no `HATCHET_CLIENT`\n  help: did you mean `HATCHET_CLIENT_TOKEN`?\n",
    );
    refused(
        &[
            "secrets",
            "migrate",
            ".env",
            "--map",
            "HATCHET_TOKEN=DATABASE_URL",
        ],
        "error: DATABASE_URL: two names of the file would become this secret\n  help: leave one of them out of the file, or map it elsewhere\n",
    );
    let write = |text: &str| fs::write(world.folder.path().join(".env"), text).expect("written");
    write("A=1\nDATABASE_URL=s3cr3t$HOME\n");
    refused(
        &["secrets", "migrate", ".env", "--yes"],
        "error: .env, line 2: the value of DATABASE_URL has a `$` that some programs replace by another variable\n  help: put the value in single quotes, where `$` is a `$`, or write what it stands for\n",
    );
    write("DATABASE_URL=changeme\n");
    refused(
        &["secrets", "migrate", ".env", "--yes"],
        "error: DATABASE_URL: the value holds a placeholder and no value\n  help: give the value that its owner has\n",
    );
    write("LOG_LEVEL=debug\n");
    refused(
        &["secrets", "migrate", ".env", "--yes"],
        "error: .env: none of its names is a secret of [secrets]\n  help: map them with --map NAME=SECRET, or declare them and apply\n",
    );
    let run = world.run(&["secrets", "migrate", "nowhere", "--yes"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (
            Some(3),
            "error: nowhere: No such file or directory (os error 2)\n  help: name a .env file that can be read\n"
        )
    );
    assert!(
        !world.changes().iter().any(|it| it.starts_with("Put")),
        "{:?}",
        world.changes()
    );
}

/// A value that is typed is not shown, and the process that has it writes no core dump.
#[test]
fn a_value_that_is_typed_is_not_shown() {
    let Some(world) = world() else { return };
    world.python("client('ssm').put_parameter(Name='/valet/production/DATABASE_URL', Value='placeholder', Type='SecureString')");
    let script = "
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b''
while b'Value of DATABASE_URL: ' not in seen:
    seen += os.read(terminal, 1024)
limits = open(f'/proc/{pid}/limits').read()
print([line for line in limits.splitlines() if 'core file' in line][0].split()[4:6])
time.sleep(0.3)
os.write(terminal, b's3cr3t-typed\\n')
try:
    while True:
        more = os.read(terminal, 1024)
        if not more:
            break
        seen += more
except OSError:
    pass
print(seen.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";
    let mut python =
        test_support::python::command("python").unwrap_or_else(|_| Command::new("python3"));
    world.mock.configure(&mut python);
    let output = python
        .args(["-c", script])
        .arg(test_support::cli::program())
        .args(["secrets", "push", "DATABASE_URL"])
        .current_dir(world.folder.path())
        .env_remove("HTTP_PROXY")
        .env_remove("http_proxy")
        .env("SOURCE_DATE_EPOCH", test_support::cli::TODAY)
        .stdin(Stdio::null())
        .output()
        .expect("Python runs");
    let shown = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(shown.contains("['0', '0']"), "{shown}");
    assert!(
        shown.contains("/valet/production/DATABASE_URL has a new value"),
        "{shown}"
    );
    assert!(shown.trim_end().ends_with(" 0"), "{shown}");
    assert!(!shown.contains("s3cr3t-typed"), "{shown}");
    world.python("assert client('ssm').get_parameter(Name='/valet/production/DATABASE_URL', WithDecryption=True)['Parameter']['Value'] == 's3cr3t-typed'");
}

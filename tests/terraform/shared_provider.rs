//! One provider for all that asks it for no more than its schema and for what is valid. Terraform and OpenTofu would start one
//! each time, which takes longer than the rest. Nothing stays in it: it is not configured.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use test_support::{folders, programs};

use crate::providers::{self, PROVIDER, REGISTRY};

/// The variable by which both programs are told where a provider runs.
const VARIABLE: &str = "TF_REATTACH_PROVIDERS";

/// What runs a program that is killed when this one ends, however that is: util-linux has it.
const ENDS_WITH_US: &str = "setpriv";

/// How long it may take to come up on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(3);

/// Where it listens, as it says it: an object for the provider's address.
static LISTENS: LazyLock<Result<Value, String>> = LazyLock::new(start);

/// Lets a command use it that knows the provider by an address of this registry. Where nothing would end it with the tests, the
/// command starts its own.
pub fn attach(command: &mut Command, registry: &str) -> Result<(), String> {
    if programs::find(ENDS_WITH_US).is_none() {
        return Ok(());
    }
    let listens = LISTENS.as_ref().map_err(Clone::clone)?;
    let provider = json!({ format!("{registry}/{PROVIDER}"): listens });
    command.env(VARIABLE, provider.to_string());
    Ok(())
}

fn start() -> Result<Value, String> {
    let program = program(&providers::initialized()?.data)?;
    let (says, said) = mpsc::channel();
    // It ends with the thread that started it, and this one ends with the process.
    thread::spawn(move || {
        let why = match run(&program, &says) {
            Ok(status) => format!("{} has ended: {status}", program.display()),
            Err(problem) => problem,
        };
        says.send(Err(why))
    });
    said.recv_timeout(TIMEOUT)
        .map_err(|_| "the provider does not say where it listens".to_owned())?
}

/// The provider's program, which `init` has linked or copied.
fn program(data: &Path) -> Result<PathBuf, String> {
    let mut folder = data.join("providers").join(REGISTRY).join(PROVIDER);
    // The version, and the platform.
    for _ in 0..2 {
        let below = folders::folders_in(&folder)?;
        folder = match below.as_slice() {
            [only] => only.clone(),
            _ => return Err(format!("{}: not one folder", folder.display())),
        };
    }
    let files =
        std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    files
        .flatten()
        .map(|file| file.path())
        .find(|path| path.to_string_lossy().contains("terraform-provider-"))
        .ok_or_else(|| format!("{}: there is no provider", folder.display()))
}

/// Runs it to its end, and tells where it listens.
fn run(program: &Path, says: &mpsc::Sender<Result<Value, String>>) -> Result<ExitStatus, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", program.display());
    let mut child = Command::new(ENDS_WITH_US)
        .args(["--pdeathsig", "KILL"])
        .arg(program)
        .arg("-debug")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(problem)?;
    let stdout = child.stdout.take().ok_or("it has no output")?;
    for line in BufReader::new(stdout).lines() {
        if let Some(listens) = listens(&line.map_err(problem)?)? {
            // Nobody waits any more where it took too long.
            let _ = says.send(Ok(listens));
        }
    }
    child.wait().map_err(problem)
}

/// Where it listens, of the line that says it: `TF_REATTACH_PROVIDERS='{"<address>": {…}}'`.
fn listens(line: &str) -> Result<Option<Value>, String> {
    let Some((_, quoted)) = line.split_once(&format!("{VARIABLE}=")) else {
        return Ok(None);
    };
    let said: Value = serde_json::from_str(quoted.trim().trim_matches('\''))
        .map_err(|error| format!("{quoted}: {error}"))?;
    Ok(Some(said[format!("{REGISTRY}/{PROVIDER}")].clone()))
}

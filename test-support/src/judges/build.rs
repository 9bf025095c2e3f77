//! The build of a judge.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait_timeout::ChildExt as _;

use super::{GoModule, Judge};
use crate::{folders, programs};

/// Six times what the slowest takes on a quiet machine.
const TIMEOUT: Duration = Duration::from_mins(45);

/// How often a build says that it goes on.
const PROGRESS: Duration = Duration::from_secs(30);

/// What of a user's own settings would take modules that the checksum database does not know.
const UNCHECKED: [&str; 5] = [
    "GONOSUMDB",
    "GONOSUMCHECK",
    "GOPRIVATE",
    "GOINSECURE",
    "GONOPROXY",
];

/// What a build finds on a machine.
#[derive(Debug)]
pub struct BuildContext {
    /// Where programs are kept.
    cache: PathBuf,
    /// The compiler, where there is one.
    go: Option<PathBuf>,
    /// The judge's Go module.
    source: PathBuf,
    /// Where what the compiler prints is kept.
    logs: PathBuf,
}

impl BuildContext {
    /// That of this machine.
    pub fn of(judge: &Judge) -> Result<Self, String> {
        Ok(Self {
            cache: cache()?,
            go: programs::find("go"),
            source: judge.source(),
            logs: folders::kept(programs::LOGS)?,
        })
    }
}

/// The folder of the cache that holds the programs of this judge, which are built where they are
/// not there.
pub fn folder_of(judge: &Judge, ctx: &BuildContext) -> Result<PathBuf, String> {
    let module = module_of(&ctx.source)?;
    let cache = &ctx.cache;
    let folder = cache.join(format!("{}-{}", judge.name, module.version));
    if is_complete(judge, &folder) {
        return Ok(folder);
    }
    let go = (ctx.go.as_deref()).ok_or("there is no go on PATH to build it with")?;
    fs::create_dir_all(cache).map_err(|error| format!("{}: {error}", cache.display()))?;
    // Released when the file is closed, also where the process is killed.
    let _lock = folders::lock(&cache.join(format!("{}.lock", judge.name)), || {
        say(judge, "another test builds it, which is waited for");
    })?;
    if is_complete(judge, &folder) {
        return Ok(folder);
    }
    let prefix = format!(".building-{}-", judge.name);
    remove_remains(cache, &prefix);
    check_disk(cache, judge)?;
    let scratch = tempfile::Builder::new()
        .prefix(&prefix)
        .tempdir_in(cache)
        .map_err(|error| format!("{}: {error}", cache.display()))?;
    build(judge, &module, go, ctx, scratch.path())?;
    let made = scratch.path().join("programs");
    let _ = fs::remove_dir_all(&folder);
    fs::rename(&made, &folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

/// Where judges are kept.
fn cache() -> Result<PathBuf, String> {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    // As the XDG base directory specification says: a relative path is ignored.
    let named = named.filter(|path| path.is_absolute());
    let cache = named.or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
    let cache = cache.ok_or("this user has no home folder to keep it in")?;
    Ok(cache.join("valet-gen/judges"))
}

fn is_complete(judge: &Judge, folder: &Path) -> bool {
    let is_there = |program: &&str| folder.join(program).is_file();
    judge.programs.iter().all(is_there)
}

/// Removes what a build left that was killed. The lock is held: nobody else uses it.
fn remove_remains(cache: &Path, prefix: &str) {
    for folder in folders::folders_in(cache).unwrap_or_default() {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(prefix) {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

#[cfg(target_os = "linux")]
fn check_disk(cache: &Path, judge: &Judge) -> Result<(), String> {
    let problem = |error| format!("{}: {error}", cache.display());
    let disk = rustix::fs::statvfs(cache).map_err(problem)?;
    let free = (disk.f_bavail * disk.f_frsize) >> 30;
    if free < judge.disk {
        return Err(format!(
            "{free} GiB are free in {}, and its build takes {} GiB",
            cache.display(),
            judge.disk
        ));
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn check_disk(_: &Path, _: &Judge) -> Result<(), String> {
    Ok(())
}

/// What the go.mod of this folder says.
pub fn module_of(source: &Path) -> Result<GoModule, String> {
    let path = source.join("go.mod");
    GoModule::parse(&folders::read(&path)?).map_err(|why| format!("{}: {why}", path.display()))
}

fn build(
    judge: &Judge,
    module: &GoModule,
    go: &Path,
    ctx: &BuildContext,
    scratch: &Path,
) -> Result<(), String> {
    say(
        judge,
        &format!(
            "version {} is built, once per machine: about {} minutes and {} GiB",
            module.version, judge.minutes, judge.disk
        ),
    );
    let made = scratch.join("programs");
    fs::create_dir_all(&made).map_err(|error| format!("{}: {error}", made.display()))?;
    let log = ctx.logs.join(format!("judge-{}.log", judge.name));
    let output = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let began = Instant::now();
    for (package, program) in module.tools.iter().zip(judge.programs) {
        let mut command = command(judge, go, &ctx.source, scratch);
        command.arg("-o").arg(made.join(program)).arg(package);
        let again = |error| format!("{}: {error}", log.display());
        command.stdout(output.try_clone().map_err(again)?);
        command.stderr(output.try_clone().map_err(again)?);
        run(judge, command, began).map_err(|why| {
            let printed = folders::read(&log).unwrap_or_default();
            let last: Vec<&str> = printed.lines().rev().take(5).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            format!(
                "go build {package}: {why}; see {}\n{}",
                log.display(),
                last.join("\n")
            )
        })?;
    }
    say(judge, &format!("built in {} s", began.elapsed().as_secs()));
    Ok(())
}

/// `go build` with caches of its own.
fn command(judge: &Judge, go: &Path, source: &Path, scratch: &Path) -> Command {
    let mut command = Command::new(go);
    command.arg("build").current_dir(source);
    if !judge.ldflags.is_empty() {
        command.args(["-ldflags", judge.ldflags]);
    }
    // What the user's settings say of a proxy counts, and nothing that leaves a checksum out.
    for variable in UNCHECKED {
        command.env_remove(variable);
    }
    command
        .stdin(Stdio::null())
        .env("CGO_ENABLED", "0")
        .env("GOSUMDB", "sum.golang.org")
        .env(
            "GOFLAGS",
            "-mod=readonly -modcacherw -buildvcs=false -trimpath",
        )
        .env("GOWORK", "off")
        .env("GOPATH", scratch.join("path"))
        .env("GOMODCACHE", scratch.join("modules"))
        .env("GOCACHE", scratch.join("cache"))
        .env("GOTMPDIR", scratch)
        .envs(judge.environment.iter().copied());
    command
}

/// Runs a build to its end, and says now and then that it goes on.
fn run(judge: &Judge, mut command: Command, began: Instant) -> Result<(), String> {
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    loop {
        let ended = child.wait_timeout(PROGRESS);
        match ended.map_err(|error| error.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("it failed ({status})")),
            None if began.elapsed() > TIMEOUT => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("still running after {} s", TIMEOUT.as_secs()));
            }
            None => say(
                judge,
                &format!("still being built after {} s", began.elapsed().as_secs()),
            ),
        }
    }
}

/// Says something that libtest does not hide.
fn say(judge: &Judge, what: &str) {
    use std::io::Write as _;
    let line = format!("judge {}: {what}\n", judge.name);
    let _ = std::io::stderr().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests;

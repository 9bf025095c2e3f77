//! A PostgreSQL server of our own, for trying and for tests: found, started in a folder, and ended with this program.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where Debian puts each version's programs.
const DEBIAN: &str = "/usr/lib/postgresql";
/// How long a start may take.
const START_TIMEOUT: Duration = Duration::from_mins(1);
/// The port in the socket's name; no network port is opened.
const PORT: u16 = 5432;
/// Starts the server, and ends it with whoever started it, however that ends: its end of the pipe is closed then.
/// A folder of its own is removed afterwards.
const GUARD: &str = r#""$@" & pid=$!; read -r _; kill -INT "$pid"; wait "$pid"; [ -z "$REMOVED" ] || rm -rf "$REMOVED""#;
/// The role that owns everything.
const ROLE: &str = "valet";

/// Why no server runs.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    #[error(
        "PostgreSQL is not installed: neither PATH nor {DEBIAN} has `initdb` and `postgres`\n  = help: apt-get install postgresql"
    )]
    Missing,
    #[error(
        "PostgreSQL refuses to run as root, and this machine has no account `postgres` or `nobody`"
    )]
    NoAccount,
    #[error("`{program}` failed: {detail}")]
    Program { program: String, detail: String },
    #[error("PostgreSQL did not start within {START_TIMEOUT:?}; its log:\n{log}")]
    Timeout { log: String },
    #[error("{path}: {error}")]
    File { path: PathBuf, error: io::Error },
}

/// PostgreSQL's programs.
#[derive(Clone, Debug)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Those on PATH, or the newest of Debian's.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub fn find() -> Result<Self, PostgresError> {
        if let (Ok(initdb), Ok(_)) = (which::which("initdb"), which::which("postgres"))
            && let Some(folder) = initdb.parent()
        {
            return Ok(Self {
                folder: folder.to_owned(),
            });
        }
        let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                Some((
                    entry.file_name().to_str()?.parse().ok()?,
                    entry.path().join("bin"),
                ))
            })
            .filter(|(_, folder)| {
                folder.join("initdb").exists() && folder.join("postgres").exists()
            })
            .collect();
        versions.sort();
        let (_, folder) = versions.pop().ok_or(PostgresError::Missing)?;
        Ok(Self { folder })
    }

    /// A program of this name.
    #[must_use]
    pub fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }
}

/// The account that PostgreSQL runs as.
#[derive(Clone, Copy, Debug)]
struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// None where this program's own account will do.
    fn choose() -> Result<Option<Self>, PostgresError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let find = |name: &str| {
            let line = accounts
                .lines()
                .find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some(Self {
                user: fields.next()?.parse().ok()?,
                group: fields.next()?.parse().ok()?,
            })
        };
        find("postgres")
            .or_else(|| find("nobody"))
            .map(Some)
            .ok_or(PostgresError::NoAccount)
    }
}

/// A running server, whose only door is a socket in its folder. It ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    folder: PathBuf,
    programs: Programs,
    account: Option<Account>,
    options: Vec<String>,
    /// Whether the folder is removed when the server ends.
    is_temporary: bool,
}

impl Server {
    /// Starts a server in a folder of its own, which is removed when the server ends, however that comes.
    ///
    /// # Errors
    ///
    /// As [`Server::start`].
    pub fn start_temporary(options: &[&str]) -> Result<Self, PostgresError> {
        let folder = tempfile::Builder::new().prefix("valet-control-").tempdir();
        let folder = folder.map_err(|error| PostgresError::File {
            path: PathBuf::from("the folder of temporary files"),
            error,
        })?;
        let server = Self::start_in(folder.path(), options, true)?;
        let _ = folder.keep();
        Ok(server)
    }

    /// Starts a server in this folder, which becomes PostgreSQL's own. What it holds from before is kept.
    ///
    /// # Errors
    ///
    /// When PostgreSQL is not installed or does not start.
    pub fn start(folder: &Path, options: &[&str]) -> Result<Self, PostgresError> {
        Self::start_in(folder, options, false)
    }

    fn start_in(
        folder: &Path,
        options: &[&str],
        is_temporary: bool,
    ) -> Result<Self, PostgresError> {
        let programs = Programs::find()?;
        let account = Account::choose()?;
        let file = |error| PostgresError::File {
            path: folder.to_owned(),
            error,
        };
        fs::create_dir_all(folder).map_err(file)?;
        let folder = &fs::canonicalize(folder).map_err(file)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(file)?;
        if let Some(account) = account {
            chown(folder, Some(account.user), Some(account.group)).map_err(file)?;
        }
        let data = folder.join("data");
        if !data.join("PG_VERSION").exists() {
            let mut initdb = command(&programs, account, folder, "initdb");
            initdb.arg("--pgdata").arg(&data).args([
                "--username",
                ROLE,
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
                "--no-instructions",
            ]);
            run(initdb)?;
        }
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let child = spawn(&programs, account, folder, &options, is_temporary)?;
        let mut server = Self {
            child,
            folder: folder.clone(),
            programs,
            account,
            options,
            is_temporary,
        };
        server.wait()?;
        Ok(server)
    }

    /// The address of a database of this server.
    #[must_use]
    pub fn address(&self, database: &str) -> String {
        format!(
            "host={} port={PORT} user={ROLE} dbname={database}",
            self.folder.display()
        )
    }

    /// The same for another role.
    #[must_use]
    pub fn address_as(&self, role: &str, database: &str) -> String {
        format!(
            "host={} port={PORT} user={role} dbname={database}",
            self.folder.display()
        )
    }

    /// The server's process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<i32> {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }

    /// Ends the server at once, as a crash does.
    ///
    /// # Errors
    ///
    /// When it cannot be signalled.
    pub fn stop(&mut self) -> io::Result<()> {
        // The guard first, which would remove a temporary folder.
        self.child.kill()?;
        signal(self.pid(), rustix::process::Signal::QUIT);
        while self.pid().is_some_and(is_running) {
            pause();
        }
        self.child.wait().map(|_| ())
    }

    /// Starts a server again that was stopped.
    ///
    /// # Errors
    ///
    /// As [`Server::start`].
    pub fn restart(&mut self) -> Result<(), PostgresError> {
        self.child = spawn(
            &self.programs,
            self.account,
            &self.folder,
            &self.options,
            self.is_temporary,
        )?;
        self.wait()
    }

    /// Whether the server's process is there. It may be starting, or on its way to its end.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.pid().is_some_and(is_running)
    }

    /// The server says so itself in the eighth line of its file.
    fn is_ready(&self) -> bool {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        file.lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready")
    }

    fn wait(&mut self) -> Result<(), PostgresError> {
        let began = Instant::now();
        let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        while began.elapsed() < START_TIMEOUT {
            if self.is_ready() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(PostgresError::Program {
                    program: "postgres".to_owned(),
                    detail: format!("{status}\n{}", log()),
                });
            }
            pause();
        }
        Err(PostgresError::Timeout { log: log() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Until it is looked again.
#[expect(
    clippy::disallowed_methods,
    reason = "PostgreSQL tells of its start and its end in files only"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

fn is_running(pid: i32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

fn signal(pid: Option<i32>, signal: rustix::process::Signal) {
    if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

fn spawn(
    programs: &Programs,
    account: Option<Account>,
    folder: &Path,
    options: &[String],
    is_temporary: bool,
) -> Result<Child, PostgresError> {
    let path = folder.join("log");
    let log = fs::File::create(&path).map_err(|error| PostgresError::File {
        path: path.clone(),
        error,
    })?;
    let mut postgres = as_account(Command::new("/bin/sh"), account, folder);
    postgres
        .arg("-c")
        .arg(GUARD)
        .arg("postgres")
        .arg(programs.path("postgres"))
        .arg("-D")
        .arg(folder.join("data"))
        .arg("-k")
        .arg(folder)
        .args(["-h", "", "-p", &PORT.to_string()]);
    for option in options {
        postgres.args(["-c", option]);
    }
    let removed = if is_temporary {
        folder.as_os_str()
    } else {
        "".as_ref()
    };
    postgres
        .env("REMOVED", removed)
        .stdin(Stdio::piped())
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|error| PostgresError::Program {
            program: "postgres".to_owned(),
            detail: error.to_string(),
        })
}

fn command(programs: &Programs, account: Option<Account>, folder: &Path, program: &str) -> Command {
    as_account(Command::new(programs.path(program)), account, folder)
}

fn as_account(mut command: Command, account: Option<Account>, folder: &Path) -> Command {
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("HOME", folder)
        .env("LC_ALL", "C");
    if let Some(account) = account {
        command.uid(account.user).gid(account.group);
    }
    command
}

fn run(mut command: Command) -> Result<(), PostgresError> {
    let program = Path::new(command.get_program()).display().to_string();
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(PostgresError::Program {
            program,
            detail: String::from_utf8_lossy(&output.stderr).into_owned(),
        }),
        Err(error) => Err(PostgresError::Program {
            program,
            detail: error.to_string(),
        }),
    }
}

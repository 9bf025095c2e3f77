//! A real proxy: Squid, with names that nobody else resolves.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use test_support::programs;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// The domain of the names that only the proxy resolves, to this host.
pub const DOMAIN: &str = "valet.test";

/// What the proxy lets nobody reach.
pub const REFUSED: &str = "refused.valet.test";

/// How long it may take to listen.
const START: Duration = Duration::from_secs(20);

/// A request that the proxy was sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProxiedRequest {
    pub method: String,
    /// Without its port.
    pub host: String,
    pub status: u16,
}

/// The running proxy. It ends with this value.
pub struct Squid {
    child: Child,
    port: u16,
    /// By which it names what it has in shared memory.
    service: String,
    folder: TempDir,
}

/// Whether it is on this machine. Skips the test where it is not.
#[must_use]
pub fn is_installed_or_skip() -> bool {
    programs::are_installed_or_skip(&["squid"])
}

impl Squid {
    /// Starts it on a free port, with these names below [`DOMAIN`], all of which lead to loopback.
    ///
    /// # Errors
    ///
    /// When it does not listen in time.
    pub async fn start(names: &[&str]) -> io::Result<Self> {
        // Squid gives root up and reads its files as nobody: nothing above them may be closed.
        let folder = TempDir::with_prefix("valet-squid-")?;
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        for log in ["access.log", "cache.log"] {
            let path = folder.path().join(log);
            fs::write(&path, "")?;
            fs::set_permissions(&path, Permissions::from_mode(0o666))?;
        }
        let names: Vec<String> = names
            .iter()
            .map(|name| format!("{name}.{DOMAIN}"))
            .collect();
        fs::write(
            folder.path().join("hosts"),
            format!("127.0.0.1 {}\n", names.join(" ")),
        )?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let service = format!("valet{port}");
        fs::write(
            folder.path().join("squid.conf"),
            configuration(folder.path(), port),
        )?;
        let child = Self::spawn(folder.path(), &service)?;
        let mut proxy = Self {
            child,
            port,
            service,
            folder,
        };
        proxy.listens().await?;
        Ok(proxy)
    }

    fn spawn(folder: &Path, service: &str) -> io::Result<Child> {
        Command::new("squid")
            .args(["-n", service, "-N", "-f"])
            .arg(folder.join("squid.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    }

    async fn listens(&mut self) -> io::Result<()> {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            if began.elapsed() > START || self.child.try_wait()?.is_some() {
                let log = self.folder.path().join("cache.log");
                let log = fs::read_to_string(log).unwrap_or_default();
                return Err(io::Error::other(format!("squid does not listen:\n{log}")));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Its address, as a configuration says it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends it, as an outage would.
    ///
    /// # Errors
    ///
    /// When there is no such process.
    pub async fn stop(&mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Starts it again on its port.
    ///
    /// # Errors
    ///
    /// As [`Squid::start`].
    pub async fn restart(&mut self) -> io::Result<()> {
        self.forget();
        self.child = Self::spawn(self.folder.path(), &self.service)?;
        self.listens().await
    }

    /// The requests that it has answered so far, each once. A tunnel is written down when it ends.
    #[must_use]
    pub fn requests(&self) -> BTreeSet<ProxiedRequest> {
        let log = fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default();
        log.lines().filter_map(request).collect()
    }

    /// What it leaves in shared memory when it is killed.
    fn forget(&self) {
        for part in ["metadata", "queues", "readers"] {
            let _ = fs::remove_file(format!("/dev/shm/{}-cf__{part}.shm", self.service));
        }
    }
}

impl Drop for Squid {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        self.forget();
    }
}

fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    let user = if rustix::process::getuid().is_root() {
        "cache_effective_user nobody\n"
    } else {
        ""
    };
    format!(
        "http_port 127.0.0.1:{port}\n\
         hosts_file {folder}/hosts\n\
         logformat kit %rm %ru %>Hs\n\
         access_log stdio:{folder}/access.log kit\n\
         cache_log {folder}/cache.log\n\
         cache deny all\n\
         cache_mem 8 MB\n\
         pid_filename none\n\
         netdb_filename none\n\
         coredump_dir none\n\
         pinger_enable off\n\
         max_filedescriptors 1024\n\
         shutdown_lifetime 0 seconds\n\
         visible_hostname proxy.{DOMAIN}\n\
         acl refused dstdomain {REFUSED}\n\
         http_access deny refused\n\
         http_access allow all\n\
         {user}"
    )
}

fn request(line: &str) -> Option<ProxiedRequest> {
    let mut words = line.split(' ');
    let (method, url, status) = (words.next()?, words.next()?, words.next()?);
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = authority.split(['/', ':']).next()?;
    // A connection without a request: somebody looked whether it listens.
    if method == "-" {
        return None;
    }
    Some(ProxiedRequest {
        method: method.to_owned(),
        host: host.to_owned(),
        status: status.parse().ok()?,
    })
}

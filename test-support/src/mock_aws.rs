//! A mock of AWS in a process of its own, for as long as a test needs it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use crate::problem::Problem;
use crate::{folders, programs, python};

const START_TIMEOUT: Duration = Duration::from_mins(2);

/// What the server says once it listens, before its address.
const LISTENS: &str = "Running on ";

/// A running mock. It ends with this value, also when the test panics; and it reads its standard
/// input, so that it ends with this process even where that is killed.
pub struct MockAws {
    server: Child,
    /// Such as `http://127.0.0.1:40123`.
    address: String,
    region: String,
}

impl MockAws {
    /// Starts a mock on a free port that the system chooses.
    pub fn start() -> Result<Self, Problem> {
        let mut server = python::script(&python::own_folder().join("moto_server.py"))?
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the mock of AWS: {error}"))?;
        let errors = server.stderr.take();
        let mut mock = Self {
            server,
            address: String::new(),
            region: "us-east-1".to_owned(),
        };
        let (says, heard) = mpsc::channel();
        if let Some(errors) = errors {
            thread::spawn(move || follow(errors, &says));
        }
        mock.address = heard.recv_timeout(START_TIMEOUT).map_err(|_| {
            "the mock of AWS did not start; see test-logs/mock-aws.err below the target folder"
                .to_owned()
        })?;
        Ok(mock)
    }

    /// The same mock, of which programs ask for another region.
    #[must_use]
    pub fn in_region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    /// Where it listens, such as `http://127.0.0.1:40123`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Lets a program talk to this mock and to nothing else of AWS.
    pub fn configure(&self, command: &mut Command) {
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
        command
            .env("AWS_ENDPOINT_URL", &self.address)
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing")
            .env("AWS_REGION", &self.region)
            .env("AWS_DEFAULT_REGION", &self.region)
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            // S3's control calls go to <account>.<host>, which no name server knows. The mock
            // answers them as the proxy of everything that asks for one.
            .env("HTTP_PROXY", &self.address)
            .env("http_proxy", &self.address)
            .env_remove("NO_PROXY")
            .env_remove("no_proxy");
    }
}

impl Drop for MockAws {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Passes the address on, and keeps everything that the server says in a log.
fn follow(errors: ChildStderr, says: &Sender<String>) {
    let log =
        folders::kept(programs::LOGS).map(|logs| std::fs::File::create(logs.join("mock-aws.err")));
    let mut log = log.ok().and_then(Result::ok);
    for line in BufReader::new(errors).lines().map_while(Result::ok) {
        if let Some((_, address)) = line.split_once(LISTENS) {
            let _ = says.send(address.trim().to_owned());
        }
        if let Some(log) = &mut log {
            let _ = writeln!(log, "{line}");
        }
    }
}

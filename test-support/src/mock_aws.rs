//! A mock of AWS in a process of its own, for as long as a test needs it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use serde_json::Value;

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
        Self::start_script("moto_server.py")
    }

    /// Starts a mock that has Image Builder as well, and trouble that is ordered by [`Self::control`].
    pub fn start_for_bakes() -> Result<Self, Problem> {
        Self::start_script("aws_fake.py")
    }

    fn start_script(script: &str) -> Result<Self, Problem> {
        let mut server = python::script_of_mock(&python::own_folder().join(script))?
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

    /// Asks or tells a mock for bakes something beside AWS: `what` is one of the words of `aws_fake.py`.
    pub fn control(&self, what: &str, body: Option<&Value>) -> Result<Value, Problem> {
        let address = self
            .address
            .strip_prefix("http://")
            .unwrap_or(&self.address);
        let asked = || -> std::io::Result<Vec<u8>> {
            let mut stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(START_TIMEOUT))?;
            let body = body.map(Value::to_string).unwrap_or_default();
            let method = if body.is_empty() { "GET" } else { "POST" };
            write!(
                stream,
                "{method} /_fake/{what} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok(answer)
        };
        let answer = asked().map_err(|error| format!("the mock of AWS, {what}: {error}"))?;
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        if !head
            .lines()
            .next()
            .is_some_and(|line| line.contains(" 200 "))
        {
            return Err(format!("the mock of AWS, {what}: {text}").into());
        }
        serde_json::from_str(body)
            .map_err(|error| format!("the mock of AWS, {what}: {error}").into())
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

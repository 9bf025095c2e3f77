//! Answers over HTTP, in the network of a machine that is tried out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::net::TcpListener;
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::process::Pid;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tiny_http::{Header, Method, Request, Response, Server};

use super::timeline::{Stage, Timeline};
use valet_imds::{FORWARDED_HEADER, Metadata, TOKEN_HEADER, TTL_HEADER, Tokens};

/// What stands for every address of the internet. Of those that are for documentation: RFC 5737.
pub const OUTSIDE_ADDRESS: &str = "203.0.113.1";

/// Where something listens there: two ports that a fleet may reach, and one that it does not.
const OUTSIDE_PORTS: [u16; 3] = [80, 443, 8080];

/// The most that is taken of what a machine tells, in bytes.
const MAX_UPLOAD_BYTES: u64 = 8 << 20;

/// Below this path the machine tells what it has seen, and gets what it runs.
const GUEST_PATH: &str = "/valet/";

/// What the machine tells, and when it got how far.
#[derive(Clone, Debug)]
pub struct GuestLog {
    inner: Arc<Mutex<GuestState>>,
}

#[derive(Debug)]
pub struct GuestState {
    pub timeline: Timeline,
    /// What the machine uploads, by its subject.
    pub uploads: BTreeMap<String, String>,
}

impl GuestLog {
    #[must_use]
    pub fn start() -> Self {
        let inner = GuestState {
            timeline: Timeline::start(),
            uploads: BTreeMap::new(),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, GuestState> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a machine is given.
#[derive(Clone, Debug)]
pub struct GuestFiles {
    pub metadata: Metadata,
    /// The tokens that the machine got.
    pub tokens: Arc<Mutex<Tokens>>,
    /// Files below [`GUEST_PATH`].
    pub files: BTreeMap<&'static str, String>,
}

/// Everything that answers. It ends with its value.
pub struct GuestServer {
    servers: Vec<Arc<Server>>,
}

impl Drop for GuestServer {
    fn drop(&mut self) {
        self.servers.iter().for_each(|server| server.unblock());
    }
}

/// Answers in the network of another process.
///
/// # Errors
/// When the network cannot be entered, or an address in it is not available.
pub fn serve(
    process: Pid,
    guest_files: GuestFiles,
    guest_log: &GuestLog,
) -> io::Result<GuestServer> {
    let mut listeners = listen_in_network_of(process)?.into_iter();
    let mut servers = Vec::new();
    if let Some(listener) = listeners.next() {
        let guest_log = guest_log.clone();
        servers.push(start(listener, move |request| {
            respond(request, &guest_files, &guest_log)
        })?);
    }
    for listener in listeners {
        servers.push(start(listener, |request| {
            request.respond(Response::from_string("elsewhere\n"))
        })?);
    }
    Ok(GuestServer { servers })
}

/// A socket stays in the network in which it was made, whoever uses it. The first is the metadata
/// service's.
fn listen_in_network_of(process: Pid) -> io::Result<Vec<TcpListener>> {
    let network = File::open(format!("/proc/{}/ns/net", process.as_raw_nonzero()))?;
    let listen = move || -> io::Result<Vec<TcpListener>> {
        move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))?;
        let elsewhere = OUTSIDE_PORTS.map(|port| (OUTSIDE_ADDRESS, port));
        let all = [(valet_imds::ADDRESS, 80)].into_iter().chain(elsewhere);
        all.map(TcpListener::bind).collect()
    };
    // Of this process, only the thread that listens goes there.
    let listening = thread::spawn(listen).join();
    listening.unwrap_or_else(|_| Err(io::Error::other("the thread that listens has panicked")))
}

fn start(
    listener: TcpListener,
    respond: impl Fn(Request) -> io::Result<()> + Send + 'static,
) -> io::Result<Arc<Server>> {
    let server = Server::from_listener(listener, None).map_err(io::Error::other)?;
    let server = Arc::new(server);
    let own = Arc::clone(&server);
    thread::spawn(move || {
        for request in own.incoming_requests() {
            // Who asks and goes away is no concern of ours.
            let _ = respond(request);
        }
    });
    Ok(server)
}

fn respond(mut request: Request, guest_files: &GuestFiles, guest_log: &GuestLog) -> io::Result<()> {
    if let Some(name) = request
        .url()
        .strip_prefix(GUEST_PATH)
        .map(ToOwned::to_owned)
    {
        return match request.method() {
            Method::Get => send_file(request, guest_files.files.get(name.as_str())),
            Method::Put => {
                let mut text = Vec::new();
                request
                    .as_reader()
                    .take(MAX_UPLOAD_BYTES)
                    .read_to_end(&mut text)?;
                record(guest_log, name, String::from_utf8_lossy(&text).into_owned());
                request.respond(Response::empty(204))
            }
            _ => request.respond(Response::empty(405)),
        };
    }
    let header = |name: &'static str| {
        let mut headers = request.headers().iter();
        let found = headers.find(|header| header.field.equiv(name));
        found.map(|header| header.value.as_str())
    };
    let metadata_request = valet_imds::Request {
        method: request.method().as_str(),
        path: request.url(),
        token: header(TOKEN_HEADER),
        ttl: header(TTL_HEADER),
        is_forwarded: header(FORWARDED_HEADER).is_some(),
    };
    let metadata_response = {
        let tokens = guest_files.tokens.lock();
        let mut tokens = tokens.unwrap_or_else(PoisonError::into_inner);
        valet_imds::respond(metadata_request, &guest_files.metadata, &mut tokens)
    };
    if metadata_response.token_ttl.is_some() {
        guest_log.lock().timeline.reach(Stage::Metadata);
    } else if metadata_response.status == 200 && request.url().ends_with("/user-data") {
        guest_log.lock().timeline.reach(Stage::UserData);
    }
    let ttl = metadata_response.ttl_header();
    let mut response =
        Response::from_string(metadata_response.body).with_status_code(metadata_response.status);
    if let Some(ttl) = ttl {
        let header = Header::from_bytes(TTL_HEADER, ttl);
        response.add_header(header.map_err(|()| io::Error::other("no header"))?);
    }
    request.respond(response)
}

fn send_file(request: Request, file: Option<&String>) -> io::Result<()> {
    match file {
        Some(text) => request.respond(Response::from_string(text)),
        None => request.respond(Response::empty(404)),
    }
}

/// Records what the machine reports, and what that says of how far it got.
fn record(guest_log: &GuestLog, name: String, text: String) {
    let mut inner = guest_log.lock();
    match name.as_str() {
        "units" => inner.timeline.reach(Stage::Up),
        "checks" => inner.timeline.reach(Stage::Checked),
        "status" => inner.timeline.reach(Stage::Ran),
        _ => {}
    }
    inner.uploads.insert(name, text);
}

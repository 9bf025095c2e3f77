//! Looks at what the host runs: does it answer what a working one answers?

use std::net::Ipv4Addr;

use hyper::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use super::error::ProbeError;
use crate::http;

/// Whether a message of AdsPower's says that it was asked too often: `Too many request per second,
/// please check`.
fn is_rate_limit(message: &str) -> bool {
    message.to_ascii_lowercase().contains("too many request")
}

/// AdsPower's answer; `code` 0 is success.
#[derive(Deserialize)]
struct AdsPowerAnswer<T> {
    code: i64,
    #[serde(default)]
    msg: String,
    data: Option<T>,
}

/// The profiles that are open.
#[derive(Deserialize)]
struct Active {
    list: Vec<IgnoredAny>,
}

/// Whether AdsPower's API answers its `GET /status`.
///
/// # Errors
///
/// What it did instead.
pub async fn adspower(port: u16) -> Result<(), ProbeError> {
    match ask_adspower::<IgnoredAny>(port, "/status", None).await {
        // It answers, only not so often.
        Err(ProbeError::RateLimited) => Ok(()),
        result => result.map(|_| ()),
    }
}

/// How many browser profiles AdsPower has open.
///
/// # Errors
///
/// Why it does not say.
pub async fn profiles(port: u16, token: Option<&str>) -> Result<u32, ProbeError> {
    let active: Option<Active> = ask_adspower(port, "/api/v1/browser/local-active", token).await?;
    Ok(active.map_or(0, |active| active.list.len() as u32))
}

async fn ask_adspower<T: serde::de::DeserializeOwned>(
    port: u16,
    path: &'static str,
    token: Option<&str>,
) -> Result<Option<T>, ProbeError> {
    let stream = connect(port).await?;
    let request = http::request(Method::GET, path, Vec::new(), token)?;
    let answer = http::send(stream, request).await?;
    if !answer.status.is_success() {
        let status = answer.status;
        return Err(ProbeError::Status { path, status });
    }
    let answer: AdsPowerAnswer<T> =
        serde_json::from_slice(&answer.body).map_err(|error| ProbeError::NotAdsPower {
            path,
            reason: error.to_string(),
        })?;
    if answer.code != 0 && is_rate_limit(&answer.msg) {
        return Err(ProbeError::RateLimited);
    }
    if answer.code != 0 {
        return Err(ProbeError::AdsPowerCode {
            path,
            code: answer.code,
            message: answer.msg,
        });
    }
    Ok(answer.data)
}

/// The beginning of an X11 connection: little-endian, protocol 11.0, no authorization.
const X11_SETUP: [u8; 12] = [b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Whether the X server answers the beginning of a connection. That it lets us in is not asked: a
/// refusal is an answer too.
///
/// # Errors
///
/// What it did instead.
pub async fn xvfb(socket: &str) -> Result<(), ProbeError> {
    let mut stream = UnixStream::connect(socket)
        .await
        .map_err(|error| unreachable(socket, error))?;
    let mut answer = [0; 1];
    let exchange = async {
        stream.write_all(&X11_SETUP).await?;
        stream.read_exact(&mut answer).await
    };
    exchange.await.map_err(|error| ProbeError::Closed {
        socket: socket.to_owned(),
        reason: error.to_string(),
    })?;
    match answer[0] {
        0..=2 => Ok(()),
        byte => Err(ProbeError::NotX11 {
            socket: socket.to_owned(),
            byte,
        }),
    }
}

/// Whether noVNC's port answers HTTP.
///
/// # Errors
///
/// What it did instead.
pub async fn novnc(port: u16) -> Result<(), ProbeError> {
    let stream = connect(port).await?;
    let request = http::request(Method::HEAD, "/", Vec::new(), None)?;
    http::send(stream, request).await?;
    Ok(())
}

async fn connect(port: u16) -> Result<TcpStream, ProbeError> {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| unreachable(format!("127.0.0.1:{port}"), error))
}

fn unreachable(place: impl Into<String>, error: impl Into<std::io::Error>) -> ProbeError {
    ProbeError::Unreachable {
        place: place.into(),
        reason: error.into().to_string(),
    }
}

/// Memory in use on the host, in percent: what is not available without swapping.
///
/// # Errors
///
/// When the kernel does not say.
pub fn memory_percent() -> Result<f64, ProbeError> {
    let text = std::fs::read_to_string("/proc/meminfo")
        .map_err(|error| ProbeError::MemoryUnreadable(error.to_string()))?;
    used_memory(&text).ok_or(ProbeError::MemoryUnknown)
}

/// The memory of the host, in bytes.
#[must_use]
pub fn total_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    kibibytes(&text, "MemTotal:").map(|kibibytes| kibibytes * 1024)
}

fn used_memory(meminfo: &str) -> Option<f64> {
    let total = kibibytes(meminfo, "MemTotal:")?;
    let available = kibibytes(meminfo, "MemAvailable:")?;
    (total > 0).then(|| 100.0 * total.saturating_sub(available) as f64 / total as f64)
}

fn kibibytes(meminfo: &str, key: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The file system of this folder in use, in percent, as `df` computes it.
///
/// # Errors
///
/// When the folder is not there.
pub fn disk_percent(folder: &str) -> Result<f64, ProbeError> {
    let room = rustix::fs::statvfs(folder).map_err(|error| unreachable(folder, error))?;
    let used = room.f_blocks.saturating_sub(room.f_bfree);
    // What is kept back for root is neither used nor there for anybody.
    let usable = used + room.f_bavail;
    if usable == 0 {
        return Err(ProbeError::EmptyFileSystem(folder.to_owned()));
    }
    Ok(100.0 * used as f64 / usable as f64)
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use axum::{Json, Router};
    use serde_json::json;

    use super::{ProbeError, adspower, disk_percent, memory_percent, used_memory, xvfb};
    use crate::testing;

    /// An AdsPower that answers so.
    async fn adspower_says(code: i64, message: &str) -> Result<(), ProbeError> {
        let answer = json!({ "code": code, "msg": message });
        let router = Router::new().route("/status", get(async move || Json(answer)));
        adspower(testing::serve(router).await.port()).await
    }

    #[tokio::test]
    async fn adspower_that_was_asked_too_often_is_well() {
        let too_often = "Too many request per second, please check";
        assert_eq!(adspower_says(-1, too_often).await, Ok(()));
        assert_eq!(adspower_says(0, "success").await, Ok(()));
        let broken = adspower_says(-1, "no licence").await;
        assert!(
            matches!(broken, Err(ProbeError::AdsPowerCode { .. })),
            "{broken:?}"
        );
    }

    #[test]
    fn memory_in_use_is_what_is_not_available() {
        let text = "MemTotal:       4000 kB\nMemFree:  10 kB\nMemAvailable:   1000 kB\n";
        assert_eq!(used_memory(text), Some(75.0));
        assert_eq!(used_memory("MemTotal: 4000 kB\n"), None);
        assert!((0.0..=100.0).contains(&memory_percent().unwrap()));
    }

    #[test]
    fn a_disk_is_between_empty_and_full() {
        assert!((0.0..=100.0).contains(&disk_percent("/").unwrap()));
        let error = disk_percent("/nowhere").unwrap_err();
        assert!(error.to_string().contains("/nowhere"), "{error}");
    }

    #[tokio::test]
    async fn a_socket_that_is_not_there_is_named() {
        let error = xvfb("/nowhere/X99").await.unwrap_err();
        assert!(error.to_string().contains("/nowhere/X99"), "{error}");
    }
}

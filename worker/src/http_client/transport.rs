//! TCP connections to where a request goes: straight, or through the fleet's proxy.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::http::uri::{Authority, Scheme};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;
use valet_protocol::config::Proxy;

/// How long connecting may take, before TLS.
const CONNECT: Duration = Duration::from_secs(3);

/// How long a proxy may take to open a tunnel: it connects, too.
const TUNNEL: Duration = Duration::from_secs(6);

/// What no proxy can reach for this host, or may see: the host itself, and the metadata service with the role's
/// credentials.
const NEVER: &str = "localhost,127.0.0.0/8,::1,169.254.0.0/16,fe80::/10,fd00:ec2::254";

pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Makes connections.
#[derive(Clone, Debug)]
pub struct Transport {
    tcp: HttpConnector,
    route: Option<Arc<Route>>,
    /// Whether plain HTTP is tunnelled too.
    tunnels_all: bool,
}

/// The way through the proxy, and what takes it.
struct Route {
    matcher: Matcher,
    /// Endings of names that do not take it, each with its dot in front.
    excepted: Vec<String>,
    proxy: Uri,
}

impl Transport {
    /// Connections through this proxy, where there is one.
    #[must_use]
    pub fn new(proxy: Option<&Proxy>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT));
        tcp.set_nodelay(true);
        // It is asked for https too, underneath TLS.
        tcp.enforce_http(false);
        Self {
            tcp,
            route: proxy.and_then(Route::new).map(Arc::new),
            tunnels_all: false,
        }
    }

    /// The same for a protocol that a proxy does not speak: everything goes by CONNECT.
    #[must_use]
    pub fn tunnelled(&self) -> Self {
        Self {
            tunnels_all: true,
            ..self.clone()
        }
    }
}

impl Route {
    /// Nothing where the address is none, which the configuration has refused.
    fn new(proxy: &Proxy) -> Option<Self> {
        let url = proxy.url.as_str();
        // The matcher would take the name itself for one below it.
        let (excepted, others): (Vec<&str>, Vec<&str>) = proxy
            .no_proxy
            .iter()
            .map(String::as_str)
            .partition(|entry| entry.starts_with('.'));
        let no_proxy = format!("{NEVER},{}", others.join(","));
        Some(Self {
            excepted: excepted.into_iter().map(str::to_ascii_lowercase).collect(),
            matcher: Matcher::builder().all(url).no(no_proxy).build(),
            proxy: url.parse().ok()?,
        })
    }

    fn takes(&self, address: &Uri) -> bool {
        let host = address.host().unwrap_or_default().to_ascii_lowercase();
        let is_excepted = self.excepted.iter().any(|ending| host.ends_with(ending));
        !is_excepted && self.matcher.intercept(address).is_some()
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Route({})", self.proxy)
    }
}

/// The proxy did not let a connection through.
#[derive(Debug, thiserror::Error)]
#[error("the proxy {proxy} opens no connection to {host}")]
struct ProxyError {
    proxy: String,
    host: String,
    source: Error,
}

impl Service<Uri> for Transport {
    type Response = Stream;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let Some(route) = self.route.clone().filter(|route| route.takes(&address)) else {
            return straight(self.tcp.call(address), false);
        };
        if self.tunnels_all || address.scheme() == Some(&Scheme::HTTPS) {
            return tunnel(self.tcp.clone(), route, address);
        }
        straight(self.tcp.call(route.proxy.clone()), true)
    }
}

type Connecting = <Transport as Service<Uri>>::Future;

fn straight(connecting: <HttpConnector as Service<Uri>>::Future, is_proxied: bool) -> Connecting {
    Box::pin(async move {
        let stream = connecting.await?;
        Ok(Stream { stream, is_proxied })
    })
}

fn tunnel(tcp: HttpConnector, route: Arc<Route>, address: Uri) -> Connecting {
    Box::pin(async move {
        let host = address.host().unwrap_or_default().to_owned();
        let failed = |source: Error| {
            let proxy = route.proxy.authority().map(Authority::to_string);
            Box::new(ProxyError {
                proxy: proxy.unwrap_or_default(),
                host,
                source,
            })
        };
        let opening = Tunnel::new(route.proxy.clone(), tcp).call(with_port(address));
        match tokio::time::timeout(TUNNEL, opening).await {
            // From here on the proxy hands on bytes and reads none of them.
            Ok(Ok(stream)) => Ok(Stream {
                stream,
                is_proxied: false,
            }),
            Ok(Err(error)) => Err(failed(error.into()).into()),
            Err(_) => {
                let seconds = TUNNEL.as_secs();
                Err(failed(format!("no answer within {seconds} s").into()).into())
            }
        }
    })
}

/// An address whose port is said: for one of http that says none, a tunnel would go to 443.
fn with_port(address: Uri) -> Uri {
    if address.port().is_some() || address.scheme() != Some(&Scheme::HTTP) {
        return address;
    }
    let host = address.host().unwrap_or_default();
    let authority = Authority::try_from(format!("{host}:80"));
    let mut parts = address.clone().into_parts();
    parts.authority = authority.ok();
    Uri::from_parts(parts).unwrap_or(address)
}

/// A connection.
#[derive(Debug)]
pub struct Stream {
    stream: TokioIo<TcpStream>,
    /// Whether the proxy reads the requests, and has to be told where each goes.
    is_proxied: bool,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.is_proxied)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(no_proxy: &[&str], address: &str) -> bool {
        let proxy = Proxy {
            url: "http://proxy.example.org:3128".to_owned(),
            no_proxy: no_proxy.iter().map(|entry| (*entry).to_owned()).collect(),
        };
        let route = Route::new(&proxy).expect("an address");
        route.takes(&address.parse().expect("an address"))
    }

    #[test]
    fn what_is_outside_goes_through_the_proxy() {
        for address in [
            "https://ssm.us-east-1.amazonaws.com/",
            "http://api.example.org/heartbeat",
            "https://10.0.0.7:8443/",
            "https://[2001:db8::1]/",
            "https://localhost.example.org/",
        ] {
            assert!(takes(&[], address), "{address}");
        }
    }

    #[test]
    fn neither_the_host_nor_the_metadata_service_ever_does() {
        for address in [
            "http://169.254.169.254/latest/api/token",
            "http://[fd00:ec2::254]/latest/api/token",
            "http://169.254.170.2/v2/credentials",
            "http://127.0.0.1:50325/status",
            "http://127.9.9.9/",
            "http://localhost:6080/",
            "http://[::1]:6080/",
            "http://[fe80::1]/",
        ] {
            assert!(!takes(&[], address), "{address}");
        }
    }

    #[test]
    fn what_is_listed_does_not() {
        let listed = [
            "10.0.0.0/8",
            "fd00::/8",
            ".vpce.amazonaws.com",
            "hatchet.internal",
        ];
        for address in [
            "https://10.1.2.3/",
            "https://[fd00::9]/",
            "https://vpce-1.ssm.us-east-1.vpce.amazonaws.com/",
            "https://hatchet.internal:7077/",
            "https://engine.hatchet.internal/",
        ] {
            assert!(!takes(&listed, address), "{address}");
        }
        assert!(takes(&listed, "https://nothatchet.internal/"));
        assert!(takes(&listed, "https://vpce.amazonaws.com/"));
        assert!(takes(&listed, "https://11.1.2.3/"));
    }

    #[test]
    fn a_tunnel_goes_to_the_port_of_the_address() {
        for (address, expected) in [
            ("http://engine", "engine:80"),
            ("http://engine:7077", "engine:7077"),
            ("http://[fd00::1]/", "[fd00::1]:80"),
            ("https://engine", "engine"),
        ] {
            let address = with_port(address.parse().expect("an address"));
            let authority = address.authority().expect("it has one");
            assert_eq!(authority.as_str(), expected);
        }
    }
}

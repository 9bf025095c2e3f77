//! A pool of connections.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::config::SslMode;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::problem::{Problem, ProblemKind};

/// How long a request waits for a connection before it is answered 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a statement may take. Nothing here takes a tenth of it.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// The database.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    config: Arc<Config>,
}

/// Why the database cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("the database's address is not valid: {0}")]
    Address(tokio_postgres::Error),
    #[error("the database's address has no host")]
    NoHost,
    #[error("no certificate authority is installed, which TLS to the database needs")]
    NoRoots,
    #[error("the pool of connections cannot be made: {0}")]
    Pool(#[from] deadpool_postgres::BuildError),
    #[error("the database does not answer: {0}")]
    Connect(tokio_postgres::Error),
    #[error("the schema cannot be brought up to date: {0}")]
    Migrate(#[from] refinery::Error),
    #[error("a statement failed: {0}")]
    Statement(#[from] tokio_postgres::Error),
}

impl Database {
    /// Makes a pool. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// When the address is not a valid one, or needs TLS on a machine without certificate authorities.
    pub fn new(address: &str, connections: usize) -> Result<Self, DatabaseError> {
        let mut config: Config = address.parse().map_err(DatabaseError::Address)?;
        if config.get_hosts().is_empty() {
            return Err(DatabaseError::NoHost);
        }
        config.connect_timeout(CONNECT_TIMEOUT);
        config.application_name("valet-control");
        let options = config.get_options().unwrap_or_default().to_owned();
        let timeout = STATEMENT_TIMEOUT.as_millis();
        config.options(format!(
            "{options} -c statement_timeout={timeout} -c idle_in_transaction_session_timeout={timeout}"
        ));
        let settings = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = if config.get_ssl_mode() == SslMode::Disable || is_local(&config) {
            Manager::from_config(config.clone(), NoTls, settings)
        } else {
            Manager::from_config(config.clone(), tls()?, settings)
        };
        let pool = Pool::builder(manager)
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(ACQUIRE_TIMEOUT),
                create: Some(CONNECT_TIMEOUT),
                recycle: Some(CONNECT_TIMEOUT),
            })
            .build()?;
        Ok(Self {
            pool,
            config: Arc::new(config),
        })
    }

    /// A connection.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn client(&self) -> Result<Object, Problem> {
        self.pool.get().await.map_err(|error| {
            tracing::warn!(%error, "no connection to the database");
            Problem::from(ProblemKind::DatabaseUnavailable)
        })
    }

    /// A connection outside of the pool, for a session of its own.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn dedicated(&self) -> Result<Client, DatabaseError> {
        self.listener(|_| {}).await
    }

    /// The same, with whatever the database says by itself: notices and announcements.
    ///
    /// # Errors
    ///
    /// As [`Database::dedicated`].
    pub async fn listener(
        &self,
        hear: impl Fn(AsyncMessage) + Send + 'static,
    ) -> Result<Client, DatabaseError> {
        if self.config.get_ssl_mode() == SslMode::Disable || is_local(&self.config) {
            let connected = self.config.connect(NoTls).await;
            let (client, connection) = connected.map_err(DatabaseError::Connect)?;
            tokio::spawn(drive(connection, hear));
            Ok(client)
        } else {
            let connected = self.config.connect(tls()?).await;
            let (client, connection) = connected.map_err(DatabaseError::Connect)?;
            tokio::spawn(drive(connection, hear));
            Ok(client)
        }
    }
}

/// Carries a connection until its client is dropped or it breaks, which the client's next statement says.
async fn drive<S, T>(mut connection: Connection<S, T>, hear: impl Fn(AsyncMessage))
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        hear(message);
    }
}

/// Whether the address is a socket of this machine.
fn is_local(config: &Config) -> bool {
    let is_socket =
        |host: &tokio_postgres::config::Host| matches!(host, tokio_postgres::config::Host::Unix(_));
    config.get_hosts().iter().all(is_socket)
}

fn tls() -> Result<MakeRustlsConnect, DatabaseError> {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(DatabaseError::NoRoots);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of these versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

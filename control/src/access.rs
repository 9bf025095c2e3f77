//! Who may call the API: tokens with roles.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::database::{Database, from_database};
use crate::problem::{Problem, ProblemKind};
use crate::ranges::TOKEN_SECONDS;
use crate::tokens;

/// What somebody may do. Each may also do what those before it may.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Deserialize,
    Serialize,
    ToSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads hosts, orders and sessions.
    Viewer,
    /// Gives orders.
    Operator,
    /// Reads the audit log; manages keys and tokens.
    Admin,
}

impl Role {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Viewer, Self::Operator, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// Who acts.
#[derive(Clone, Debug)]
pub struct Actor {
    pub name: String,
    pub role: Role,
    pub address: IpAddr,
}

impl Actor {
    /// Whoever runs this program with access to the database.
    #[must_use]
    pub fn command_line() -> Self {
        Self {
            name: "command line".to_owned(),
            role: Role::Admin,
            address: IpAddr::from([127, 0, 0, 1]),
        }
    }

    /// The server itself, which acts by its rules.
    #[must_use]
    pub fn server() -> Self {
        Self {
            name: "valet-control".to_owned(),
            ..Self::command_line()
        }
    }

    /// Whether the role is high enough.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub fn require(&self, role: Role) -> Result<(), Problem> {
        if self.role >= role {
            return Ok(());
        }
        let detail = format!(
            "the token's role is {}, and {} is needed",
            self.role.as_str(),
            role.as_str()
        );
        Err(Problem::new(ProblemKind::RoleTooLow, detail))
    }
}

/// A token that is to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewToken {
    /// Whose it is, in 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    pub name: String,
    pub role: Role,
    /// Seconds for which it counts, ten years at the most. Left out: until it is revoked.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 315_360_000)]
    pub lifetime_seconds: Option<u32>,
    /// Works for clients of the server's machine only.
    #[serde(default)]
    pub loopback_only: bool,
}

/// A token, without its secret.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiToken {
    pub id: String,
    pub name: String,
    pub role: Role,
    pub loopback_only: bool,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
}

/// Makes a token. Its secret is returned once and kept nowhere.
///
/// # Errors
///
/// When the name is empty or too long, the lifetime is out of range, or the database does not answer.
pub async fn create(database: &Database, new: &NewToken) -> Result<(ApiToken, String), Problem> {
    if !(1..=64).contains(&new.name.chars().count()) {
        return Err(Problem::new(
            ProblemKind::ValueOutOfRange,
            "`name` has 1 to 64 characters",
        ));
    }
    // What should count for longer has no end.
    if !new
        .lifetime_seconds
        .is_none_or(|seconds| TOKEN_SECONDS.contains(&seconds))
    {
        let detail = format!("`lifetimeSeconds` is 1 to {}", TOKEN_SECONDS.end());
        return Err(Problem::new(ProblemKind::ValueOutOfRange, detail));
    }
    let secret = format!("vct_{}", tokens::new_secret()?);
    let id = tokens::new_id("t")?;
    let lifetime = new.lifetime_seconds.map(f64::from);
    let client = database.client().await?;
    let row = client
        .query_one(
            "INSERT INTO api_token (id, name, role, hash, loopback_only, expires_at)
             VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6)) RETURNING *",
            &[
                &id,
                &new.name,
                &new.role.as_str(),
                &tokens::hash(&secret),
                &new.loopback_only,
                &lifetime,
            ],
        )
        .await?;
    Ok((token_of(&row)?, secret))
}

/// Every token, the newest first.
///
/// # Errors
///
/// When the database does not answer.
pub async fn list(database: &Database) -> Result<Vec<ApiToken>, Problem> {
    let client = database.client().await?;
    let rows = client
        .query("SELECT * FROM api_token ORDER BY created_at DESC, id", &[])
        .await?;
    rows.iter().map(token_of).collect()
}

/// Ends a token at once.
///
/// # Errors
///
/// When no token has this id, or the database does not answer.
pub async fn revoke(database: &Database, id: &str) -> Result<ApiToken, Problem> {
    let client = database.client().await?;
    let row = client
        .query_opt(
            "UPDATE api_token SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING *",
            &[&id],
        )
        .await?;
    token_of(&row.ok_or(Problem::from(ProblemKind::TokenUnknown))?)
}

/// Whose token this is.
///
/// # Errors
///
/// When it is unknown, has ended, was revoked, or may not be used from this address.
pub async fn authenticate(
    database: &Database,
    secret: &str,
    address: IpAddr,
) -> Result<Actor, Problem> {
    let client = database.client().await?;
    let statement = client
        .prepare_cached(
            "SELECT name, role, loopback_only FROM api_token
             WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())",
        )
        .await?;
    let row = client
        .query_opt(&statement, &[&tokens::hash(secret)])
        .await?;
    let row = row.ok_or(Problem::from(ProblemKind::TokenRefused))?;
    actor_of(&row, address)
}

/// Whoever has the token of this row, with `name`, `role` and `loopback_only`.
pub(crate) fn actor_of(row: &tokio_postgres::Row, address: IpAddr) -> Result<Actor, Problem> {
    if row.get("loopback_only") && !address.to_canonical().is_loopback() {
        return Err(Problem::new(
            ProblemKind::TokenRefused,
            "this token works for clients of the server's machine only",
        ));
    }
    Ok(Actor {
        name: row.get("name"),
        role: Role::parse(row.get("role")).ok_or(Problem::from(ProblemKind::Internal))?,
        address,
    })
}

fn token_of(row: &tokio_postgres::Row) -> Result<ApiToken, Problem> {
    Ok(ApiToken {
        id: row.get("id"),
        name: row.get("name"),
        role: Role::parse(row.get("role")).ok_or(Problem::from(ProblemKind::Internal))?,
        loopback_only: row.get("loopback_only"),
        created_at: from_database(row.get("created_at")),
        expires_at: row.get::<_, Option<_>>("expires_at").map(from_database),
        revoked_at: row.get::<_, Option<_>>("revoked_at").map(from_database),
    })
}

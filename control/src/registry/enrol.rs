//! An instance says who it is, and gets a token of its own.

use deadpool_postgres::Transaction;
use jiff::{SignedDuration, Timestamp};
use valet_protocol::heartbeat_v2::{Capability, EnrolmentRequest, EnrolmentResponse, VERSION};

use super::listing::{self, Listing};
use super::pulses::CHANNEL;
use crate::control::Control;
use crate::database::{from_database, to_database};
use crate::identity::{self, IdentityDocument};
use crate::problem::{Problem, ProblemKind};
use crate::{keys, tokens};

/// How long a token counts. A heartbeat's response renews it at half of this.
pub const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// How long after its launch an instance may enrol for the first time.
const MAX_LAUNCH_AGE: SignedDuration = SignedDuration::from_mins(15);

/// How long the earlier boot of a host must have been silent before another boot may take its place: two heartbeats.
const MIN_SILENCE: SignedDuration = SignedDuration::from_secs(60);

/// Enrols an instance.
///
/// # Errors
///
/// When the document is not AWS's, belongs to no fleet, the key does not count, or the boot is enrolled by another
/// agent.
pub async fn enrol(
    control: &Control,
    key: &str,
    request: &EnrolmentRequest,
) -> Result<EnrolmentResponse, Problem> {
    check(request)?;
    let document = identity::verify(&request.rsa2048, &control.certificates)
        .map_err(|error| Problem::new(ProblemKind::IdentityInvalid, error.to_string()))?;
    if !control.has_account(&document.account_id, &document.region) {
        let detail = format!("account {} in {}", document.account_id, document.region);
        return Err(Problem::new(ProblemKind::IdentityNotAllowed, detail));
    }
    if !keys::accepts(&control.database, key).await? {
        mark_alive(control, &document, request).await?;
        return Err(Problem::from(ProblemKind::WorkerKeyRefused));
    }
    let listing = listing::of(control, &document).await?;
    let mut client = control.database.client().await?;
    let transaction = client.transaction().await?;
    admit(control, &transaction, &document, request, listing).await?;
    let token = tokens::new_secret()?;
    let expires = store(&transaction, &document, request, &token).await?;
    transaction.commit().await?;
    tracing::info!(
        instance = document.instance_id,
        boot = request.boot_id,
        "enrolled"
    );
    Ok(EnrolmentResponse {
        token,
        token_expires: expires,
        interval_seconds: None,
    })
}

/// Refuses what is not of the contract.
fn check(request: &EnrolmentRequest) -> Result<(), Problem> {
    let malformed = |detail: &str| Err(Problem::new(ProblemKind::Malformed, detail));
    let is_id = |text: &str| {
        (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    };
    if request.version != VERSION {
        return malformed("`version` is 2");
    }
    if !is_id(&request.boot_id) {
        return malformed("`bootId` is a UUID");
    }
    if request.nonce.len() != 32 || !request.nonce.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return malformed("`nonce` has 32 hexadecimal digits");
    }
    if request.capabilities.len() > 64 {
        return malformed("`capabilities` has 64 entries at the most");
    }
    Ok(())
}

/// A host whose key has ended is alive all the same, if the document is its own and its boot is the one that enrolled.
async fn mark_alive(
    control: &Control,
    document: &IdentityDocument,
    request: &EnrolmentRequest,
) -> Result<(), Problem> {
    let proof = request.previous_token.as_deref().map(tokens::hash);
    let client = control.database.client().await?;
    client
        .execute(
            "UPDATE pulse SET seen_at = now() WHERE instance_id = $1 AND boot_id = $2 AND EXISTS
                 (SELECT FROM enrolment WHERE token_hash = $3 AND instance_id = $1 AND boot_id = $2)",
            &[&document.instance_id, &request.boot_id, &proof],
        )
        .await?;
    Ok(())
}

/// Whether the instance may enrol now.
async fn admit(
    control: &Control,
    transaction: &Transaction<'_>,
    document: &IdentityDocument,
    request: &EnrolmentRequest,
    listing: Listing,
) -> Result<(), Problem> {
    let id = &document.instance_id;
    // Two enrolments of one instance come one after the other, the first as well.
    transaction
        .execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
            &[id],
        )
        .await?;
    let row = transaction
        .query_one(
            "SELECT now() AS now,
                    (SELECT max(gone_at) FROM sandbox WHERE instance_id = $1) AS gone_at,
                    EXISTS (SELECT FROM sandbox WHERE instance_id = $1 AND enrolled_at IS NOT NULL) AS known,
                    EXISTS (SELECT FROM enrolment WHERE instance_id = $1 AND boot_id = $2) AS enrolled,
                    EXISTS (SELECT FROM enrolment WHERE instance_id = $1 AND boot_id = $2 AND token_hash = $3) AS proven,
                    EXISTS (SELECT FROM release WHERE target = $1 AND NOT is_group AND until > now()) AS released,
                    (SELECT array_agg(target) FROM release WHERE is_group AND until > now()) AS groups,
                    (SELECT greatest(pulse.seen_at, (SELECT max(issued_at) FROM enrolment WHERE instance_id = $1))
                         FROM sandbox LEFT JOIN pulse USING (instance_id) WHERE instance_id = $1) AS last_heard,
                    (SELECT max(started_at) FROM ingest_up) AS up_since,
                    (SELECT last_at FROM ingest_up ORDER BY started_at DESC OFFSET 1 LIMIT 1) AS up_before",
            &[id, &request.boot_id, &request.previous_token.as_deref().map(tokens::hash)],
        )
        .await?;
    let time = |column: &str| row.get::<_, Option<_>>(column).map(from_database);
    let now = from_database(row.get("now"));
    if row.get("proven") {
        return Ok(());
    }
    // Nobody vouches for what AWS does not have.
    listing.admit(id)?;
    if row.get("released") {
        transaction
            .execute(
                "DELETE FROM release WHERE target = $1 AND NOT is_group",
                &[id],
            )
            .await?;
        return Ok(());
    }
    if row.get("enrolled") {
        tracing::error!(
            instance = id,
            boot = request.boot_id,
            "a second agent tries to enrol an enrolled boot"
        );
        return Err(Problem::new(
            ProblemKind::BootEnrolled,
            format!("instance {id}"),
        ));
    }
    if row.get("known") && time("gone_at").is_none() {
        let silence =
            time("last_heard").map_or(SignedDuration::MAX, |heard| now.duration_since(heard));
        if silence < MIN_SILENCE {
            let detail = format!(
                "instance {id} is heard under another boot id; try again when it has been silent for 60 s"
            );
            return Err(Problem::new(ProblemKind::BootEnrolled, detail));
        }
        return Ok(());
    }
    let groups: Vec<String> = row.get::<_, Option<_>>("groups").unwrap_or_default();
    let is_group_released = groups
        .iter()
        .any(|group| control.has_group(group, &document.account_id, &document.region));
    let deadline = launch_deadline(document.pending_time, time("up_since"), time("up_before"));
    if is_group_released || now <= deadline {
        return Ok(());
    }
    let detail = format!("instance {id} was launched at {}", document.pending_time);
    Err(Problem::new(ProblemKind::LaunchTooLongAgo, detail))
}

/// Until when an instance may enrol for the first time. Where the server was not up before that time ended, it counts
/// from when it was up again.
fn launch_deadline(
    launched: Timestamp,
    up_since: Option<Timestamp>,
    up_before: Option<Timestamp>,
) -> Timestamp {
    let deadline = launched + MAX_LAUNCH_AGE;
    match (up_since, up_before) {
        (Some(since), Some(before)) if deadline >= before => deadline.max(since + MAX_LAUNCH_AGE),
        _ => deadline,
    }
}

async fn store(
    transaction: &Transaction<'_>,
    document: &IdentityDocument,
    request: &EnrolmentRequest,
    token: &str,
) -> Result<Timestamp, Problem> {
    let id = &document.instance_id;
    let capabilities: Vec<&str> = request
        .capabilities
        .iter()
        .map(|known| capability_name(*known))
        .collect();
    transaction
        .execute(
            "INSERT INTO sandbox (instance_id, account, region, zone, instance_type, image_id, launched_at, capabilities)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (instance_id) DO UPDATE SET launched_at = excluded.launched_at, gone_at = NULL,
                enrolled_at = coalesce(sandbox.enrolled_at, now()),
                instance_type = excluded.instance_type, capabilities = excluded.capabilities",
            &[
                id,
                &document.account_id,
                &document.region,
                &document.availability_zone,
                &document.instance_type,
                &document.image_id,
                &to_database(document.pending_time),
                &capabilities,
            ],
        )
        .await?;
    // What ran under another boot has ended with it, and nobody can say how.
    let former = transaction
        .execute(
            "DELETE FROM enrolment WHERE instance_id = $1 AND boot_id <> $2",
            &[id, &request.boot_id],
        )
        .await?;
    transaction
        .execute(
            "UPDATE session SET ended_at = now(), outcome = 'lost'
             WHERE instance_id = $1 AND boot_id <> $2 AND ended_at IS NULL",
            &[id, &request.boot_id],
        )
        .await?;
    // Announcements make commits wait for each other, so a fleet that enrols for the first time makes none.
    if former > 0 {
        announce(transaction, id).await?;
    }
    add_token(transaction, id, &request.boot_id, token).await
}

/// Tells every replica that something concerns this host.
pub(crate) async fn announce(transaction: &Transaction<'_>, instance: &str) -> Result<(), Problem> {
    transaction
        .execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &instance])
        .await?;
    Ok(())
}

/// Stores a token of this instance and boot. Returns when it ends.
pub(super) async fn add_token(
    transaction: &Transaction<'_>,
    instance: &str,
    boot: &str,
    token: &str,
) -> Result<Timestamp, Problem> {
    let row = transaction
        .query_one(
            "INSERT INTO enrolment (token_hash, instance_id, boot_id, expires_at)
             VALUES ($1, $2, $3, now() + make_interval(secs => $4)) RETURNING expires_at",
            &[
                &tokens::hash(token),
                &instance,
                &boot,
                &TOKEN_LIFE.as_secs_f64(),
            ],
        )
        .await?;
    Ok(from_database(row.get(0)))
}

/// As the contract writes it.
pub(super) const fn capability_name(capability: Capability) -> &'static str {
    match capability {
        Capability::Drain => "drain",
        Capability::Resume => "resume",
        Capability::RestartRuntime => "restartRuntime",
        Capability::RestartServices => "restartServices",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn an_outage_of_the_server_extends_the_time_to_enrol() {
        let launched = at("2026-01-01T10:00:00Z");
        let deadline = |since, before| launch_deadline(launched, since, before);
        assert_eq!(deadline(None, None), at("2026-01-01T10:15:00Z"));
        // Down from 10:10 to 12:00: the host had 5 minutes left, and has 15 again.
        let down = deadline(
            Some(at("2026-01-01T12:00:00Z")),
            Some(at("2026-01-01T10:10:00Z")),
        );
        assert_eq!(down, at("2026-01-01T12:15:00Z"));
        // Down from 10:20 on: it had its time.
        let late = deadline(
            Some(at("2026-01-01T12:00:00Z")),
            Some(at("2026-01-01T10:20:00Z")),
        );
        assert_eq!(late, at("2026-01-01T10:15:00Z"));
    }
}

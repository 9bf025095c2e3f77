//! A heartbeat: how a host is, what ended on it, and what became of its orders.

use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use valet_protocol::heartbeat::AdsPowerStatus;
use valet_protocol::heartbeat_v2::{Heartbeat, HeartbeatResponse, MAX_ENDED_SESSIONS, VERSION};

use super::enrol::add_token;
use crate::control::Control;
use crate::database::to_database;
use crate::problem::{Problem, ProblemKind};
use crate::{orders, sessions, tokens};

/// The most tasks at a time, and the most orders whose outcome is said.
const MAX_ENTRIES: usize = 1000;
/// The most characters of a cause that are kept.
const MAX_CAUSE_CHARS: usize = 400;
/// The most characters of an id.
const MAX_ID_CHARS: usize = 128;

/// What the database knows of the host whose token this is.
struct Known {
    instance: String,
    /// The token is old enough to be renewed.
    renews: bool,
    /// The number of the last heartbeat of this boot.
    seq: Option<i64>,
    status: Option<String>,
    cause: Option<String>,
    group: Option<String>,
    /// Whether AWS says which group it is in.
    is_listed: bool,
}

/// Takes a heartbeat. What it says is safe when this returns.
///
/// # Errors
///
/// When the token does not count, the heartbeat is not of the contract or names a group that is no fleet, or the database
/// does not answer.
pub async fn take(
    control: &Control,
    token: &str,
    heartbeat: &Heartbeat,
) -> Result<HeartbeatResponse, Problem> {
    check(heartbeat)?;
    let hash = tokens::hash(token);
    if control.pulses.take(&hash, heartbeat) {
        return Ok(HeartbeatResponse::default());
    }
    let generation = control.pulses.generation();
    let mut client = control.database.client().await?;
    let transaction = client.transaction().await?;
    let known = known(control, &transaction, token, heartbeat).await?;
    let instance = known.instance.as_str();
    // Repeated and overtaken heartbeats say nothing new of the host; what ended has ended all the same.
    let is_news = known.seq.is_none_or(|seq| heartbeat.seq as i64 > seq);
    if is_news {
        pulse(&transaction, &known, heartbeat).await?;
        sessions::started(
            &transaction,
            instance,
            &heartbeat.boot_id,
            &heartbeat.leases,
        )
        .await?;
    }
    sessions::ended(&transaction, instance, &heartbeat.boot_id, &heartbeat.ended).await?;
    orders::report(&transaction, instance, &heartbeat.orders).await?;
    let order = orders::standing(&transaction, instance).await?;
    let renewed = if known.renews {
        let token = tokens::new_secret()?;
        let expires = add_token(&transaction, instance, &heartbeat.boot_id, &token).await?;
        Some((token, expires))
    } else {
        None
    };
    transaction.commit().await?;
    if let Some(generation) = generation
        && is_news
        && order.is_none()
        && renewed.is_none()
    {
        control
            .pulses
            .remember(generation, hash, instance, heartbeat);
    }
    let (token, token_expires) = renewed.unzip();
    Ok(HeartbeatResponse {
        order,
        acknowledged: heartbeat
            .ended
            .iter()
            .map(|session| session.id.clone())
            .collect(),
        token,
        token_expires,
    })
}

/// Refuses what is not of the contract.
fn check(heartbeat: &Heartbeat) -> Result<(), Problem> {
    let ids = heartbeat
        .leases
        .iter()
        .map(|lease| &lease.id)
        .chain(heartbeat.ended.iter().map(|session| &session.id))
        .chain(heartbeat.orders.iter().map(|order| &order.id))
        .chain([&heartbeat.boot_id, &heartbeat.group])
        .chain(&heartbeat.worker_id)
        .chain(&heartbeat.lifecycle);
    let is_valid = heartbeat.version == VERSION
        && heartbeat.ended.len() <= MAX_ENDED_SESSIONS
        && heartbeat.leases.len() <= MAX_ENTRIES
        && heartbeat.orders.len() <= MAX_ENTRIES
        && i64::try_from(heartbeat.seq).is_ok()
        && i32::try_from(heartbeat.slots).is_ok()
        && ids
            .into_iter()
            .all(|id| id.chars().count() <= MAX_ID_CHARS * 2 && !id.contains('\0'));
    if is_valid {
        return Ok(());
    }
    let detail = format!(
        "a heartbeat has version {VERSION}, at most {MAX_ENDED_SESSIONS} ended sessions, {MAX_ENTRIES} leases and \
         {MAX_ENTRIES} orders, and ids of at most {} characters",
        MAX_ID_CHARS * 2
    );
    Err(Problem::new(ProblemKind::Malformed, detail))
}

async fn known(
    control: &Control,
    transaction: &Transaction<'_>,
    token: &str,
    heartbeat: &Heartbeat,
) -> Result<Known, Problem> {
    let statement = transaction
        .prepare_cached(
            "SELECT enrolment.instance_id, enrolment.issued_at < now() - interval '12 hours' AS renews,
                    account, region, group_name,
                    EXISTS (SELECT FROM aws_instance AS aws WHERE aws.instance_id = enrolment.instance_id
                            AND aws.group_name IS NOT NULL) AS is_listed,
                    pulse.seq, pulse.boot_id, pulse.status, pulse.cause
             FROM enrolment
             JOIN sandbox USING (instance_id)
             LEFT JOIN pulse USING (instance_id)
             WHERE token_hash = $1 AND enrolment.boot_id = $2 AND expires_at > now()
             FOR NO KEY UPDATE OF sandbox",
        )
        .await?;
    let row = transaction
        .query_opt(&statement, &[&tokens::hash(token), &heartbeat.boot_id])
        .await?;
    let row: Row = row.ok_or_else(|| {
        Problem::new(
            ProblemKind::TokenRefused,
            "enrol again, with this token as `previousToken`",
        )
    })?;
    if !control.has_group(&heartbeat.group, row.get("account"), row.get("region")) {
        let detail = format!("`{}`", heartbeat.group);
        return Err(Problem::new(ProblemKind::GroupNotAllowed, detail));
    }
    let is_same_boot = row.get::<_, Option<&str>>("boot_id") == Some(heartbeat.boot_id.as_str());
    Ok(Known {
        instance: row.get("instance_id"),
        renews: row.get("renews"),
        seq: row.get::<_, Option<i64>>("seq").filter(|_| is_same_boot),
        status: row
            .get::<_, Option<String>>("status")
            .filter(|_| is_same_boot),
        cause: row
            .get::<_, Option<String>>("cause")
            .filter(|_| is_same_boot),
        group: row.get("group_name"),
        is_listed: row.get("is_listed"),
    })
}

/// Writes down how the host is now.
async fn pulse(
    transaction: &Transaction<'_>,
    known: &Known,
    heartbeat: &Heartbeat,
) -> Result<(), Problem> {
    let cause: String = plain(&heartbeat.cause)
        .chars()
        .take(MAX_CAUSE_CHARS)
        .collect();
    let status = heartbeat.status.as_str();
    let seq = heartbeat.seq as i64;
    let since = to_database(heartbeat.since);
    // Only AWS knows it for certain.
    if !known.is_listed && known.group.as_deref() != Some(&heartbeat.group) {
        transaction
            .execute(
                "UPDATE sandbox SET group_name = $2 WHERE instance_id = $1",
                &[&known.instance, &heartbeat.group],
            )
            .await?;
    }
    if known.status.as_deref() != Some(status) || known.cause.as_deref() != Some(&cause) {
        transaction
            .execute(
                "INSERT INTO state_change (instance_id, boot_id, seq, status, cause, since)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                &[
                    &known.instance,
                    &heartbeat.boot_id,
                    &seq,
                    &status,
                    &cause,
                    &since,
                ],
            )
            .await?;
    }
    let (active, slots) = (heartbeat.leases.len() as i32, heartbeat.slots as i32);
    let ads = ads_name(heartbeat.ads_power_status);
    let statement = transaction
        .prepare_cached(
            "INSERT INTO pulse (instance_id, boot_id, seq, seen_at, status, cause, since, lifecycle, worker_id, active,
                                slots, ads, agent_version, kernel)
             VALUES ($1, $2, $3, now(), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT (instance_id) DO UPDATE SET boot_id = excluded.boot_id, seq = excluded.seq,
                seen_at = excluded.seen_at, status = excluded.status, cause = excluded.cause, since = excluded.since,
                lifecycle = excluded.lifecycle, worker_id = excluded.worker_id, active = excluded.active,
                slots = excluded.slots, ads = excluded.ads, agent_version = excluded.agent_version,
                kernel = excluded.kernel",
        )
        .await?;
    transaction
        .execute(
            &statement,
            &[
                &known.instance,
                &heartbeat.boot_id,
                &seq,
                &status,
                &cause,
                &since,
                &heartbeat.lifecycle,
                &heartbeat.worker_id,
                &active,
                &slots,
                &ads,
                &short(&heartbeat.versions.worker),
                &short(&heartbeat.versions.kernel),
            ],
        )
        .await?;
    Ok(())
}

/// PostgreSQL has no text with a zero in it.
pub(crate) fn plain(text: &str) -> String {
    text.replace('\0', "")
}

/// A version, or what a hostile host calls one.
fn short(text: &str) -> String {
    plain(text).chars().take(MAX_ID_CHARS).collect()
}

const fn ads_name(status: AdsPowerStatus) -> &'static str {
    match status {
        AdsPowerStatus::Starting => "starting",
        AdsPowerStatus::Running => "running",
        AdsPowerStatus::Error => "error",
    }
}

//! What AWS said, in the database.

use deadpool_postgres::Transaction;

use crate::aws::{AutoScalingGroup, Ec2Instance, GroupInstance};
use crate::database::{Database, to_database};
use crate::problem::Problem;

/// A host that the registry has.
pub struct Known {
    pub instance: String,
    /// How long EC2 has not shown it: since it was seen last, or since it enrolled.
    pub unseen_seconds: f64,
}

/// An instance that EC2 shows, with its group and what Auto Scaling says of it.
pub struct SeenInstance {
    pub instance: Ec2Instance,
    pub membership: Option<(String, GroupInstance)>,
}

/// What one look showed.
pub struct Look {
    pub groups: Vec<AutoScalingGroup>,
    pub seen: Vec<SeenInstance>,
    /// Hosts that do not exist any more.
    pub gone: Vec<String>,
}

/// The hosts of an account and region that are not gone.
pub async fn known(
    database: &Database,
    account: &str,
    region: &str,
) -> Result<Vec<Known>, Problem> {
    let client = database.client().await?;
    let rows = client
        .query(
            "SELECT instance_id,
                    extract(epoch FROM now() - coalesce(aws.seen_at, enrolled_at, now()))::double precision AS unseen
             FROM sandbox LEFT JOIN aws_instance AS aws USING (instance_id)
             WHERE gone_at IS NULL AND sandbox.account = $1 AND sandbox.region = $2",
            &[&account, &region],
        )
        .await?;
    let known = rows.iter().map(|row| Known {
        instance: row.get("instance_id"),
        unseen_seconds: row.get("unseen"),
    });
    Ok(known.collect())
}

/// Writes down that a group could not be read.
pub async fn unreadable(
    database: &Database,
    account: &str,
    region: &str,
    group: &str,
    problem: &str,
) -> Result<(), Problem> {
    let client = database.client().await?;
    client
        .execute(
            "INSERT INTO fleet_group (account, region, name, problem) VALUES ($1, $2, $3, $4)
             ON CONFLICT (account, region, name) DO UPDATE SET problem = excluded.problem",
            &[&account, &region, &group, &problem],
        )
        .await?;
    Ok(())
}

/// Writes down what one look showed, all of it or nothing.
pub async fn store(
    database: &Database,
    account: &str,
    region: &str,
    look: &Look,
) -> Result<(), Problem> {
    let mut client = database.client().await?;
    let transaction = client.transaction().await?;
    for group in &look.groups {
        store_group(&transaction, region, group).await?;
    }
    store_instances(&transaction, account, region, &look.seen).await?;
    end(&transaction, &look.gone).await?;
    transaction.commit().await?;
    Ok(())
}

async fn store_group(
    transaction: &Transaction<'_>,
    region: &str,
    group: &AutoScalingGroup,
) -> Result<(), Problem> {
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let serves = |instance: &&GroupInstance| instance.lifecycle == "InService";
    let in_service = group.instances.iter().filter(serves).count() as i32;
    transaction
        .execute(
            "INSERT INTO fleet_group (account, region, name, min_size, max_size, desired, in_service, read_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, now())
             ON CONFLICT (account, region, name) DO UPDATE SET min_size = excluded.min_size,
                max_size = excluded.max_size, desired = excluded.desired, in_service = excluded.in_service,
                read_at = excluded.read_at, problem = NULL",
            &[
                &group.account,
                &region,
                &group.name,
                &number(group.min),
                &number(group.max),
                &number(group.desired),
                &in_service,
            ],
        )
        .await?;
    Ok(())
}

async fn store_instances(
    transaction: &Transaction<'_>,
    account: &str,
    region: &str,
    seen: &[SeenInstance],
) -> Result<(), Problem> {
    let ids: Vec<&str> = seen.iter().map(|one| one.instance.id.as_str()).collect();
    let states: Vec<&str> = seen.iter().map(|one| one.instance.state.as_str()).collect();
    let group = |one: &SeenInstance| one.membership.as_ref().map(|(group, _)| group.clone());
    let groups: Vec<Option<String>> = seen.iter().map(group).collect();
    let member = |one: &SeenInstance| one.membership.as_ref().map(|(_, member)| member.clone());
    let lifecycles: Vec<Option<String>> = seen
        .iter()
        .map(|one| member(one).map(|member| member.lifecycle))
        .collect();
    let protections: Vec<bool> = seen
        .iter()
        .map(|one| member(one).is_some_and(|member| member.is_protected))
        .collect();
    transaction
        .execute(
            "INSERT INTO aws_instance (account, region, instance_id, state, group_name, lifecycle, is_protected, seen_at)
             SELECT $1, $2, seen.*, now()
             FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[]) AS seen
             ON CONFLICT (instance_id) DO UPDATE SET state = excluded.state, group_name = excluded.group_name,
                lifecycle = excluded.lifecycle, is_protected = excluded.is_protected, seen_at = excluded.seen_at",
            &[&account, &region, &ids, &states, &groups, &lifecycles, &protections],
        )
        .await?;
    transaction
        .execute(
            "DELETE FROM aws_instance WHERE account = $1 AND region = $2 AND seen_at < now() - interval '1 day'",
            &[&account, &region],
        )
        .await?;
    let zones: Vec<&str> = seen.iter().map(|one| one.instance.zone.as_str()).collect();
    let types: Vec<&str> = seen
        .iter()
        .map(|one| one.instance.instance_type.as_str())
        .collect();
    let images: Vec<&str> = seen.iter().map(|one| one.instance.image.as_str()).collect();
    let launches: Vec<_> = seen
        .iter()
        .map(|one| to_database(one.instance.launched_at))
        .collect();
    // Those whose agent has not enrolled are hosts all the same, and those that run again are back.
    transaction
        .execute(
            "INSERT INTO sandbox (instance_id, account, region, group_name, zone, instance_type, image_id, launched_at,
                                  enrolled_at)
             SELECT instance_id, $1, $2, group_name, zone, instance_type, image_id, launched_at, NULL
             FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[])
                AS seen (instance_id, state, group_name, zone, instance_type, image_id, launched_at)
             WHERE group_name IS NOT NULL AND state IN ('pending', 'running')
             ON CONFLICT (instance_id) DO UPDATE SET group_name = excluded.group_name, gone_at = NULL
                WHERE sandbox.group_name IS DISTINCT FROM excluded.group_name OR sandbox.gone_at IS NOT NULL",
            &[&account, &region, &ids, &states, &groups, &zones, &types, &images, &launches],
        )
        .await?;
    Ok(())
}

/// Hosts that do not exist any more leave the list, and what ran on them has ended: nobody can say how.
async fn end(transaction: &Transaction<'_>, gone: &[String]) -> Result<(), Problem> {
    if gone.is_empty() {
        return Ok(());
    }
    for statement in [
        "UPDATE sandbox SET gone_at = now() WHERE instance_id = ANY ($1) AND gone_at IS NULL",
        "UPDATE session SET ended_at = now(), outcome = 'lost' WHERE instance_id = ANY ($1) AND ended_at IS NULL",
        "UPDATE fleet_order SET ended_at = now(), detail = 'AWS does not have the instance any more',
                state = CASE action WHEN 'decommission' THEN 'done' ELSE 'failed' END
         WHERE instance_id = ANY ($1) AND state IN ('pending', 'accepted')",
        "SELECT pg_notify('hosts', instance_id) FROM unnest($1::text[]) AS gone (instance_id)",
    ] {
        transaction.execute(statement, &[&gone]).await?;
    }
    tracing::info!(hosts = ?gone, "hosts that AWS does not have any more");
    Ok(())
}

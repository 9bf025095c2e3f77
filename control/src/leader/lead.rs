//! Leads for as long as the lease can be renewed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

use super::Lease;
use crate::aws::Aws;
use crate::control::Control;
use crate::{queue, reconcile, tokens};

/// How long to wait before the lease is asked for again.
const PAUSE: Duration = Duration::from_secs(2);
/// How long an act that is under way may take to write down what became of it: a call of AWS takes 10 s at the most, and
/// so does the database.
const GRACE: Duration = Duration::from_secs(30);

/// The lease that this replica has, if it leads.
#[derive(Clone, Default)]
pub struct Leadership(Arc<Mutex<Option<Arc<Lease>>>>);

impl Leadership {
    fn set(&self, lease: Option<Arc<Lease>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = lease;
    }

    /// The lease.
    #[must_use]
    pub fn lease(&self) -> Option<Arc<Lease>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }

    /// Gives the lease up, when nothing is under way any more.
    pub async fn step_down(&self) {
        let lease = self.lease();
        self.set(None);
        if let Some(lease) = lease {
            lease.release().await;
        }
    }
}

/// Leads whenever no other replica does, as long as the server runs.
pub async fn keep_leading(control: Control, aws: Aws) {
    let holder = tokens::new_id("r").unwrap_or_default();
    loop {
        match Lease::wait(&control.database, control.lease_length, &holder).await {
            Ok(lease) => {
                tracing::info!(epoch = lease.epoch, "this replica leads");
                lead(&control, &aws, Arc::new(lease)).await;
            }
            Err(error) => tracing::warn!(%error, "nobody can lead"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn lead(control: &Control, aws: &Aws, lease: Arc<Lease>) {
    control.leadership.set(Some(lease.clone()));
    // They end with this function.
    let mut reconciling = JoinSet::new();
    reconciling.spawn(reconcile::keep_reconciling(
        control.clone(),
        aws.clone(),
        lease.clone(),
    ));
    let mut publishing = JoinSet::new();
    publishing.spawn(queue::keep_publishing(
        control.clone(),
        aws.clone(),
        lease.clone(),
    ));
    loop {
        tokio::time::sleep(lease.renewal()).await;
        if let Err(error) = lease.renew().await {
            tracing::warn!(%error, epoch = lease.epoch, "this replica does not lead any more");
            control.leadership.set(None);
            lease.lose();
            finish(&mut reconciling).await;
            return;
        }
    }
}

/// Lets the act that is under way write down what became of it. It has no permit for a further call.
async fn finish(reconciling: &mut JoinSet<()>) {
    if tokio::time::timeout(GRACE, reconciling.join_next())
        .await
        .is_err()
    {
        tracing::error!(
            "what a lost leadership had under way may stand in the audit log without its outcome"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_act_under_way_writes_down_what_became_of_it() {
        let is_written = Arc::new(AtomicBool::new(false));
        let mut reconciling = JoinSet::new();
        let written = is_written.clone();
        reconciling.spawn(async move {
            sleep(GRACE / 2).await;
            written.store(true, Ordering::Relaxed);
        });
        finish(&mut reconciling).await;
        assert!(is_written.load(Ordering::Relaxed));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_never_ends_is_waited_for_no_longer_than_the_grace() {
        let mut reconciling = JoinSet::new();
        reconciling.spawn(std::future::pending());
        let began = Instant::now();
        finish(&mut reconciling).await;
        assert!((GRACE..GRACE + Duration::from_secs(1)).contains(&began.elapsed()));
    }
}

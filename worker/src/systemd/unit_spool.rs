//! Orders that root carries out, where polkit cannot tell one unit from another and so allows the
//! agent none: Ubuntu 22.04. The image's `valet-orders.path` checks a folder, and its service does
//! to the agent's units what the names of the files there say.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::unit::UnitAction;

/// The folder's name below `paths.runtime_directory`. The image makes it where it is needed.
const FOLDER: &str = "orders";

/// How often it is looked whether an order has been taken.
const LOOK: Duration = Duration::from_millis(50);

/// How long one may lie there.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpoolError {
    #[error("{order} cannot be written: {reason}")]
    Write { order: String, reason: String },
    #[error(
        "nobody took {order} within {} s: read `journalctl -u valet-orders.path -u valet-orders.service`",
        TIMEOUT.as_secs()
    )]
    NotTaken { order: String },
}

/// The folder, if this host has it.
pub fn folder(runtime_directory: &str) -> Option<PathBuf> {
    let folder = Path::new(runtime_directory).join(FOLDER);
    folder.is_dir().then_some(folder)
}

/// Leaves an order and waits until it is taken. The job may still be under way then.
///
/// # Errors
///
/// When it cannot be left, or nobody takes it.
pub async fn leave(folder: &Path, verb: UnitAction, unit: &str) -> Result<(), SpoolError> {
    let order = folder.join(format!("{}.{unit}", verb.as_str()));
    let place = order.display();
    tokio::fs::write(&order, "")
        .await
        .map_err(|error| SpoolError::Write {
            order: place.to_string(),
            reason: error.to_string(),
        })?;
    let taken = async {
        while tokio::fs::try_exists(&order).await.unwrap_or(true) {
            tokio::time::sleep(LOOK).await;
        }
    };
    if tokio::time::timeout(TIMEOUT, taken).await.is_ok() {
        return Ok(());
    }
    // An order that is late must not be carried out when nobody means it any more.
    let _ = tokio::fs::remove_file(&order).await;
    Err(SpoolError::NotTaken {
        order: place.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_order_is_a_file_and_is_done_when_it_is_taken() {
        let runtime_directory = tempfile::tempdir().unwrap();
        let of = runtime_directory.path().to_str().unwrap();
        assert_eq!(folder(of), None);
        std::fs::create_dir(runtime_directory.path().join(FOLDER)).unwrap();
        let folder = folder(of).unwrap();
        let order = folder.join("restart.valet-xvfb.service");
        let left = tokio::spawn({
            let folder = folder.clone();
            async move { leave(&folder, UnitAction::Restart, "valet-xvfb.service").await }
        });
        while !order.exists() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert!(!left.is_finished());
        std::fs::remove_file(&order).unwrap();
        assert_eq!(left.await.unwrap(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_that_nobody_takes_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let error = leave(folder.path(), UnitAction::Stop, "valet-runtime.service").await;
        let place = folder.path().join("stop.valet-runtime.service");
        assert_eq!(
            error.unwrap_err().to_string(),
            format!(
                "nobody took {} within 10 s: read `journalctl -u valet-orders.path -u valet-orders.service`",
                place.display()
            )
        );
        assert!(!place.exists());
        let nowhere = folder.path().join("nowhere");
        let error = leave(&nowhere, UnitAction::Start, "valet-runtime.service").await;
        assert!(matches!(error, Err(SpoolError::Write { .. })), "{error:?}");
    }
}

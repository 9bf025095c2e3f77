//! What talks to AWS.

mod account;
mod build_log;
mod bundle;
mod clients;
mod delete;
mod find;
mod finish;
mod image_builder;
mod keep;
pub mod packer;
mod promote;
mod recipes;
mod records;
mod references;
mod refresh;
mod refusal;
mod run;
mod secrets;
mod signer;
mod sweeping;
mod tagged;
mod template_versions;
mod unfinished;
mod watch;

pub use bundle::fetch_object;
pub use clients::{Account, connect};
pub use find::{FoundImage, images_of};
pub use keep::{Keeping, Listed, apply, list, plan};
pub use promote::{Choice, Target, parameter_before, parameter_now, promotable, write_parameter};
pub use refresh::{Refresh, Rollout, refresh};
pub use run::{Baked, bake};
pub use secrets::{Declared, SecretStatus, State, Store, push, secret_status};
pub use signer::{Signer, Unsigned};
pub use sweeping::{Sweeping, apply_sweep, plan_sweep};
pub use unfinished::{Unfinished, Whose, abort, status};

//! What talks to AWS.

mod account;
mod build_log;
mod bundle;
mod clients;
mod delete;
mod find;
mod finish;
mod gc;
mod image_builder;
mod journal_writer;
pub mod packer;
mod promote;
mod recipes;
mod records;
mod references;
mod refresh;
mod refusal;
mod resume;
mod run;
mod secrets;
mod share;
mod signer;
mod snapshot_keys;
mod sweep;
mod tagged;
mod template_versions;
mod unfinished;
mod watch;

pub use bundle::fetch_object;
pub use clients::{AwsClients, connect};
pub use find::{Ec2Image, images_of};
pub use gc::{GcRequest, ListedImage, apply_gc, list_images, plan_gc};
pub use promote::{
    ImageChoice, PromotionTarget, parameter_before, parameter_now, promotable, write_parameter,
};
pub use refresh::{RefreshRequest, StartedRefresh, refresh};
pub use run::{BakeOutcome, bake};
pub use secrets::{DeclaredSecret, SecretState, SecretStatus, SecretStore, push, secret_status};
pub use signer::{Signer, UnsignedRequest};
pub use snapshot_keys::refuse_other_keys;
pub use sweep::{SweepRequest, apply_sweep, plan_sweep};
pub use unfinished::{BakeQuery, UnfinishedBake, abort, status};

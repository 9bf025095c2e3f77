//! The metadata service (IMDSv2), asked with plain requests.
//!
//! The SDK's client keeps its token until that ends by the host's clock, also when the service
//! refuses it: a clock that was set back, or a service that has forgotten its tokens, would leave the
//! host without notices for up to six hours. Here a token that is refused is replaced at once. And
//! the looks at the notices are most of what the agent ever does: a plain request costs it a third of
//! one by the SDK.

mod client;
mod error;
mod role;

pub use client::{LIFE_HEADER, Metadata, endpoint};
pub use error::MetadataError;

//! The rules of the instance metadata service, version 2: tokens, versions, values and folders.
//! A server around it reads requests and writes answers.
//!
//! Paths, headers and status codes are those of the EC2 user guide, "Use instance metadata":
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>

mod metadata;
mod service;
mod tokens;

pub use metadata::Metadata;
pub use service::{Request, Response, respond};
pub use tokens::{MAX_TOKEN_TTL, Tokens};

/// The address of the service on every instance.
pub const ADDRESS: &str = "169.254.169.254";

/// The header that carries a token.
pub const TOKEN_HEADER: &str = "X-aws-ec2-metadata-token";

/// The header that asks for a token's life in seconds, and that states it in the answer.
pub const TTL_HEADER: &str = "X-aws-ec2-metadata-token-ttl-seconds";

/// A request that went through a proxy has this header, and gets no token.
pub const FORWARDED_HEADER: &str = "X-Forwarded-For";

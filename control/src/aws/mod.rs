//! AWS, as far as the control plane asks it: Auto Scaling, EC2, CloudWatch and SNS by the query protocol, which all of
//! them speak, and STS for credentials.

mod auto_scaling;
mod client;
mod cloudwatch;
mod credential_sources;
mod credentials;
mod ec2;
mod endpoints;
mod error;
mod parameters;
mod permit;
mod settings;
mod sns;
mod xml;

pub use auto_scaling::{AutoScalingGroup, GroupInstance};
pub use client::{Aws, CALL_TIMEOUT};
pub use cloudwatch::MetricValue;
pub use credential_sources::CredentialSource;
pub use credentials::CredentialCache;
pub use ec2::{Ec2Instance, Ec2Status, MAX_STATUS_IDS};
pub use endpoints::Endpoints;
pub use error::AwsError;
pub use permit::Permit;
pub use settings::AwsSettings;

//! Rules about `[network]`, one file per subject.

mod cidr_range;
pub mod egress;
pub mod endpoints;
pub mod existing;
pub mod flow_logs;
pub mod proxy;
pub mod subnets;
pub mod vpc_cidr;
pub mod zones;

//! The control plane against a real PostgreSQL, over HTTP.

mod agent;
mod aws_calls;
mod aws_capacity;
mod aws_fleet;
mod aws_orders;
mod browser;
mod enrolment;
mod hatchet;
mod heartbeats;
mod identity;
mod leader;
mod mock_aws;
mod openapi;
mod orders;
mod process;
mod reaper;
mod replicas;
mod roles;
mod support;
mod world;

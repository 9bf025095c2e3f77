//! The control plane against a real PostgreSQL, over HTTP.

mod browser;
mod enrolment;
mod heartbeats;
mod identity;
mod openapi;
mod orders;
mod replicas;
mod roles;
mod support;

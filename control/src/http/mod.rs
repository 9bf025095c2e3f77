//! The API over HTTP: thin handlers over the functions of the registry.

mod agents;
mod auth;
mod body;
mod hosts;
mod manage;
mod openapi;
mod problems;
mod response;
mod serve;

pub use openapi::{document, router};
pub use serve::{Limits, serve};

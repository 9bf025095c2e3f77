//! Every check, a file for each thing of the account.

mod account;
mod denials;
mod image;
mod image_builder;
mod keys;
mod names;
mod network;
mod offerings;
mod oidc;
mod quota_families;
mod quotas;
mod roles;
mod routes;
mod secrets;
mod security_services;
mod taken;

use super::check::Check;

/// Every check, in the order in which they are asked.
pub const CHECKS: &[&[Check]] = &[
    account::CHECKS,
    quotas::CHECKS,
    offerings::CHECKS,
    roles::CHECKS,
    keys::CHECKS,
    security_services::CHECKS,
    names::CHECKS,
    denials::CHECKS,
    network::CHECKS,
    routes::CHECKS,
    image_builder::CHECKS,
    secrets::CHECKS,
    image::CHECKS,
    oidc::CHECKS,
];

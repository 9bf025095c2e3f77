//! Bakes on AWS, against a fake of it. `cargo test --features aws --test suite bake_aws::`

mod authorized;
mod collected;
mod exit_codes;
mod interrupted;
mod kept;
mod life;
mod made;
mod migrated;
mod mistakes;
mod packer;
mod packer_real;
mod passed_on;
mod preflight;
mod preflight_account;
mod preflight_network;
mod preflight_world;
mod printed;
mod promoted;
mod refused;
mod roles;
mod rolled_out;
mod secret_values;
mod shared;
mod swept;
mod terraform;
mod world;

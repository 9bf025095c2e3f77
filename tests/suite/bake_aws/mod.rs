//! Bakes on AWS, against a fake of it. `cargo test --features aws --test suite bake_aws::`

mod interrupted;
mod kept;
mod life;
mod made;
mod migrated;
mod mistakes;
mod packer;
mod packer_real;
mod preflight;
mod promoted;
mod refused;
mod secret_values;
mod swept;
mod terraform;
mod world;

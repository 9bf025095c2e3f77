# `just` lists what there is. CI runs .ci/run, which needs no just.

[private]
default:
    @just --list

# What CI runs.
ci:
    .ci/run

# Everything that tests prove.
test:
    cargo test --workspace

# Accept changed snapshots, render generated/, write the reference pages.
bless:
    INSTA_UPDATE=always cargo test --workspace
    cargo run --quiet -- render
    cargo run --quiet -- docs
    cargo run --quiet -- graph --environment production --out docs/fleet.svg

# Figures for docs/performance.md.
bench:
    cargo bench

# The image's deep proof, as root: minutes.
image-deep:
    cargo test --test image_mutation

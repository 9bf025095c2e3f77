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

# One instance from boot to drain, told as it happens.
scene:
    cargo run --quiet -p valet-worker --example scene

# A machine image from its bake to a plan of what may be deleted, against a fake of AWS, told as it happens.
bake-life:
    cargo test -p valet-gen -p valet-bake-aws --features valet-gen/aws --test suite --locked -- bake_aws::life --nocapture

# Figures for docs/performance.md.
bench:
    cargo bench --workspace --profile dist

# The image as a machine, and without each of its controls: minutes, as root. Writes docs/image-report.md.
image-deep:
    rm -rf target/image-report
    nice cargo test --test image_deep -- --test-threads=1
    nice cargo test --test image_mutation
    cat target/image-report/*.md >docs/image-report.md

# Every kind of fleet from nothing and back, with Terraform and OpenTofu, and every pair of the language's values: an hour.
# Writes docs/terraform-report.md.
terraform-deep:
    mkdir -p target/terraform-report
    VALET_TEST_DEEP=1 nice cargo test --test terraform >target/terraform-report/all.log || true
    .ci/terraform-report target/terraform-report/all.log >docs/terraform-report.md

# 24 hours of each of 20 hosts with random faults, and the agent under Hatchet's own engine: an hour. Writes
# docs/agent-report.md.
agent-deep:
    mkdir -p target/agent-report
    VALET_SOAK_DEEP=1 nice cargo test -p valet-worker --lib -- soak --nocapture >target/agent-report/soak.log 2>&1 || true
    VALET_TEST_DEEP=1 nice cargo test -p valet-worker --test host -- --test-threads=1 engine:: real_ >target/agent-report/engine.log 2>&1 || true
    .ci/agent-report target/agent-report/*.log >docs/agent-report.md

# What `valet-gen diff` says of every change, held against Terraform's own plans: half an hour.
review-deep: release-check
    VALET_REVIEW_DEEP=1 nice cargo test --test terraform -- oracle

# The control plane at length: every test in its deep form beside the release before, a fuzzer on its parser, mistakes in its
# rules, and its figures. Half an hour, with cargo-fuzz, cargo-mutants and a nightly compiler. Writes docs/control-report.md.
control-deep:
    nice .ci/control-deep >target/control-report.md
    cp target/control-report.md docs/control-report.md

# The archive of a release, made for this machine and run in an empty root file system: as root, with musl-tools.
release-check:
    nice .ci/release "$(uname -m)" target/release-archive
    .ci/release-check target/release-archive/*.tar.gz

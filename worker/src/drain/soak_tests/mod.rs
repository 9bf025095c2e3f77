//! Hours of a host's life with random faults, seeded: the agent's drain, leases and files as they are, with a
//! model of Hatchet's engine, of the runtime and of systemd around them, by a clock that is moved by hand.
//!
//! The ledger is the engine's: in the end every task was carried out once, however often it was given back.
//! A short soak runs in every test run; `VALET_SOAK_DEEP=1` plays 24 hours for each of 20 seeds, and
//! `VALET_SOAK_SEED=18` those of one seed.

mod cut;
mod engine;
mod faults;
mod runtime;
mod simulation;

use std::time::Duration;

use tokio::time::Instant;

use crate::testing;
use simulation::Simulation;

/// Plays so many hours and then gives the host time to finish what is left.
fn play(seed: u64, hours: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        testing::provider();
        let mut simulation = Simulation::new(seed);
        for _ in 0..hours * 3600 {
            simulation.second(true).await;
        }
        let mut left = Duration::from_hours(24).as_secs();
        while !simulation.engine.is_done() {
            simulation.second(false).await;
            left -= 1;
            let state = simulation.agent.host.snapshot();
            assert!(
                left > 0,
                "seed {seed}: tasks are left: {:?} {:?}",
                state.state,
                state.drain
            );
        }
        simulation.agent.kill();
        let summary = simulation.engine.summary();
        assert_eq!(
            simulation.engine.not_run_once(),
            Vec::<String>::new(),
            "seed {seed}"
        );
        assert!(summary.tasks > 100 && summary.given_back > 0);
        let counts = simulation.counts;
        assert!(counts.kills > 0 && counts.freezes > 0 && counts.cuts > 0);
        eprintln!(
            "seed {seed}, {hours} h: {summary:?}, {:?}",
            simulation.counts
        );
    });
}

#[test]
fn every_task_of_a_random_day_is_run_once_or_given_back() {
    let began = Instant::now();
    let seed = std::env::var("VALET_SOAK_SEED");
    let seed: Option<u64> = seed.ok().and_then(|seed| seed.parse().ok());
    let (seeds, hours) = match (seed, std::env::var_os("VALET_SOAK_DEEP")) {
        (Some(seed), _) => (seed..seed + 1, 24),
        (None, Some(_)) => (0..20, 24),
        (None, None) => (0..2, 2),
    };
    for seed in seeds {
        play(seed, hours);
    }
    eprintln!("played in {} s", began.elapsed().as_secs());
}

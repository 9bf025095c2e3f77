//! How many heartbeats a replica takes, how long each waits, and what that costs: `cargo bench -p valet-control`.
//!
//! The server is the program itself with its own PostgreSQL, which has its defaults. Hosts speak the real contract over 64
//! connections from the same machine. Beside it stands the floor: a bare server that reads the same bodies and writes one
//! statement every 250 ms. `VALET_BENCH_HOSTS` names other fleets than 1,000, 10,000 and 100,000 hosts.

mod figures;
mod floor;
mod hosts;
mod load;
mod processes;

use std::time::Duration;

use valet_control::database::{self, Database};
use valet_control::postgres::{PostgresError, Server};

use figures::{Phase, heading};
use load::{Load, run};
use processes::{Program, Usage};

/// Each measurement.
const LASTS: Duration = Duration::from_secs(10);
/// How often a host speaks.
const INTERVAL_SECONDS: f64 = 30.0;
/// A fleet of this size is also driven as fast as it goes, and so is the floor.
const SATURATED: u32 = 10_000;

fn main() {
    if let Some(address) = floor::address_of_arguments() {
        return floor::serve(&address);
    }
    let fleets =
        std::env::var("VALET_BENCH_HOSTS").unwrap_or_else(|_| "1000,10000,100000".to_owned());
    let fleets: Vec<u32> = fleets
        .split(',')
        .map(|hosts| hosts.trim().parse().expect("VALET_BENCH_HOSTS has numbers"))
        .collect();
    let server = match Server::start_temporary(&["max_connections=100"]) {
        Ok(server) => server,
        Err(PostgresError::Missing) => return println!("not measured: {}", PostgresError::Missing),
        Err(error) => panic!("{error}"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        println!("{}", heading());
        for hosts in fleets {
            measure(&server, hosts).await;
        }
        hosts::verification();
    });
}

/// A database of its own with this many hosts that have enrolled.
async fn database(server: &Server, hosts: u32) -> (Database, String) {
    let name = format!("hosts_{hosts}");
    let admin = Database::new(&server.address("postgres"), 1).expect("an address");
    let client = admin.dedicated().await.expect("it runs");
    client
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .expect("made");
    let address = server.address(&name);
    let database = Database::new(&address, 4).expect("an address");
    database::migrate(&database)
        .await
        .expect("the schema is made");
    hosts::add(&database, hosts).await;
    (database, address)
}

async fn measure(server: &Server, hosts: u32) {
    let (database, address) = database(server, hosts).await;
    let rate = f64::from(hosts) / INTERVAL_SECONDS;
    let program = Program::valet_control(&address);
    // Every host is heard once, so that the replica remembers it.
    run(&program.address, &Load::once(hosts)).await;
    let mut loads = vec![
        ("plain", Load::at(hosts, rate, 0)),
        ("40 % end a session", Load::at(hosts, rate, 40)),
    ];
    if hosts == SATURATED {
        loads.push(("as fast as it goes", Load::at(hosts, f64::INFINITY, 0)));
    }
    for (name, load) in &loads {
        phase(server, &database, &program, hosts, name, load).await;
    }
    hosts::reading(&program.address, &database, hosts).await;
    drop(program);
    if hosts == SATURATED {
        let program = Program::floor(&address);
        for (name, rate) in [
            ("the floor", rate),
            ("the floor, as fast as it goes", f64::INFINITY),
        ] {
            let load = Load::at(hosts, rate, 0);
            phase(server, &database, &program, hosts, name, &load).await;
        }
    }
}

async fn phase(
    server: &Server,
    database: &Database,
    program: &Program,
    hosts: u32,
    name: &str,
    load: &Load,
) {
    let rows = processes::rows(database).await;
    let before = Usage::of(program, server);
    let measured = run(&program.address, load).await;
    // What is written together is written a quarter of a second later.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let used = Usage::of(program, server).since(&before);
    let rows = processes::rows(database).await - rows;
    let phase = Phase {
        hosts,
        name,
        measured: &measured,
        used,
        rows,
    };
    print!("{phase}");
}

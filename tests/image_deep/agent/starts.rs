//! The agent brings its host up as its unit has it.

use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::LIMIT;
use valet_test_kit::wait::until;

use super::apart::apart;
use super::host::Host;
use crate::machine::report;

#[test]
fn the_host_becomes_ready() {
    apart("agent::starts::the_host_becomes_ready", async |parts| {
        let host = Host::ready(&parts).await;
        runs_as_its_unit_says(&host);
        is_sandboxed(&host);
        started_what_waited_for_it(&host);
        is_heard_of(&host).await;
        write_report(&host);
    });
}

/// On a slow machine the X server takes its time, and what shows its screen has to wait for it.
#[test]
fn nobody_is_started_twice() {
    apart("agent::starts::nobody_is_started_twice", async |parts| {
        let host = Host::boot(&parts, |_, root| {
            root.rename("usr/bin/Xvfb", "usr/bin/Xvfb.own");
            let slow = "#!/bin/sh\nsleep 1\nexec /usr/bin/Xvfb.own \"$@\"\n";
            root.write("usr/bin/Xvfb", 0o755, slow);
        });
        let host = host.await;
        host.reaches(State::Ready).await;
        for unit in units::MANAGED {
            let is = |name: &str| host.container.property(unit, name);
            assert_eq!(
                (is("SubState"), is("NRestarts")),
                ("running".to_owned(), "0".to_owned()),
                "{unit}"
            );
        }
        let status = host.status().expect("it answers");
        let restarted = status.services.iter().filter(|it| it.restarts != 0);
        assert_eq!(restarted.count(), 0, "{:#?}", status.services);
    });
}

/// systemd takes a unit of `Type=notify` for active once it has heard `READY=1`.
fn runs_as_its_unit_says(host: &Host) {
    for (unit, user) in [
        (units::WORKER, units::AGENT_USER),
        (units::ADSPOWER, &host.config.services.adspower.user),
        (units::RUNTIME, &host.config.runtime.user),
    ] {
        let is = |name: &str| host.container.property(unit, name);
        assert_eq!(is("SubState"), "running", "{unit}");
        assert_eq!(is("User"), user, "{unit}");
        assert_eq!(
            strange_drop_ins(&is("DropInPaths")),
            Vec::<&str>::new(),
            "{unit} is not the image's"
        );
        let owner = host.process(unit, "Uid:");
        let (id, _) = host.container.ids(user);
        assert_eq!(owner, [id; 4].map(|id| id.to_string()).join("\t"), "{unit}");
    }
    let is = |name: &str| host.container.property(units::WORKER, name);
    assert_eq!(
        (is("Type"), is("NotifyAccess")),
        ("notify".to_owned(), "main".to_owned())
    );
    assert_eq!(
        is("StatusText"),
        "ready: all services are up and the runtime has registered"
    );
    assert_eq!(is("NRestarts"), "0");
}

/// Drop-ins that neither the instance's settings nor the surroundings of these tests bring: files of any other name, or of
/// theirs elsewhere.
fn strange_drop_ins(paths: &str) -> Vec<&str> {
    const KNOWN: [(&str, &str); 2] = [
        ("/run/systemd/system/", "/50-instance.conf"),
        ("/etc/systemd/system/", "/60-surroundings.conf"),
    ];
    let is_known = |path: &&str| {
        let mut known = KNOWN.iter();
        known.any(|(folder, name)| path.starts_with(folder) && path.ends_with(name))
    };
    paths
        .split_whitespace()
        .filter(|path| !is_known(path))
        .collect()
}

/// Looked at from the kernel's side: what the unit asks for could have been left out.
fn is_sandboxed(host: &Host) {
    let is = |field: &str| host.process(units::WORKER, field);
    assert_eq!(is("CapBnd:"), "0000000000000000");
    assert_eq!(is("CapEff:"), "0000000000000000");
    assert_eq!(
        (is("NoNewPrivs:"), is("Seccomp:")),
        ("1".to_owned(), "2".to_owned())
    );
    let pid = host.container.property(units::WORKER, "MainPID");
    let enter = ["nsenter", "--target", &pid, "--mount", "--"];
    let touch = |path: &str| host.container.run(&[&enter[..], &["touch", path]].concat());
    let refused = touch("/etc/valet/worker.toml");
    assert!(
        refused.stderr.contains("Read-only file system"),
        "{refused:#?}"
    );
    assert_eq!(touch("/var/lib/valet-worker/here").code, Some(0));
}

/// At boot systemd left both out, as the secrets were not there: it was the agent that started them.
fn started_what_waited_for_it(host: &Host) {
    // The second is how systemd before 250 says it.
    let skipped = [
        "was skipped because of an unmet condition check (ConditionPathExists=/run/valet/adspower.env)",
        "Condition check resulted in Valet: AdsPower being skipped.",
    ];
    let journal = host.container.journal(units::ADSPOWER);
    assert!(
        skipped.iter().any(|words| journal.contains(words)),
        "{journal}"
    );
    let wanted = host.container.property(units::RUNTIME, "WantedBy");
    assert_eq!(wanted, "", "systemd starts the runtime by itself");
    let log = host.log();
    let started = log
        .iter()
        .filter(|line| line["message"] == "starting the runtime");
    assert_eq!(started.count(), 1, "{log:#?}");
}

async fn is_heard_of(host: &Host) {
    until(LIMIT, "Hatchet sees the worker", || {
        host.status()
            .is_some_and(|status| status.hatchet == "connected")
    })
    .await;
    until(LIMIT, "the API has heard that it is ready", || {
        let heartbeats = host.valet_api.heartbeats();
        heartbeats
            .last()
            .is_some_and(|last| last.body["status"] == State::Ready.as_str())
    })
    .await;
    until(LIMIT, "CloudWatch has metrics", || {
        !host.aws.puts().is_empty()
    })
    .await;
    assert_eq!(host.valet_api.unauthorized(), 0);
    assert_eq!(host.aws.malformed(), Vec::<String>::new());
}

fn write_report(host: &Host) {
    let container = &host.container;
    let memory = container.property(units::WORKER, "MemoryCurrent");
    let memory = match memory.parse::<u64>() {
        Ok(bytes) => format!("{} KiB", bytes / 1024),
        Err(_) => "not known: no control group of the container counts memory".to_owned(),
    };
    let analyze = ["systemd-analyze", "security", "--no-pager", units::WORKER];
    let analyzed = container.ran(&analyze);
    let exposure = analyzed
        .lines()
        .rev()
        .find_map(|line| line.split_once(": "));
    let text = format!(
        "\n## The agent under its unit\n\n\
         The image as a container with the agent as a debug build: systemd, D-Bus and polkit are real, the runtime\n\
         is Hatchet's SDK, and what is outside of an instance is the test kit's.\n\n\
         | | |\n|---|---|\n\
         | from the start of systemd to `READY=1` | {:.1} s |\n\
         | memory of the agent's process (VmRSS) | {} |\n\
         | memory of its unit (MemoryCurrent) | {memory} |\n\
         | `systemd-analyze security` | {} |\n",
        host.seconds_to_ready(),
        host.process(units::WORKER, "VmRSS:"),
        exposure.map_or("", |(_, exposure)| exposure.trim_end_matches(" :-)")),
    );
    report("50-agent.md", &text);
}

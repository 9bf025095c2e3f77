//! Secrets are where they are needed, and nowhere else.

use std::fs;

use valet_protocol::units;

use super::apart::apart;
use super::host::Host;

const FILES: [&str; 2] = ["/run/valet/runtime.env", "/run/valet/adspower.env"];

#[test]
fn secrets_reach_who_needs_them_and_nobody_else() {
    let name = "agent::secrets::secrets_reach_who_needs_them_and_nobody_else";
    apart(name, async |parts| {
        let host = Host::ready(&parts).await;
        are_in_files_that_only_the_agent_reads(&host);
        are_in_the_environment_of_who_needs_them(&host);
        show_nowhere(&host);
    });
}

fn are_in_files_that_only_the_agent_reads(host: &Host) {
    let container = &host.container;
    for file in FILES {
        let owner = container.ran(&["stat", "--format=%a %U %G", file]);
        assert_eq!(owner, "600 valet-agent valet-agent\n", "{file}");
        for user in ["valet", "adspower", "valet-display", "nobody"] {
            let read = container.run_as(user, &["cat", file]);
            let expected = format!("cat: {file}: Permission denied\n");
            assert_eq!(read.parts(), (Some(1), "", expected.as_str()), "{user}");
        }
        let read = container
            .run_as(units::AGENT_USER, &["cat", file])
            .success();
        assert!(
            read.contains(host.values.get("ADSPOWER_API_TOKEN")),
            "{file}"
        );
    }
    let disk = container.ran(&[
        "findmnt",
        "--noheadings",
        "--output",
        "FSTYPE",
        "--target",
        FILES[0],
    ]);
    assert_eq!(disk, "tmpfs\n");
}

/// systemd hands them on as root. Without this nothing would be found in the wrong places either.
fn are_in_the_environment_of_who_needs_them(host: &Host) {
    let shown = |unit: &str, name: &str| {
        let pid = host.container.property(unit, "MainPID");
        let environment = host
            .container
            .ran(&["cat", &format!("/proc/{pid}/environ")]);
        let value = format!("{name}={}\0", host.values.get(name));
        environment.contains(&value)
    };
    for (name, secret) in &host.config.secrets {
        use valet_protocol::config::User;
        let has = |user| secret.used_by.contains(&user);
        assert_eq!(shown(units::RUNTIME, name), has(User::Runtime), "{name}");
        assert_eq!(shown(units::ADSPOWER, name), has(User::AdsPower), "{name}");
        assert!(!shown(units::WORKER, name), "{name}");
    }
}

fn show_nowhere(host: &Host) {
    let journal = host
        .container
        .ran(&["journalctl", "--no-pager", "--output=export", "--all"]);
    assert!(journal.contains("secrets fetched"), "{journal}");
    let commands = command_lines();
    assert!(commands.contains("--api-port=50325"), "{commands}");
    for value in host.values.all() {
        assert!(!journal.contains(value), "the journal has {value}");
        assert!(!commands.contains(value), "a command line has {value}");
    }
}

/// Of all processes of these namespaces.
fn command_lines() -> String {
    let processes = fs::read_dir("/proc").expect("a folder").flatten();
    let commands = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let commands: Vec<u8> = commands.flatten().collect();
    String::from_utf8_lossy(&commands).into_owned()
}

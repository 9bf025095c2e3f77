//! The commands that ask a server, as somebody types them.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{Agent, Api};

/// The commands of one server, with a token.
struct Commands<'a> {
    api: &'a Api,
    token: &'a str,
}

impl Commands<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_valet-control"));
        command
            .args(arguments)
            .env("VALET_CONTROL_URL", self.api.url())
            .env("VALET_CONTROL_TOKEN", self.token)
            .env_remove("VALET_CONTROL_TOKEN_FILE");
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("no panic")
            .expect("it starts")
    }

    async fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.extend(["--format", "json"]);
        serde_json::from_str(&self.text(&all).await).expect("JSON")
    }

    /// A command that goes on, with what it prints.
    fn follow(&self, arguments: &[&str]) -> Followed {
        let mut child = self
            .command(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe"));
        Followed { child, lines }
    }
}

/// A command that goes on.
struct Followed {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Followed {
    /// The next line that has this.
    fn until(&mut self, part: &str) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            let count = tokio::task::block_in_place(|| self.lines.read_line(&mut line));
            assert!(count.expect("UTF-8") > 0, "it ends without {part}: {all}");
            if line.contains(part) {
                return line;
            }
            all += &line;
        }
    }

    fn code(mut self) -> Option<i32> {
        let status = tokio::task::block_in_place(|| self.child.wait());
        status.expect("it ends").code()
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "they are tables")]
async fn what_the_page_shows_is_a_table_and_json() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::enrolled(&api, 1).await;
    let lease =
        json!({ "id": "l-1", "task": "invoice\u{1b}[31m", "startedAt": "2026-01-01T00:00:00Z" });
    agent.beat(&api, json!({ "leases": [lease] })).await.ok();
    let id = agent.id();
    let admin = Commands {
        api: &api,
        token: &api.admin,
    };
    let order = admin
        .json(&[
            "drain",
            id,
            "--reason",
            "it's due",
            "--within-seconds",
            "600",
        ])
        .await;
    let order = order["id"].as_str().expect("an id");
    for (arguments, row) in [
        (vec!["hosts"], id),
        (vec!["hosts", "--state", "ready", "--search", "us-east"], id),
        (vec!["host", id], "ORDER"),
        (vec!["orders"], "it's due"),
        (vec!["orders", "--standing", "--host", id], order),
        (vec!["orders", order], "pending"),
        (vec!["sessions"], "l-1"),
        (vec!["sessions", "--running", "--host", id], "running"),
        (vec!["audit"], "order.drain"),
        (vec!["audit", "--target", id], "intended"),
        (vec!["keys", "list"], "no end"),
        (vec!["fleets"], "valet-workers-spot"),
        (vec!["findings"], "FOUND"),
    ] {
        let table = admin.text(&arguments).await;
        assert!(table.contains(row), "{arguments:?}: {table}");
        assert!(
            !table.contains('\u{1b}'),
            "{arguments:?}: a host moves the cursor"
        );
        let value = admin.json(&arguments).await;
        assert!(
            value.is_array() || value.is_object(),
            "{arguments:?}: {value}"
        );
    }
    let cancelled = admin
        .json(&["cancel", order, "--reason", "the wrong host"])
        .await;
    assert_eq!(cancelled["state"], "cancelled");
    for action in [
        vec!["resume", id, "--reason", "well"],
        vec![
            "restart",
            id,
            "--of",
            "services",
            "--reason",
            "black screen",
        ],
    ] {
        assert_eq!(admin.json(&action).await["state"], "pending", "{action:?}");
    }
    // What the server refuses is said with its code, and with what to do.
    let viewer = Commands {
        api: &api,
        token: &api.viewer,
    };
    for (commands, arguments, code, part) in [
        (
            &viewer,
            vec!["drain", id, "--reason", "x"],
            1,
            "error[role.too-low]",
        ),
        (
            &admin,
            vec!["hold", id, "--for-seconds", "60", "--reason", "x"],
            1,
            "error[aws.disabled]",
        ),
        (
            &admin,
            vec!["decommission", id, "--shrink", "--reason", "x"],
            1,
            "error[aws.disabled]",
        ),
        (
            &admin,
            vec!["capacity", "valet-workers-spot", "3", "--reason", "x"],
            1,
            "error[aws.disabled]",
        ),
        (&admin, vec!["host", "i-0"], 1, "error[host.unknown]"),
        (
            &admin,
            vec!["decommission", id, "--reason", "x"],
            2,
            "--replace",
        ),
        (
            &admin,
            vec!["hosts", "--server", "http://example.com"],
            3,
            "error[client.plain-http]",
        ),
        (
            &admin,
            vec!["hosts", "--server", "http://127.0.0.1:1"],
            7,
            "error[client.no-answer]",
        ),
    ] {
        let output = commands.run(&arguments).await;
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(text.contains(part), "{arguments:?}: {text}");
        assert!(
            code == 2 || text.contains("= help: "),
            "{arguments:?}: {text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_follows_what_happens() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::enrolled(&api, 1).await;
    agent.beat(&api, json!({})).await.ok();
    let operator = Commands {
        api: &api,
        token: &api.operator,
    };
    let mut events = operator.follow(&["events", "--kinds", "host,order", "--format", "json"]);
    events.until("\"start\"");
    let mut hosts = operator.follow(&["hosts", "--watch", "--format", "json"]);
    hosts.until("\"ready\"");
    let id = agent.id().to_owned();
    let mut drain = operator.follow(&[
        "drain", &id, "--reason", "kernel", "--watch", "--format", "json",
    ]);
    let first = drain.until("pending");
    let first: Value = serde_json::from_str(&first).expect("a line of JSON");
    let order = &first["id"];
    let accepted =
        json!({ "status": "draining", "orders": [{ "id": order, "outcome": "accepted" }] });
    agent.beat(&api, accepted).await.ok();
    drain.until("accepted");
    hosts.until("\"draining\"");
    let done = json!({ "status": "stopped", "orders": [{ "id": order, "outcome": "done", "detail": "in 3 s" }] });
    agent.beat(&api, done).await.ok();
    drain.until("in 3 s");
    assert_eq!(drain.code(), Some(0));
    let line = events.until("in 3 s");
    let event: Value = serde_json::from_str(&line).expect("a line of JSON");
    assert_eq!(
        (&event["event"], &event["data"]["id"]),
        (&json!("order"), order)
    );
    // An order that does not come to a good end fails the command.
    let mut restart = operator.follow(&[
        "restart", &id, "--reason", "again", "--watch", "--format", "json",
    ]);
    let line = restart.until("pending");
    let order: Value = serde_json::from_str(&line).expect("a line of JSON");
    let failed = json!({ "orders": [{ "id": order["id"], "outcome": "failed", "detail": "no" }] });
    agent.beat(&api, failed).await.ok();
    restart.until("failed");
    assert_eq!(restart.code(), Some(1));
    // A server that stops is waited for; a token that ends is not.
    let short = operator.follow(&["events", "--for-seconds", "1"]);
    assert_eq!(short.code(), Some(0));
    let client = api.database.client().await.expect("it runs");
    client
        .batch_execute("UPDATE api_token SET revoked_at = now() WHERE role = 'operator'")
        .await
        .expect("revoked");
    assert_eq!(events.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_completes_hosts_and_every_command_has_an_example() {
    let Some(api) = Api::start().await else {
        return;
    };
    let agent = Agent::enrolled(&api, 1).await;
    let viewer = Commands {
        api: &api,
        token: &api.viewer,
    };
    let script = viewer.text(&["completions", "bash"]).await;
    assert!(script.contains("VALET_CONTROL_COMPLETE"), "{script}");
    // As bash asks for the second word.
    let mut shell = viewer.command(&["--", "valet-control", "drain", "i-"]);
    shell
        .env("VALET_CONTROL_COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", "2")
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_COMPLETE_SPACE", "false")
        .env("_CLAP_IFS", "\n");
    let output = tokio::task::spawn_blocking(move || shell.output())
        .await
        .expect("no panic")
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(agent.id()), "{output:?}");
    for command in [
        "hosts",
        "host",
        "drain",
        "resume",
        "restart",
        "hold",
        "decommission",
        "fleets",
        "capacity",
        "findings",
        "release",
        "orders",
        "cancel",
        "sessions",
        "audit",
        "events",
        "keys",
        "dev",
        "completions",
    ] {
        let help = viewer.text(&[command, "--help"]).await;
        let example = format!("Examples:\n  valet-control {command}");
        assert!(help.contains(&example), "{command}: {help}");
    }
}

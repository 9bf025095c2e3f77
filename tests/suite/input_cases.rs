//! What a consumer refuses, `validate` refuses first: values that another program would not read, or would read as
//! something else, by their kind. A row is one value with the finding that it leads to.

use jiff::civil::date;
use valet_gen::check::check;
use valet_gen::diagnostic::{Diagnostic, DiagnosticReport, SourceText};
use valet_gen::load::load;

/// A fleet that breaks no rule.
pub const SOUND: &str = r#"[fleet]
name = "valet"
region = "us-east-1"
[alerts]
email = ["ops@example.com"]
[instances]
on_demand_percentage_above_base_capacity = 100
types = [{ instance_type = "m7i.large" }]
"#;

pub fn report(text: &str) -> DiagnosticReport {
    let source = SourceText {
        path: "fleet.toml".to_owned(),
        text: text.to_owned(),
    };
    match load(&source) {
        Ok(loaded) => check(&source, loaded, date(2026, 9, 1)).report,
        Err(report) => report,
    }
}

pub fn found(tables: &str) -> Vec<Diagnostic> {
    report(&format!("{SOUND}{tables}")).diagnostics
}

/// Every row gives this one finding, whose sentences hold the part.
pub fn each_gives(code: &str, rows: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (tables, part) in rows {
        let found = found(tables);
        let told = |diagnostic: &Diagnostic| {
            let Diagnostic {
                message,
                label,
                help,
                ..
            } = diagnostic;
            format!("{message}\n{label}\n{help}")
        };
        let holds =
            matches!(&found[..], [only, ..] if only.code == code && told(only).contains(part));
        if !holds {
            let found: Vec<String> = found
                .iter()
                .map(|diagnostic| format!("{}: {}", diagnostic.code, told(diagnostic)))
                .collect();
            wrong.push(format!("{tables:?} wants {code} with {part:?}: {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub fn each_is_sound(rows: &[&str]) {
    for tables in rows {
        let found = found(tables);
        assert!(found.is_empty(), "{tables:?}: {found:#?}");
    }
}

#[test]
fn a_command_is_what_systemd_starts() {
    let written = |command: &str| format!("[worker.runtime]\ncommand = {command}\n");
    let rows: Vec<(String, &str)> = [
        (r#"["-node", "main.js"]"#, "begins with `-`"),
        (r#"["@/usr/bin/node", "main.js"]"#, "begins with `@`"),
        (r#"["+/usr/bin/node"]"#, "begins with `+`"),
        (r#"["!!/usr/bin/node"]"#, "begins with `!`"),
        (r#"["|node"]"#, "begins with `|`"),
        (r#"[":node"]"#, "begins with `:`"),
        (r#"["$NODE", "main.js"]"#, "`$`"),
        (r#"["node main.js"]"#, r#"write ["node", "main.js"]"#),
        (
            r#"["/usr/bin/node /opt/valet/runtime/main.js"]"#,
            r#"write ["/usr/bin/node", "/opt/valet/runtime/main.js"]"#,
        ),
        (r#"["node /opt/x.js"]"#, r#"write ["node", "/opt/x.js"]"#),
        (r#"["/opt/valet/"]"#, "a folder"),
        (r#"["/"]"#, "a folder"),
        (r#"[".."]"#, "a folder"),
        (r#"["./node"]"#, "relative path"),
        (r#"["", "main.js"]"#, "empty"),
        (r#"["no\tde", "main.js"]"#, "control character"),
    ]
    .map(|(command, part)| (written(command), part))
    .into();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(text, part)| (&**text, *part)).collect();
    each_gives("worker.command", &rows);
    let arguments = [
        (r#"["node", "--separator=\t"]"#, "control character"),
        (r#"["node", "a\rb"]"#, "control character"),
        (r#"["node", "a\u007fb"]"#, "control character"),
        (r#"["node", "a\u0085b"]"#, "control character"),
        (r#"["node", ""]"#, "empty"),
    ]
    .map(|(command, part)| (written(command), part));
    let arguments: Vec<(&str, &str)> = arguments
        .iter()
        .map(|(text, part)| (&**text, *part))
        .collect();
    each_gives("worker.command-argument", &arguments);
    for sound in [
        r#"["node", "/opt/valet/runtime/main.js", "--x=$HOME %h \"q\" ; |"]"#,
        r#"["/opt/valet/node@22/bin/node", "-e", "1 + 1"]"#,
    ] {
        each_is_sound(&[&written(sound)]);
    }
}

#[test]
fn a_range_is_what_go_and_aws_read() {
    each_gives(
        "network.cidr-malformed",
        &[
            (
                "[network]\ncidr_block = \"10.040.0.0/16\"\n",
                "write \"10.40.0.0/16\"",
            ),
            (
                "[network]\ncidr_block = \"10.40.0.0/016\"\n",
                "write \"10.40.0.0/16\"",
            ),
            (
                "[network]\ncidr_block = \" 10.40.0.0/16\"\n",
                "write \"10.40.0.0/16\"",
            ),
            ("[network]\ncidr_block = \"10.40.0.0/+16\"\n", "such as"),
            ("[network]\ncidr_block = \"10.40.0.0\"\n", "such as"),
        ],
    );
    let subnets = |first: &str| {
        format!(
            "[network]\navailability_zones = [\"us-east-1a\", \"us-east-1b\"]\n\
             private_subnets = [\"{first}\", \"10.40.2.0/24\"]\n"
        )
    };
    each_gives(
        "network.subnet-malformed",
        &[
            (&subnets("10.40.00.0/24"), "write \"10.40.0.0/24\""),
            (&subnets("10.40.0.0/024"), "write \"10.40.0.0/24\""),
        ],
    );
    each_gives(
        "network.egress-range",
        &[(
            "[network]\negress = [{ port = 443, description = \"a\" }, { port = 80, description = \"b\", cidr_block = \"00.0.0.0/0\" }]\n",
            "write \"0.0.0.0/0\"",
        )],
    );
}

#[test]
fn an_account_that_is_there_already_runs_no_pages() {
    let user = |name: &str| format!("[worker.runtime]\nuser = \"{name}\"\n");
    for (name, part) in [
        ("valet-agent", "the instance's role"),
        ("valet-display", "valet-display"),
        ("valet-operators", "valet-operators"),
        ("cwagent", "cwagent"),
        ("ubuntu", "the distribution"),
        ("nobody", "the distribution"),
        ("www-data", "the distribution"),
        ("sshd", "the distribution"),
        ("systemd-network", "the distribution"),
        ("_apt", "the distribution"),
        ("sudo", "the distribution"),
    ] {
        each_gives("worker.user-reserved", &[(&user(name), part)]);
    }
    each_gives(
        "worker.user-reserved",
        &[("[worker.adspower]\nuser = \"daemon\"\n", "daemon")],
    );
    // utmp and systemd have room for 31 characters.
    each_gives("worker.user-name", &[(&user(&"a".repeat(32)), "31")]);
    each_is_sound(&[&user("runner"), &user(&"a".repeat(31))]);
}

#[test]
fn ports_need_no_privilege() {
    for table in ["novnc", "adspower"] {
        each_gives(
            "toml.out-of-range",
            &[
                (&format!("[worker.{table}]\nport = 443\n"), "1024"),
                (&format!("[worker.{table}]\nport = 1023\n"), "1024"),
            ],
        );
        each_is_sound(&[&format!("[worker.{table}]\nport = 1024\n")]);
    }
}

#[test]
fn an_address_is_what_the_agent_reads() {
    let url = |text: &str| {
        format!(
            "[worker.heartbeat]\nurl = {text}\n[secrets]\nHATCHET_CLIENT_TOKEN = {{ store = \"ssm\", read = \
             \"boot\" }}\nWORKER_API_KEY = {{ store = \"ssm\", read = \"boot\" }}\n"
        )
    };
    for (text, part) in [
        ("\" https://api.valet.example/beat \"", "a space"),
        ("\"https://api.valet.example/be at\"", "a space"),
        (
            "\"https://api.valet.example/beat\\t\"",
            "a control character",
        ),
        ("\"https:\\\\\\\\api.valet.example\"", "`\\`"),
        ("\"https:api.valet.example/beat\"", "https://"),
        ("\"https:/api.valet.example/beat\"", "https://"),
        ("\"HTTPS://api.valet.example/beat\"", "https://"),
        ("\"https://api.valet.example/a|b\"", "`|`"),
        ("\"https://api.valet.example/<a>\"", "`<`"),
        ("\"https://bücher.example/beat\"", "`ü`"),
        ("\"https://api.valet.example/%zz\"", "`%`"),
        ("\"https://api.valet.example:99999/beat\"", "port"),
        ("\"https://user@api.valet.example/\"", "credentials"),
        ("\"https:///beat\"", "host"),
        ("\"https://0x7f.1/beat\"", "host"),
    ] {
        each_gives("worker.heartbeat-url", &[(&url(text), part)]);
    }
    each_is_sound(&[
        &url("\"https://api.valet.example\""),
        &url("\"https://api.valet.example:443/a/b%20c/\""),
        &url("\"https://192.0.2.7/beat\""),
        &url("\"https://[2001:db8::1]/beat\""),
    ]);
    each_gives(
        "alerts.runbook-url",
        &[(
            "[environments.production.alerts]\nrunbook_base_url = \"https://wiki.example/a b\"\n",
            "a space",
        )],
    );
}

#[test]
fn a_recurrence_is_what_auto_scaling_reads() {
    let schedule = |recurrence: &str| {
        format!("[[schedule]]\nname = \"up\"\nmin_size = 2\nrecurrence = \"{recurrence}\"\n")
    };
    let long = format!("{} 8 * * *", vec!["5"; 150].join(","));
    for (recurrence, part) in [
        ("0\u{a0}8 * * MON-FRI", "'\\u{a0}'"),
        ("*/+5 8 * * *", "'+'"),
        ("\\t0\\t8 * * MON-FRI ", "write \"0 8 * * MON-FRI\""),
        ("0  8 * * *", "write \"0 8 * * *\""),
        ("0 8 * * ſun", "'ſ'"),
        ("٠ 8 * * *", "has no meaning here"),
        ("0 008 * * *", "`008` is not an hour"),
        (&long, "255 characters"),
    ] {
        each_gives("schedule.recurrence", &[(&schedule(recurrence), part)]);
    }
    each_is_sound(&[&schedule("0 8 * * mon-FRI"), &schedule("*/15 08 * * *")]);
}

#[test]
fn a_version_constraint_is_what_terraform_reads() {
    for constraint in [
        "> 1.10.5-beta1",
        "= 1.12.0-rc1",
        ">= +1.11",
        ">=\u{a0}1.11",
        ">= 1.11,",
        ">= 01.11",
        ">= v1.11",
        ">= 1.11.99999999999999999999",
        "\\n>= 1.11",
    ] {
        let tables = format!("[terraform]\nrequired_version = \"{constraint}\"\n");
        each_gives("terraform.version-constraint", &[(&tables, "")]);
    }
    each_gives(
        "terraform.version-constraint",
        &[
            (
                "[terraform]\naws_provider = \">= 6.0.0-beta1\"\n",
                "pre-release",
            ),
            ("[terraform]\naws_provider = \">= +6.0\"\n", ""),
        ],
    );
    each_is_sound(&[
        "[terraform]\nrequired_version = \"~> 1.11, != 1.12.0\"\n",
        "[terraform]\naws_provider = \">=5.90,<7\"\n",
    ]);
}

#[test]
fn no_secret_takes_the_place_of_a_variable_of_the_units() {
    for name in [
        "DISPLAY",
        "VALET_SOCKET",
        "VALET_ANYTHING",
        "NODE_ENV",
        "NODE_PATH",
        "NODE_EXTRA_CA_CERTS",
        "NODE_TLS_REJECT_UNAUTHORIZED",
        "PYTHONPATH",
        "SSL_CERT_FILE",
        "LC_ALL",
        "TZ",
        "LISTEN_FDS",
        "DBUS_SYSTEM_BUS_ADDRESS",
        "CREDENTIALS_DIRECTORY",
    ] {
        let tables = format!(
            "[secrets]\nHATCHET_CLIENT_TOKEN = {{ store = \"ssm\", read = \"boot\" }}\n{name} = \
             {{ store = \"ssm\", read = \"runtime\" }}\n"
        );
        each_gives("secrets.name-reserved", &[(&tables, name)]);
    }
}

#[test]
fn zones_without_summer_time_name_a_place() {
    let schedule = |zone: &str| {
        format!(
            "[[schedule]]\nname = \"up\"\nmin_size = 2\nrecurrence = \"0 8 * * MON-FRI\"\ntime_zone = \"{zone}\"\n"
        )
    };
    for (zone, part) in [
        ("EST", "America/New_York"),
        ("MST", "America/Denver"),
        ("HST", "Pacific/Honolulu"),
        ("CET", "Europe/Paris"),
        ("EET", "Europe/Athens"),
        ("WET", "Europe/Lisbon"),
        ("EST5EDT", "America/New_York"),
        ("GMT+0", "Etc/UTC"),
        ("W-SU", "Europe/Moscow"),
        ("Factory", "Etc/UTC"),
        ("Etc/GMT+5", "5 hours behind UTC"),
        ("Etc/GMT-2", "2 hours ahead of UTC"),
        ("Etc/GMT-1", "1 hour ahead of UTC"),
    ] {
        each_gives("schedule.time-zone-legacy", &[(&schedule(zone), part)]);
    }
    for (zone, part) in [
        ("america/new_york", "`America/New_York`"),
        ("PST", "`America/Los_Angeles`"),
        ("pdt", "`America/Los_Angeles`"),
        ("CEST", "`Europe/Paris`"),
        ("IST", "`Asia/Kolkata`"),
        ("JST", "`Asia/Tokyo`"),
        ("Eastern Standard Time", "`America/New_York`"),
        ("new york", "`America/New_York`"),
        ("Germany", "`Europe/Berlin`"),
        ("India", "`Asia/Kolkata`"),
        ("utc", "`UTC`"),
        ("San Francisco", "`America/Los_Angeles`"),
        ("Mumbai", "`Asia/Kolkata`"),
        ("UTC+2", "America/New_York"),
    ] {
        each_gives("schedule.time-zone", &[(&schedule(zone), part)]);
    }
    each_is_sound(&[
        &schedule("UTC"),
        &schedule("Etc/UTC"),
        &schedule("Europe/Berlin"),
        &schedule("US/Eastern"),
    ]);
}

#[test]
fn the_hour_that_the_clocks_skip_is_named() {
    let daily = |name: &str, size: u8, recurrence: &str| {
        format!(
            "[[schedule]]\nname = \"{name}\"\nmin_size = {size}\nrecurrence = \"{recurrence}\"\ntime_zone = \
             \"America/New_York\"\n"
        )
    };
    let pair = |first: &str| daily("a", 2, first) + &daily("b", 1, "0 20 * * *");
    each_gives(
        "schedule.skipped-hour",
        &[
            (&pair("30 2 * * *"), "02:30"),
            (&pair("0 2 * * *"), "March 12"),
        ],
    );
    each_is_sound(&[
        &pair("30 3 * * *"),
        // It fires again within the hour.
        &daily("often", 2, "*/15 * * * *"),
        // The clocks change on Sundays.
        &(daily("a", 2, "30 2 * * MON-FRI") + &daily("b", 1, "0 20 * * MON-FRI")),
    ]);
}

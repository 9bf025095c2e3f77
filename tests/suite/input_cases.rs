//! What a consumer refuses, `validate` refuses first: values that another program would not read, or would read as
//! something else, by their kind. A row is one value with the finding that it leads to.

use jiff::civil::date;
use valet_gen::check::check;
use valet_gen::diagnostic::{Diagnostic, DiagnosticFormat, DiagnosticReport, SourceText, print};
use valet_gen::load::load;

/// A fleet that breaks no rule.
const SOUND: &str = r#"[fleet]
name = "valet"
region = "us-east-1"
[alerts]
email = ["ops@example.com"]
[instances]
on_demand_percentage_above_base_capacity = 100
types = [{ instance_type = "m7i.large" }]
"#;

fn report(text: &str) -> DiagnosticReport {
    let source = SourceText {
        path: "fleet.toml".to_owned(),
        text: text.to_owned(),
    };
    match load(&source) {
        Ok(loaded) => check(&source, loaded, date(2026, 9, 1)).report,
        Err(report) => report,
    }
}

fn found(tables: &str) -> Vec<Diagnostic> {
    report(&format!("{SOUND}{tables}")).diagnostics
}

/// Every row gives this one finding, whose sentences hold the part.
fn each_gives(code: &str, rows: &[(&str, &str)]) {
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

fn each_is_sound(rows: &[&str]) {
    for tables in rows {
        let found = found(tables);
        assert!(found.is_empty(), "{tables:?}: {found:#?}");
    }
}

#[test]
fn a_command_is_what_systemd_starts() {
    let written = |command: &str| format!("[worker.runtime]\ncommand = {command}\n");
    let rows: Vec<(String, &str)> = [
        (r#"["node", "--separator=\t"]"#, "control character"),
        (r#"["node", "a\rb"]"#, "control character"),
        (r#"["node", "a\u007fb"]"#, "control character"),
        (r#"["node", "a\u0085b"]"#, "control character"),
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
        (r#"["node", ""]"#, "empty"),
    ]
    .map(|(command, part)| (written(command), part))
    .into();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(text, part)| (&**text, *part)).collect();
    each_gives("worker.command", &rows);
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
        &url("\"https://api.valet.example:8443/a/b%20c/\""),
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
        ("0 008 * * *", "out of its range"),
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

#[test]
fn what_differs_in_case_only_is_what_was_meant() {
    each_gives(
        "network.zone-not-in-region",
        &[(
            "[network]\navailability_zones = [\"us-east-1A\", \"us-east-1b\"]\n",
            "did you mean `us-east-1a`?",
        )],
    );
    let region = |name: &str| report(&SOUND.replace("us-east-1", name)).diagnostics;
    for (name, meant) in [
        ("US-EAST-1", "`us-east-1`"),
        ("us-east1", "`us-east-1`"),
        ("us_east_1", "`us-east-1`"),
        ("frankfurt", "`eu-central-1`"),
        ("Ireland", "`eu-west-1`"),
        ("US East (N. Virginia)", "`us-east-1`"),
    ] {
        let found = region(name);
        assert!(
            found.len() == 1 && found[0].help.contains(meant),
            "{name}: {found:#?}"
        );
    }
    each_gives(
        "toml.unknown-value",
        &[(
            "[network]\nnat_gateways = \"Single\"\n",
            "did you mean `single`?",
        )],
    );
}

#[test]
fn what_is_no_toml_names_key_form_and_remedy() {
    let rows = [
        (
            "[scaling]\nmin_size = \u{201c}2\u{201d}\n",
            "typographic quotes",
            "write `min_size = \"2\"`",
        ),
        (
            "[scaling.queue]\nenabled = yes\n",
            "`enabled`",
            "write `enabled = true`",
        ),
        (
            "[scaling.queue]\nenabled = False\n",
            "`enabled`",
            "write `enabled = false`",
        ),
        (
            "[network]\ncidr_block = null\n",
            "`cidr_block`",
            "take `cidr_block` out",
        ),
        (
            "[network]\nnat_gateways = single\n",
            "`nat_gateways`",
            "write `nat_gateways = \"single\"`",
        ),
        (
            "[network]\nnat_gateways: \"single\"\n",
            "`nat_gateways`",
            "write `nat_gateways = \"single\"`",
        ),
        (
            "[network]\nnat_gateways =\n",
            "`nat_gateways` has no value",
            "after the equals sign",
        ),
        (
            "[scaling]\nmin_size = 1\nmin_size = 2\n",
            "`min_size` is set twice",
            "remove one",
        ),
        (
            "[fleet]\nname = \"other\"\n",
            "is set twice",
            "the keys of both",
        ),
    ];
    for (tables, message, help) in rows {
        let found = found(tables);
        let fits = matches!(&found[..], [only, ..] if only.code == "toml.syntax"
            && only.message.contains(message) && only.help.contains(help));
        assert!(fits, "{tables:?}: {found:#?}");
    }
    let json = report("{\n  \"fleet\": {}\n}\n").diagnostics;
    assert!(json[0].message.contains("JSON, not TOML"), "{json:#?}");
}

#[test]
fn a_wrong_type_names_the_right_one_and_hides_nothing() {
    let waiver = |expires: &str| {
        format!(
            "[image.hardening]\nwaivers = [{{ control = \"os.tmp-noexec\", reason = \"Chromium maps \
             executables there\", expires = {expires} }}]\n[[schedule]]\nname = \"up\"\nmin_size = 2\n\
             recurrence = \"0 8 * * *\"\ntime_zone = \"America/New_Yrok\"\n"
        )
    };
    for (expires, message, help) in [
        (
            "\"2027-06-30\"",
            "must be a date, not a string",
            "write 2027-06-30 without quotes",
        ),
        ("\"soon\"", "must be a date, not a string", "without quotes"),
        (
            "2027-06-30T10:00:00Z",
            "must be a day, not a time",
            "write 2027-06-30",
        ),
        ("20270630", "", ""),
    ] {
        let text = format!("{SOUND}{}", waiver(expires)).replace("\"valet\"", "\"Valet\"");
        let found = report(&text).diagnostics;
        let codes: Vec<&str> = found.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(
            codes,
            ["fleet.name-form", "toml.type", "schedule.time-zone"],
            "{expires}: {found:#?}"
        );
        assert!(
            found[1].message.contains(message) && found[1].help.contains(help),
            "{:#?}",
            found[1]
        );
    }
    // Even where nothing can be typed without the value.
    let text = SOUND.replace("\"valet\"", "5") + "[network]\ncidr_block = \"11.0.0.0/16\"\n";
    let codes: Vec<&str> = report(&text)
        .diagnostics
        .iter()
        .map(|found| found.code)
        .collect();
    assert_eq!(codes, ["toml.type", "network.cidr-not-private"]);
    let infinite = found(
        "[worker.metrics]\nnamespace = 1979-05-27\n[instances.capacity]\nbrowsers_per_vcpu = inf\n",
    );
    let messages: Vec<&str> = infinite
        .iter()
        .map(|found| found.message.as_str())
        .collect();
    assert!(
        messages
            .iter()
            .any(|message| message.contains("not infinity or not a number"))
            && messages
                .iter()
                .any(|message| message.contains("a string, not a date")),
        "{messages:?}"
    );
}

/// Time is linear in the text and the output is bounded, whatever is wrong how often.
#[test]
fn a_flood_of_mistakes_is_counted() {
    let resource =
        "    {\n      \"type\": \"aws_x\",\n      \"attributes\": { \"id\": \"i-1\" }\n    },\n";
    let keys: String = (0..40_000)
        .map(|number| format!("key{number} = 1\n"))
        .collect();
    let floods = [
        format!("{{\n  \"resources\": [\n{}", resource.repeat(10_000)),
        format!("{SOUND}[scaling]\n{keys}"),
        format!(
            "{SOUND}[network]\nprivate_subnets = [{}]\n",
            "1, ".repeat(200_000)
        ),
        format!("{SOUND}{}", "x = yes\n".repeat(40_000)),
        format!(
            "{SOUND}[network]\nprivate_subnets = [{}]\n",
            "\"10.40.0.0/24\", ".repeat(40_000)
        ),
        format!("{SOUND}x = {}", "[".repeat(20_000)),
    ];
    for text in floods {
        let start = std::time::Instant::now();
        let report = report(&text);
        let printed: usize = [
            DiagnosticFormat::Human,
            DiagnosticFormat::Json,
            DiagnosticFormat::Sarif,
            DiagnosticFormat::Github,
        ]
        .into_iter()
        .map(|format| print(std::slice::from_ref(&report), format, false).len())
        .sum();
        let seconds = start.elapsed().as_secs();
        let head = &text[..40];
        assert!(seconds < 30, "{head:?} took {seconds} s");
        assert!(printed < 400_000, "{head:?} printed {printed} bytes");
        assert!(!report.is_empty(), "{head:?}");
    }
}

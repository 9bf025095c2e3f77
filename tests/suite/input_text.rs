//! What is misspelt, of the wrong type or no TOML at all.

use crate::input_cases::{SOUND, each_gives, found, report};
use valet_gen::diagnostic::{DiagnosticFormat, print};

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
            "merge the two",
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

/// The remedy is what has to be typed: the key that was meant, where it belongs, a value of the right kind.
#[test]
fn plausible_mistakes_are_answered_with_what_to_type() {
    let rows = [
        ("[schedule]\nname = \"x\"\n", "toml.type", "[[schedule]]"),
        (
            "[secrets]\nHATCHET_CLIENT_TOKEN = \"hvs-value\"\n",
            "toml.type",
            "{ store = \"ssm\", read = \"boot\" }",
        ),
        ("[network]\nnat_gateways = 3\n", "toml.type", "\"per_zone\""),
        (
            "[access]\nssh = true\n",
            "toml.type",
            "\"instance_connect\"",
        ),
        (
            "[scaling]\nmin_size = \"2\"\n",
            "toml.type",
            "write 2 without quotes",
        ),
        (
            "[image]\npackages = \"htop\"\n",
            "toml.type",
            "write a list in brackets: [\"htop\"]",
        ),
        (
            "[network]\negress = [{ from_port = 443, to_port = 443, description = \"x\" }]\n",
            "toml.unknown-key",
            "write `port`",
        ),
        (
            "[proxy]\nurl = \"http://proxy:3128\"\n",
            "toml.unknown-key",
            "`[network]`",
        ),
        ("[fleet.vpc_endpoints]\n", "toml.unknown-key", "`[network]`"),
        (
            "[image]\nami = \"ami-0123\"\n",
            "toml.unknown-key",
            "images.lock",
        ),
        (
            "[iam]\nstatements = [{ effect = \"Allow\", actions = [\"s3:GetObject\"], resources = [\"*\"] }]\n",
            "toml.unknown-key",
            "remove it",
        ),
        (
            "[instances.spot]\nenabled = true\n",
            "toml.unknown-key",
            "on_demand_percentage_above_base_capacity",
        ),
        (
            "[encryption]\nkms_key = \"alias/valet\"\n",
            "fleet.arn-malformed",
            "--key-id alias/valet",
        ),
        (
            "[iam]\nmanaged_policies = [\"AmazonS3ReadOnlyAccess\"]\n",
            "fleet.arn-malformed",
            "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
        ),
        (
            "[network]\navailability_zones = [\"b\"]\n",
            "network.zone-not-in-region",
            "did you mean `us-east-1b`?",
        ),
        (
            "[[schedule]]\nname = \"x\"\nrecurrence = \"cron(0 8 * * ? *)\"\ntime_zone = \"Etc/UTC\"\nmin_size = 1\n",
            "schedule.recurrence",
            "neither `cron()`",
        ),
        (
            "[[schedule]]\nname = \"x\"\nrecurrence = \"0 8 ? * MON-FRI\"\ntime_zone = \"Etc/UTC\"\nmin_size = 1\n",
            "schedule.recurrence",
            "`*` is any day",
        ),
        (
            "[[schedule]]\nname = \"x\"\nrecurrence = \"0 0 8 * * *\"\ntime_zone = \"Etc/UTC\"\nmin_size = 1\n",
            "schedule.recurrence",
            "neither seconds nor a year",
        ),
    ];
    let mut wrong = Vec::new();
    for (tables, code, part) in rows {
        let found = found(tables);
        let said = |diagnostic: &valet_gen::diagnostic::Diagnostic| {
            diagnostic.code == code && diagnostic.help.contains(part)
        };
        if !found.iter().any(said) {
            let helps = found
                .iter()
                .map(|found| format!("{}: {}", found.code, found.help));
            wrong.push(format!(
                "{tables:?} wants {part:?}: {:#?}",
                helps.collect::<Vec<_>>()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A key that is missing because it is misspelt is one mistake.
#[test]
fn a_misspelt_key_that_is_required_is_told_once() {
    let found = found("[network]\negress = [{ prot = 443, descriptoin = \"HTTPS\" }]\n");
    let codes: Vec<&str> = found.iter().map(|found| found.code).collect();
    assert_eq!(
        codes,
        ["toml.unknown-key", "toml.unknown-key"],
        "{found:#?}"
    );
}

//! What a message says to write is what was meant, and works: of what is spelt like something else, of what is accepted by
//! nobody behind fleet.toml, and of what the file does not say itself.

use tempfile::tempdir;
use test_support::cli::valet_gen;
use valet_gen::catalog::regions::REGIONS;

use crate::input_cases::{SOUND, each_gives, each_is_sound, found, report};

#[test]
fn a_word_of_another_program_is_told_by_its_meaning() {
    for (written, meant) in [
        ("amd64", "x86_64"),
        ("x64", "x86_64"),
        ("Intel", "x86_64"),
        ("aarch64", "arm64"),
        ("graviton", "arm64"),
    ] {
        let key = format!("[instances]\narchitecture = \"{written}\"\n");
        let found = report(&SOUND.replace("[instances]\n", &key)).diagnostics;
        let part = format!("did you mean `{meant}`?");
        assert!(
            found.len() == 1 && found[0].help.contains(&part),
            "{found:#?}"
        );
    }
}

/// GMT+2 is two hours ahead of UTC, and `Etc/GMT+2` two hours behind it. Cities resemble each other in nothing but letters.
#[test]
fn no_time_zone_is_told_by_its_letters() {
    let schedule = |zone: &str| {
        format!(
            "[[schedule]]\nname = \"up\"\nmin_size = 2\nrecurrence = \"0 8 * * MON-FRI\"\ntime_zone = \"{zone}\"\n"
        )
    };
    for (zone, part) in [
        ("GMT+2", "a distance from UTC"),
        ("UTC-5", "a distance from UTC"),
        ("+02:00", "a distance from UTC"),
        ("America/San_Francisco", "`America/Los_Angeles`"),
        ("Europe/Munich", "`Europe/Berlin`"),
        ("Europe/Brelin", "`Europe/Berlin`"),
        ("America/New_Yrok", "`America/New_York`"),
        ("America/Ottawa", "write a zone such as"),
    ] {
        each_gives("schedule.time-zone", &[(&schedule(zone), part)]);
        let found = found(&schedule(zone));
        assert!(!found[0].help.contains("Etc/GMT"), "{found:#?}");
    }
}

#[test]
fn a_suggested_type_is_one_that_the_fleet_takes() {
    let of = |architecture: &str, name: &str| {
        let keys = format!("[instances]\narchitecture = \"{architecture}\"\n");
        let fleet = SOUND.replace("[instances]\n", &keys);
        report(&fleet.replace("m7i.large", name)).diagnostics
    };
    for (architecture, name) in [
        ("x86_64", "m9x.large"),
        ("x86_64", "mac2.metal"),
        ("x86_64", "m5.metall"),
        ("x86_64", "m7g.larg"),
        ("arm64", "m7i.larg"),
        ("arm64", "m6g.metl"),
    ] {
        let found = of(architecture, name);
        assert_eq!(found[0].code, "instances.type-unknown", "{name}");
        let help = found[0].help.split("? if the type").next().expect("a part");
        let Some((_, suggested)) = help.split_once("did you mean one of ") else {
            continue;
        };
        for name in suggested.split(", ") {
            let found = of(architecture, name);
            assert!(found.is_empty(), "{architecture} {name}: {found:#?}");
        }
    }
}

#[test]
fn a_recurrence_says_which_field_is_wrong() {
    let schedule = |recurrence: &str| {
        format!("[[schedule]]\nname = \"up\"\nmin_size = 2\nrecurrence = \"{recurrence}\"\n")
    };
    for (recurrence, part) in [
        ("60 8 * * *", "`60` is not a minute, 0 to 59"),
        ("0 24 * * *", "`24` is not an hour, 0 to 23"),
        ("0 8 0 * *", "`0` is not a day of a month, 1 to 31"),
        ("0 8 * 13 *", "`13` is not a month, 1 to 12"),
        ("0 8 * * 8", "`8` is not a day of the week, 0 to 7"),
        ("0 8 * * FRI-MON", "the range `FRI-MON` runs backwards"),
        ("0 8 * * monday", "`MONDAY` is written `MON`"),
        ("0 8 * JANUARY *", "`JANUARY` is written `JAN`"),
        ("5/10 8 * * *", "a step needs a range, such as 5-59/10"),
        ("*/0 8 * * *", "`0` is not a step"),
        ("0 8 L * *", "'L' has no meaning here"),
    ] {
        each_gives("schedule.recurrence", &[(&schedule(recurrence), part)]);
    }
    each_is_sound(&[&schedule("5-59/10 8 * * FRI-SAT,SUN-MON")]);
}

/// AWS refuses a subnet that shares addresses with another, whoever computed it.
#[test]
fn a_declared_subnet_leaves_room_for_the_computed_ones() {
    let network = |keys: &str| {
        format!(
            "[network]\navailability_zones = [\"us-east-1a\", \"us-east-1b\"]\nvpc_endpoints = [\"ssm\"]\n{keys}\n"
        )
    };
    each_gives(
        "network.subnets-overlap",
        &[
            (
                &network("private_subnets = [\"10.40.0.0/17\", \"10.40.128.0/17\"]"),
                "10.40.128.0/17 overlaps 10.40.224.0/22, a range that is computed for `public_subnets`",
            ),
            (
                &network("public_subnets = [\"10.40.0.0/24\"]"),
                "10.40.0.0/24 overlaps 10.40.0.0/19, a range that is computed for `private_subnets`",
            ),
        ],
    );
    each_is_sound(&[
        &network("nat_gateways = \"none\"\nprivate_subnets = [\"10.40.0.0/17\", \"10.40.128.0/17\"]")
            .replace(
                "[\"ssm\"]",
                "[\"ec2\", \"kms\", \"ssm\", \"ssmmessages\", \"logs\", \"monitoring\", \"secretsmanager\", \"s3\", \"autoscaling\"]",
            ),
        &network("public_subnets = [\"10.40.192.0/24\"]"),
    ]);
}

#[test]
fn nothing_leaves_its_partition_or_its_account() {
    each_gives(
        "image.region-unknown",
        &[(
            "[image]\nregions = [\"us-east-1\", \"us-gov-west-1\"]\n",
            "no image is copied from us-east-1 to us-gov-west-1",
        )],
    );
    each_gives(
        "fleet.arn-elsewhere",
        &[(
            "[terraform]\nallowed_account_ids = [\"111122223333\"]\nprovider_role_arn = \"arn:aws:iam::999922223333:role/terraform\"\n",
            "the role that makes the resources belongs to their account",
        )],
    );
    each_is_sound(&[
        "[terraform]\nallowed_account_ids = [\"111122223333\"]\nprovider_role_arn = \"arn:aws:iam::111122223333:role/terraform\"\n",
        "[terraform]\nprovider_role_arn = \"arn:aws:iam::999922223333:role/terraform\"\n",
    ]);
    for region in [
        "us-iso-east-1",
        "eu-isoe-west-1",
        "eusc-de-east-1",
        "cn-north-1",
    ] {
        let found = report(&SOUND.replace("us-east-1", region)).diagnostics;
        assert!(found.len() == 1, "{found:#?}");
        assert!(found[0].message.contains("are not supported"), "{found:#?}");
    }
}

#[test]
fn a_name_is_one_that_its_reader_takes() {
    each_gives(
        "iam.profile-name",
        &[
            (
                "[iam]\ninstance_profile = \"arn:aws:iam::111122223333:instance-profile/a/workers\"\n",
                "write \"workers\"",
            ),
            (
                "[iam]\ninstance_profile = \"\"\n",
                "not 1 to 128 characters",
            ),
            ("[iam]\ninstance_profile = \"a b\"\n", "not a name"),
            (
                "[iam]\ninstance_profile = \"a/b\"\n",
                "`aws iam list-instance-profiles`",
            ),
        ],
    );
    each_is_sound(&["[iam]\ninstance_profile = \"Browser_1+=,.@-x\"\n"]);
    each_gives(
        "terraform.backend-key",
        &[(
            "[terraform]\nbackend = { type = \"s3\", bucket = \"state\", key = \"{fleet}/{environment}\" }\n",
            "holds another placeholder",
        )],
    );
    for device in ["con", "aux", "com1", "lpt9"] {
        each_gives(
            "environments.name-form",
            &[(&format!("[environments.{device}]\n"), "a device on Windows")],
        );
    }
    each_is_sound(&["[environments.com]\n", "[environments.com10]\n"]);
    each_gives(
        "network.endpoint-unknown",
        &[(
            "[network]\nvpc_endpoints = [\"com.amazonaws.us-east-1.ecr.api\"]\n",
            "did you mean `ecr.api`?",
        )],
    );
    each_gives(
        "image.file-of-image",
        &[(
            "[[image.files]]\npath = \"/etc/passwd\"\ncontent = \"root:x:0:0::/:/bin/sh\"\n",
            "the image writes `/etc/passwd` itself",
        )],
    );
}

/// The names of AWS's own policies and roles look like tokens; to revoke one is no advice.
#[test]
fn what_an_arn_names_is_no_secret() {
    each_is_sound(&[
        "[iam]\nmanaged_policies = [\"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly\"]\n",
        "[iam]\nmanaged_policies = [\"arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforAWSCodeDeploy\"]\n",
        "[control]\nenabled = true\ntrusted_role_arns = [\"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_PlatformAdmin_0123456789abcdef\"]\n[worker.hatchet]\ntasks = [\"a\"]\n[secrets]\nHATCHET_CLIENT_TOKEN = { store = \"ssm\", read = \"boot\" }\n",
    ]);
    each_gives(
        "secrets.value-in-file",
        &[(
            "[worker.runtime]\ncommand = [\"node\", \"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\"]\n",
            "a generated token",
        )],
    );
}

#[test]
fn a_wildcard_of_a_kind_is_every_resource_of_it() {
    let statement = |action: &str, resource: &str| {
        format!("[[iam.statements]]\nactions = [\"{action}\"]\nresources = [\"{resource}\"]\n")
    };
    each_gives(
        "iam.statement-broad",
        &[
            (
                &statement("sts:AssumeRole", "arn:aws:iam::*:role/*"),
                "on every resource of the account",
            ),
            (
                &statement("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/*"),
                "on every resource of the account",
            ),
            (
                &statement("s3:*", "arn:aws:s3:::*"),
                "every action of the service",
            ),
        ],
    );
    each_is_sound(&[
        &statement("sts:AssumeRole", "arn:aws:iam::*:role/browsers/*"),
        &statement("s3:*", "arn:aws:s3:::browsers/*"),
    ]);
}

#[test]
fn a_merge_that_is_not_finished_is_told_as_one() {
    let text = format!(
        "{SOUND}[scaling]\n<<<<<<< HEAD\nmax_size = 5\n=======\nmax_size = 6\n>>>>>>> other\n"
    );
    let found = report(&text).diagnostics;
    assert!(found.len() == 1, "{found:#?}");
    assert!(found[0].message.contains("merge"), "{found:#?}");
    assert_eq!(&text[found[0].span.clone()], "<<<<<<< HEAD");
}

/// A starter that warns of itself is no start. Each region lacks other types, and accounts see different zones in one.
#[test]
fn the_starter_of_every_region_breaks_no_rule() {
    for region in REGIONS {
        let folder = tempdir().expect("a folder");
        let init = [
            "init",
            "--region",
            region.name,
            "--email",
            "ops@example.com",
        ];
        valet_gen(folder.path(), init).success();
        let validated = valet_gen(folder.path(), ["validate", "--deny-warnings"]);
        let expected = (Some(0), "1 file valid\n", "");
        assert_eq!(validated.parts(), expected, "{}", region.name);
    }
}

/// Two environments of the same names are two fleets where each says that it is in an account of its own, and only there.
#[test]
fn the_same_names_in_two_accounts_are_no_conflict() {
    let two = |of_one: &str, of_other: &str| {
        format!(
            "{SOUND}[environments.eu-production.terraform]\nallowed_account_ids = [{of_one}]\n\
             [environments.production.fleet]\nname = \"valet-eu\"\n\
             [environments.production.terraform]\nallowed_account_ids = [{of_other}]\n"
        )
    };
    let codes = |text: &str| -> Vec<&str> {
        let found = report(text).diagnostics;
        found.iter().map(|one| one.code).collect()
    };
    let (one, other) = ("\"111122223333\"", "\"444455556666\"");
    assert_eq!(codes(&two(one, other)), Vec::<&str>::new());
    for (of_one, of_other) in [(one, one), (one, ""), ("", "")] {
        let found = codes(&two(of_one, of_other));
        assert_eq!(found, ["environments.same-prefix"], "{of_one} {of_other}");
    }
}

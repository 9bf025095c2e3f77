//! The metadata service of an instance, version 2, as far as cloud-init asks it.
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>

use std::collections::{BTreeMap, BTreeSet};

/// Its address on every instance.
pub const ADDRESS: &str = "169.254.169.254";

/// The machine's network card, by which cloud-init finds what is said of it.
pub const MAC: &str = "0a:ff:d4:00:00:01";

/// What QEMU gives to its first machine.
const OWN_ADDRESS: &str = "10.0.2.15";

/// The longest that a token may hold, in seconds.
const LONGEST_TOKEN: u32 = 21_600;

/// There is one machine, and it is gone before anybody could guess.
const TOKEN: &str = "AQAEAvalet-gen-image-boot-token==";

pub const TOKEN_HEADER: &str = "X-aws-ec2-metadata-token";
pub const TTL_HEADER: &str = "X-aws-ec2-metadata-token-ttl-seconds";
pub const FORWARDED_HEADER: &str = "X-Forwarded-For";

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    pub method: &'q str,
    pub path: &'q str,
    pub token: Option<&'q str>,
    pub ttl: Option<&'q str>,
    pub is_forwarded: bool,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// How long the token in the body holds, in seconds.
    pub ttl: Option<u32>,
}

impl Answer {
    fn of(status: u16, body: &str) -> Self {
        Self {
            status,
            body: body.to_owned(),
            ttl: None,
        }
    }

    /// Whether it is a token.
    #[must_use]
    pub fn is_token(&self) -> bool {
        self.ttl.is_some()
    }
}

/// What is known of an instance, by path below a version of the service.
#[derive(Clone, Debug)]
pub struct Metadata {
    values: BTreeMap<String, String>,
}

impl Metadata {
    /// Those of the machine that is started here, which is given this to do.
    #[must_use]
    pub fn new(user_data: &str) -> Self {
        let card = format!("meta-data/network/interfaces/macs/{MAC}");
        let document = format!(
            r#"{{"accountId": "123456789012", "architecture": "x86_64", "availabilityZone": "us-east-1a", "imageId": "ami-0123456789abcdef0", "instanceId": "i-0123456789abcdef0", "instanceType": "t3.large", "privateIp": "{OWN_ADDRESS}", "region": "us-east-1", "version": "2017-09-30"}}"#
        );
        let values = [
            ("user-data", user_data),
            ("dynamic/instance-identity/document", &document),
            ("meta-data/ami-id", "ami-0123456789abcdef0"),
            ("meta-data/hostname", "ip-10-0-2-15.ec2.internal"),
            ("meta-data/instance-id", "i-0123456789abcdef0"),
            ("meta-data/instance-life-cycle", "on-demand"),
            ("meta-data/instance-type", "t3.large"),
            ("meta-data/local-hostname", "ip-10-0-2-15.ec2.internal"),
            ("meta-data/local-ipv4", OWN_ADDRESS),
            ("meta-data/mac", MAC),
            ("meta-data/placement/availability-zone", "us-east-1a"),
            ("meta-data/placement/region", "us-east-1"),
            ("meta-data/services/domain", "amazonaws.com"),
            ("meta-data/services/partition", "aws"),
            (&format!("{card}/device-number"), "0"),
            (&format!("{card}/interface-id"), "eni-0123456789abcdef0"),
            (&format!("{card}/local-ipv4s"), OWN_ADDRESS),
            (&format!("{card}/mac"), MAC),
            (&format!("{card}/subnet-ipv4-cidr-block"), "10.0.2.0/24"),
        ];
        let values = values.map(|(path, value)| (path.to_owned(), value.to_owned()));
        Self {
            values: values.into_iter().collect(),
        }
    }

    /// Answers as an instance's service does for which tokens are required.
    #[must_use]
    pub fn answer(&self, question: Question<'_>) -> Answer {
        let path = question.path.trim_start_matches('/');
        if path == "latest/api/token" {
            return token(question);
        }
        if question.token != Some(TOKEN) {
            return Answer::of(401, "Unauthorized\n");
        }
        if question.method != "GET" {
            return Answer::of(405, "Method Not Allowed\n");
        }
        let found = path
            .split_once('/')
            .filter(|(version, _)| is_version(version))
            .and_then(|(_, below)| self.find(below));
        found.map_or_else(
            || Answer::of(404, "Not Found\n"),
            |text| Answer::of(200, &text),
        )
    }

    /// A value, or the names in a folder.
    fn find(&self, path: &str) -> Option<String> {
        let path = path.trim_end_matches('/');
        if let Some(value) = self.values.get(path) {
            return Some(value.clone());
        }
        let folder = format!("{path}/");
        let below = self.values.keys().filter_map(|it| it.strip_prefix(&folder));
        let names: BTreeSet<String> = below
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => format!("{name}/"),
                None => rest.to_owned(),
            })
            .collect();
        (!names.is_empty()).then(|| names.into_iter().collect::<Vec<_>>().join("\n"))
    }
}

fn token(question: Question<'_>) -> Answer {
    if question.method != "PUT" {
        return Answer::of(405, "Method Not Allowed\n");
    }
    if question.is_forwarded {
        return Answer::of(403, "Forbidden\n");
    }
    let ttl = question.ttl.and_then(|ttl| ttl.trim().parse().ok());
    match ttl.filter(|seconds| (1..=LONGEST_TOKEN).contains(seconds)) {
        Some(seconds) => Answer {
            ttl: Some(seconds),
            ..Answer::of(200, TOKEN)
        },
        None => Answer::of(400, "Bad Request\n"),
    }
}

/// `latest`, or the day on which a version came out.
fn is_version(word: &str) -> bool {
    let is_day = word.len() == 10 && word.bytes().all(|it| it.is_ascii_digit() || it == b'-');
    word == "latest" || is_day
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question<'q>(method: &'q str, path: &'q str) -> Question<'q> {
        Question {
            method,
            path,
            token: Some(TOKEN),
            ttl: None,
            is_forwarded: false,
        }
    }

    fn get(path: &str) -> (u16, String) {
        let answer = Metadata::new("#!/bin/sh\n").answer(question("GET", path));
        (answer.status, answer.body)
    }

    #[test]
    fn nothing_is_told_without_a_token() {
        let metadata = Metadata::new("");
        for token in [None, Some("another")] {
            let question = Question {
                token,
                ..question("GET", "/latest/meta-data/instance-id")
            };
            assert_eq!(metadata.answer(question).status, 401);
        }
    }

    #[test]
    fn a_token_is_given_to_who_says_for_how_long_and_comes_directly() {
        let metadata = Metadata::new("");
        let ask = |ttl| {
            metadata.answer(Question {
                ttl,
                token: None,
                ..question("PUT", "/latest/api/token")
            })
        };
        let answer = ask(Some("21600"));
        assert_eq!((answer.status, answer.ttl), (200, Some(21_600)));
        assert!(answer.is_token());
        for ttl in [None, Some("0"), Some("21601"), Some("long")] {
            assert_eq!(ask(ttl).status, 400, "{ttl:?}");
        }
        let forwarded = Question {
            ttl: Some("60"),
            is_forwarded: true,
            ..question("PUT", "/latest/api/token")
        };
        assert_eq!(metadata.answer(forwarded).status, 403);
        assert_eq!(
            metadata.answer(question("GET", "/latest/api/token")).status,
            405
        );
    }

    #[test]
    fn values_and_folders_are_found_in_every_version() {
        assert_eq!(get("/latest/user-data"), (200, "#!/bin/sh\n".to_owned()));
        let id = (200, "i-0123456789abcdef0".to_owned());
        assert_eq!(get("/2009-04-04/meta-data/instance-id"), id);
        assert_eq!(
            get("/2021-03-23/meta-data/placement/"),
            (200, "availability-zone\nregion".to_owned())
        );
        let card = (200, format!("{MAC}/"));
        assert_eq!(get("/latest/meta-data/network/interfaces/macs/"), card);
        for path in [
            "/latest/meta-data/iam/info",
            "/newest/user-data",
            "/latest",
            "/",
        ] {
            assert_eq!(get(path).0, 404, "{path}");
        }
    }

    #[test]
    fn the_identity_is_json() {
        let (_, document) = get("/latest/dynamic/instance-identity/document");
        let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
        assert_eq!(document["region"], "us-east-1");
    }
}

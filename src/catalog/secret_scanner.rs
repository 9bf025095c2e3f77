//! What a credential looks like in a text, so that none is ever accepted or repeated.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::secret_rules;

/// A part of a text that looks like a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its bytes in the text.
    pub span: Range<usize>,
    /// What it looks like, with its article.
    pub kind: &'static str,
    /// Whether its form is a known one. Otherwise it only looks random.
    pub known: bool,
}

/// A credential that is known by how it begins.
struct Form {
    kind: &'static str,
    prefix: &'static str,
    goes_on: fn(char) -> bool,
    /// The fewest characters, prefix included.
    shortest: usize,
}

const fn form(
    kind: &'static str,
    prefix: &'static str,
    goes_on: fn(char) -> bool,
    shortest: usize,
) -> Form {
    Form {
        kind,
        prefix,
        goes_on,
        shortest,
    }
}

/// Forms as their issuers document them.
const FORMS: &[Form] = &[
    form("an AWS access key", "AKIA", is_upper, 20),
    form("a temporary AWS access key", "ASIA", is_upper, 20),
    form("a GitHub token", "ghp_", is_word, 30),
    form("a GitHub token", "gho_", is_word, 30),
    form("a GitHub token", "ghu_", is_word, 30),
    form("a GitHub token", "ghs_", is_word, 30),
    form("a GitHub token", "ghr_", is_word, 30),
    form("a GitHub token", "github_pat_", is_word, 30),
    form("a GitLab token", "glpat-", is_word, 20),
    form("a Slack token", "xoxa-", is_word, 15),
    form("a Slack token", "xoxb-", is_word, 15),
    form("a Slack token", "xoxp-", is_word, 15),
    form("a Slack token", "xoxr-", is_word, 15),
    form("a Slack token", "xoxs-", is_word, 15),
    form("a Slack token", "xapp-", is_word, 15),
    form("a Stripe key", "sk_live_", is_word, 20),
    form("a Stripe key", "rk_live_", is_word, 20),
    form("a Google API key", "AIza", is_word, 39),
    form("an npm token", "npm_", is_word, 36),
    form("a Vault token", "hvs.", is_word, 20),
    form("an Anthropic API key", "sk-ant-", is_word, 20),
    form("an API key", "sk-", is_word, 24),
];

fn is_upper(character: char) -> bool {
    character.is_ascii_uppercase() || character.is_ascii_digit()
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}

/// The characters of base64, in both of its alphabets. Not the equals sign: before a token it gives the token to a name.
fn is_base64(character: char) -> bool {
    is_word(character) || matches!(character, '+' | '/')
}

/// Everything in the text that looks like a credential, in the order of their places. Places
/// that overlap are one.
#[must_use]
pub fn find(text: &str) -> Vec<Credential> {
    let mut found = Vec::new();
    found.extend(private_keys(text));
    found.extend(FORMS.iter().flat_map(|form| of_form(text, form)));
    found.extend(secret_rules::find(text).map(|(span, kind)| known(span, kind)));
    found.extend(web_tokens(text));
    found.extend(url_passwords(text));
    found.extend(assigned(text));
    found.extend(random_tokens(text));
    // At the same place a known form says more than randomness.
    found.sort_by_key(|credential| (credential.span.start, !credential.known));
    let mut apart: Vec<Credential> = Vec::new();
    for credential in found {
        match apart.last_mut() {
            Some(last) if credential.span.start < last.span.end => {
                last.span.end = last.span.end.max(credential.span.end);
                if credential.known && !last.known {
                    last.kind = credential.kind;
                    last.known = true;
                }
            }
            _ => apart.push(credential),
        }
    }
    apart
}

fn known(span: Range<usize>, kind: &'static str) -> Credential {
    Credential {
        span,
        kind,
        known: true,
    }
}

/// The end of the run of characters that begins at `start`.
fn run_end(text: &str, start: usize, goes_on: impl Fn(char) -> bool) -> usize {
    let rest = &text[start..];
    start
        + rest
            .find(|character| !goes_on(character))
            .unwrap_or(rest.len())
}

/// Whether a word begins here, rather than goes on: the `sk-` of `task-` is no key.
fn begins_word(text: &str, at: usize) -> bool {
    !text[..at]
        .chars()
        .next_back()
        .is_some_and(|character| character.is_ascii_alphanumeric())
}

fn of_form<'t>(text: &'t str, form: &'static Form) -> impl Iterator<Item = Credential> + 't {
    text.match_indices(form.prefix)
        .filter_map(move |(start, _)| {
            let end = run_end(text, start, form.goes_on);
            let credential = &text[start..end];
            let long = credential.len() >= form.shortest;
            let digits = credential.bytes().any(|byte| byte.is_ascii_digit());
            (begins_word(text, start) && long && digits).then(|| known(start..end, form.kind))
        })
}

/// PEM blocks, from the first line to the last, or to the end of the text where that is missing.
fn private_keys(text: &str) -> impl Iterator<Item = Credential> + '_ {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    const DASHES: &str = "-----";
    text.match_indices(BEGIN).filter_map(|(start, _)| {
        let label_start = start + BEGIN.len();
        let label_end = label_start + text[label_start..].find(DASHES)?;
        if !text[label_start..label_end].contains("PRIVATE KEY") {
            return None;
        }
        let end = text[label_end..]
            .find(END)
            .map(|end| label_end + end + END.len())
            .and_then(|end| text[end..].find(DASHES).map(|dashes| end + dashes))
            .map_or(text.len(), |end| end + DASHES.len());
        Some(known(start..end, "a private key"))
    })
}

/// JSON Web Tokens: three parts of base64url, the first of which is a JSON object.
fn web_tokens(text: &str) -> impl Iterator<Item = Credential> + '_ {
    const SHORTEST_PART: usize = 8;
    text.match_indices("eyJ").filter_map(|(start, _)| {
        let end = run_end(text, start, |character| {
            is_word(character) || character == '.'
        });
        let mut parts = text[start..end].split('.');
        let long = |part: Option<&str>| part.is_some_and(|part| part.len() >= SHORTEST_PART);
        let token = long(parts.next()) && long(parts.next()) && parts.next().is_some();
        (begins_word(text, start) && token).then(|| known(start..end, "a JSON Web Token"))
    })
}

/// What stands before the `@` of a URL, when there is a password in it.
fn url_passwords(text: &str) -> impl Iterator<Item = Credential> + '_ {
    const SCHEME_END: &str = "://";
    text.match_indices(SCHEME_END).filter_map(|(at, _)| {
        let start = at + SCHEME_END.len();
        let end = run_end(text, start, |character| {
            !character.is_whitespace()
                && !matches!(character, '/' | '?' | '#' | '"' | '\'' | '<' | '>')
        });
        let user_end = start + text[start..end].rfind('@')?;
        let (_, password) = text[start..user_end].split_once(':')?;
        (!password.is_empty()).then(|| known(start..user_end, "a password in a URL"))
    })
}

/// What is given to a word such as `password` by an equals sign, as in the arguments of a program. TOML's
/// own assignments have a space or a quote behind the sign.
fn assigned(text: &str) -> impl Iterator<Item = Credential> + '_ {
    const WORDS: [&str; 7] = [
        "password", "passwd", "secret", "token", "apikey", "api-key", "api_key",
    ];
    const SHORTEST: usize = 8;
    text.match_indices('=').filter_map(|(at, _)| {
        let word_start = text[..at]
            .rfind(|character: char| !is_word(character))
            .map_or(0, |before| before + 1);
        let word = text.get(word_start..at)?.to_ascii_lowercase();
        let start = at + 1;
        let end = run_end(text, start, |character| {
            !character.is_whitespace() && !matches!(character, '"' | '\'' | ',' | '}' | ']')
        });
        let value = &text[start..end];
        let is_reference = value.starts_with(['$', '{', '<', '/', '@', '%']);
        let mixed = value.bytes().any(|byte| byte.is_ascii_digit())
            && value.bytes().any(|byte| byte.is_ascii_alphabetic());
        (WORDS.iter().any(|secret| word.ends_with(secret))
            && value.len() >= SHORTEST
            && mixed
            && !is_reference)
            .then(|| known(start..end, "a password in an argument"))
    })
}

/// The places of the ARNs of a text. AWS makes long names of many letters, such as that of the policy
/// `AmazonEC2ContainerRegistryReadOnly`: what an ARN names may look random and is public.
fn arns(text: &str) -> Vec<Range<usize>> {
    static ARN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\barn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:[0-9]{12}|aws)?:[\w+=,.@:/*?-]+")
            .expect("a test compiles it")
    });
    ARN.find_iter(text)
        .map(|arn| arn.start()..arn.end())
        .collect()
}

/// Words too long and too mixed to have been made up by a person.
fn random_tokens(text: &str) -> Vec<Credential> {
    const SHORTEST: usize = 32;
    let arns = arns(text);
    let is_in_arn = |at: usize| {
        let after = arns.partition_point(|arn| arn.end <= at);
        arns.get(after).is_some_and(|arn| arn.start <= at)
    };
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(is_base64).map(|offset| at + offset) {
        at = run_end(text, start, is_base64);
        let token = &text[start..at];
        if token.len() >= SHORTEST && looks_random(token) && !is_in_arn(start) {
            found.push(Credential {
                span: start..at,
                kind: "a generated token",
                known: false,
            });
        }
    }
    found
}

fn looks_random(token: &str) -> bool {
    let has = |test: fn(&u8) -> bool| token.as_bytes().iter().any(test);
    let digits = has(u8::is_ascii_digit);
    let lower = has(u8::is_ascii_lowercase);
    let upper = has(u8::is_ascii_uppercase);
    let hexadecimal = token.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hexadecimal {
        return digits && (lower || upper) && bits_per_character(token) > 3.0;
    }
    digits && lower && upper && bits_per_character(token) > 4.2
}

/// The entropy of the token's own letters: 5 is as much as 32 different ones have.
#[allow(
    clippy::cast_precision_loss,
    reason = "no text is long enough to notice"
)]
fn bits_per_character(token: &str) -> f64 {
    let mut counts = [0_usize; 256];
    for byte in token.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = token.len() as f64;
    counts
        .into_iter()
        .filter(|count| *count > 0)
        .map(|count| count as f64 / length)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<&'static str> {
        find(text)
            .into_iter()
            .map(|credential| credential.kind)
            .collect()
    }

    #[test]
    fn credentials_are_found() {
        for (text, kind) in [
            ("key = \"AKIAIOSFODNN7EXAMPLE\"", "an AWS access key"),
            ("ASIAIOSFODNN7EXAMPLE", "a temporary AWS access key"),
            ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "a GitHub token"),
            ("xoxb-123456789012-abcdef", "a Slack token"),
            ("sk-ant-api03-0123456789abcdef", "an Anthropic API key"),
            ("sk-proj-0123456789abcdefghij", "an API key"),
            (
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln",
                "a JSON Web Token",
            ),
            ("postgres://valet:hunter2@db/valet", "a password in a URL"),
            (
                "[\"--db-password=Tr0ub4dor3xyzzy\"]",
                "a password in an argument",
            ),
            (
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "a generated token",
            ),
            ("0f1e2d3c4b5a69788796a5b4c3d2e1f0", "a generated token"),
            // After an ARN, and in what begins like one and is none.
            (
                "arn:aws:s3:::state 0f1e2d3c4b5a69788796a5b4c3d2e1f0",
                "a generated token",
            ),
            (
                "arn:aws:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "a generated token",
            ),
            // The form is a known one, wherever it stands.
            (
                "arn:aws:s3:::state/ghp_0123456789abcdefghijABCDEFGHIJ012345",
                "a GitHub token",
            ),
            ("ID=0f1e2d3c4b5a69788796a5b4c3d2e1f0", "a generated token"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
                "a private key",
            ),
        ] {
            assert_eq!(kinds(text), [kind], "{text}");
        }
    }

    #[test]
    fn ordinary_values_are_not() {
        for text in [
            "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
            "arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM",
            "arn:aws-us-gov:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_0123456789abcdef",
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/DatabaseOfTheBrowsers2-AbCdEf",
            "https://api.valet.example/api/v1/sandboxes/heartbeat",
            "risk-assessment-of-2024-and-of-2025-together",
            "vpc-0123456789abcdef0 subnet-0123456789abcdef0",
            "AKIA is how a key begins",
            "--token=${TOKEN_2024_OF_CI} --password-file=/etc/p4ssword",
            "secret = \"arn1234567\" # token=4",
            "https://user@host/",
            "-----BEGIN PUBLIC KEY-----",
            "🎉🎉🎉 eyJ",
            "/opt/valet/runtime/main.js",
        ] {
            assert!(kinds(text).is_empty(), "{text}: {:?}", kinds(text));
        }
    }

    #[test]
    fn a_key_without_an_end_goes_to_the_end() {
        let text = "é -----BEGIN PRIVATE KEY-----\nabc é";
        assert_eq!(find(text)[0].span, 3..text.len());
    }
}

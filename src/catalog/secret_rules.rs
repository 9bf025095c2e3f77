//! The shapes of credentials by which fleet.toml and the files of an image are searched: one table for both.
//!
//! Shapes as their issuers document them and as gitleaks' default rules know them. Each is a regular expression that
//! Rust's `regex` and Perl read alike: the image is searched where it is made, by Perl.

use std::sync::LazyLock;

use regex::Regex;

/// A shape that a credential has wherever it stands.
#[derive(Clone, Copy, Debug)]
pub struct SecretRule {
    /// What it is, with its article.
    pub kind: &'static str,
    pub pattern: &'static str,
}

const fn rule(kind: &'static str, pattern: &'static str) -> SecretRule {
    SecretRule { kind, pattern }
}

/// Every shape.
pub const SECRET_RULES: &[SecretRule] = &[
    rule(
        "an AWS access key",
        r"\b(?:A3T[A-Z0-9]|AKIA|ABIA|ACCA)[A-Z2-7]{16}\b",
    ),
    rule("a temporary AWS access key", r"\bASIA[A-Z2-7]{16}\b"),
    rule(
        "a GitHub token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{82})\b",
    ),
    rule(
        "a GitLab token",
        r"\bgl(?:pat|dt|rt|soat|ptt|ft|imt|cbt)-[A-Za-z0-9_-]{20,}",
    ),
    rule(
        "a Slack token",
        r"\b(?:xox[abeoprs]-[A-Za-z0-9-]{20,}|xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+)",
    ),
    rule(
        "a Slack webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{43,56}",
    ),
    rule(
        "a Stripe key",
        r"\b[sr]k_(?:live|test|prod)_[A-Za-z0-9]{20,}\b",
    ),
    rule("a Google API key", r"\bAIza[A-Za-z0-9_-]{35}"),
    rule("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    rule("a PyPI token", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
    rule("a Vault token", r"\bhv[sb]\.[A-Za-z0-9_-]{90,}"),
    rule(
        "an Anthropic API key",
        r"\bsk-ant-(?:api|admin|oat)\d\d-[A-Za-z0-9_-]{60,}",
    ),
    rule(
        "an OpenAI API key",
        r"\b(?:sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}|sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})",
    ),
    rule("a Hugging Face token", r"\bhf_[A-Za-z]{34}\b"),
    rule(
        "a SendGrid token",
        r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b",
    ),
    rule("a DigitalOcean token", r"\bdo[por]_v1_[a-f0-9]{64}\b"),
    rule("a Databricks token", r"\bdapi[a-f0-9]{32}(?:-\d)?\b"),
    rule(
        "a Grafana token",
        r"\bgl(?:c_[A-Za-z0-9+/]{32,}|sa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8})",
    ),
    rule(
        "a Terraform Cloud token",
        r"\b[a-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}",
    ),
    rule("a Twilio key", r"\bSK[0-9a-f]{32}\b"),
    rule(
        "a Telegram bot token",
        r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b",
    ),
    rule("a Postman token", r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}\b"),
    rule("a Doppler token", r"\bdp\.pt\.[A-Za-z0-9]{43}\b"),
    rule("a Linear key", r"\blin_api_[A-Za-z0-9]{40}\b"),
    rule("a Shopify token", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b"),
    rule(
        "a Square token",
        r"\b(?:EAAA|sq0atp-|sq0csp-)[A-Za-z0-9_-]{22,60}\b",
    ),
    rule("a Pulumi token", r"\bpul-[a-f0-9]{40}\b"),
    rule(
        "a New Relic key",
        r"\bNR(?:AK-[A-Z0-9]{27}|JS-[a-f0-9]{19})\b",
    ),
    rule("a RubyGems token", r"\brubygems_[a-f0-9]{48}\b"),
    rule(
        "an age secret key",
        r"\bAGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}\b",
    ),
    rule("a 1Password token", r"\bops_eyJ[A-Za-z0-9+/]{250,}={0,3}"),
    rule("an Azure storage key", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    rule(
        "a Dynatrace token",
        r"\bdt0c01\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}\b",
    ),
    rule("a Fly.io token", r"\bfo1_[A-Za-z0-9_-]{43}\b"),
    rule("a Sentry token", r"\bsntry[su]_[A-Za-z0-9+/=_-]{60,}"),
];

static COMPILED: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
    let rules = SECRET_RULES.iter();
    rules
        .map(|rule| {
            (
                rule.kind,
                Regex::new(rule.pattern).expect("a test compiles every pattern"),
            )
        })
        .collect()
});

/// Every place of a text that has one of the shapes, with what it looks like.
pub fn find(text: &str) -> impl Iterator<Item = (std::ops::Range<usize>, &'static str)> + '_ {
    COMPILED.iter().flat_map(|(kind, pattern)| {
        let found = pattern.find_iter(text);
        found
            .filter(|found| !is_example(found.as_str()))
            .map(|found| (found.range(), *kind))
    })
}

/// Whether a token is one of documentation: AWS ends its own with `EXAMPLE`, others repeat a letter or count.
#[must_use]
pub fn is_example(token: &str) -> bool {
    let lower = token.to_ascii_lowercase();
    let counts = ["0123456789abcdef", "1234567890abcdef", "abcdefghijklmnop"];
    let bytes = token.as_bytes();
    let repeats = bytes
        .windows(8)
        .any(|window| window.iter().all(|byte| *byte == window[0]));
    repeats || lower.contains("example") || counts.iter().any(|it| lower.contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles_and_stays_on_its_line() {
        assert_eq!(COMPILED.len(), SECRET_RULES.len());
        for rule in SECRET_RULES {
            assert!(!rule.pattern.contains(['\n', '\t', '\'']), "{}", rule.kind);
        }
    }

    #[test]
    fn examples_of_documentation_are_nobodys() {
        for token in [
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ] {
            assert_eq!(find(token).count(), 0, "{token}");
        }
        assert_eq!(find(&["AKIA", "QYLPMN5HFIQR7XYA"].concat()).count(), 1);
    }
}

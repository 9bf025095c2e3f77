//! The shapes of credentials by which fleet.toml and the files of an image are searched: one table for both.
//!
//! Shapes as their issuers document them and as gitleaks' default rules know them. Each is a regular expression that
//! Rust's `regex` and Perl read alike: the image is searched where it is made, by Perl.

use std::sync::OnceLock;

use regex::Regex;

/// A shape that a credential has wherever it stands.
#[derive(Clone, Copy, Debug)]
pub struct SecretRule {
    /// What it is, with its article.
    pub kind: &'static str,
    pub pattern: &'static str,
    /// What a credential of this shape has in it, one of these: a text without is not searched.
    needs: &'static [&'static str],
}

const fn rule(
    kind: &'static str,
    needs: &'static [&'static str],
    pattern: &'static str,
) -> SecretRule {
    SecretRule {
        kind,
        pattern,
        needs,
    }
}

/// Every shape.
pub const SECRET_RULES: &[SecretRule] = &[
    rule(
        "an AWS access key",
        &["A3T", "AKIA", "ABIA", "ACCA"],
        r"\b(?:A3T[A-Z0-9]|AKIA|ABIA|ACCA)[A-Z2-7]{16}\b",
    ),
    rule(
        "a temporary AWS access key",
        &["ASIA"],
        r"\bASIA[A-Z2-7]{16}\b",
    ),
    rule(
        "a GitHub token",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{82})\b",
    ),
    rule(
        "a GitLab token",
        &[
            "glpat-", "gldt-", "glrt-", "glsoat-", "glptt-", "glft-", "glimt-", "glcbt-",
        ],
        r"\bgl(?:pat|dt|rt|soat|ptt|ft|imt|cbt)-[A-Za-z0-9_-]{20,}",
    ),
    rule(
        "a Slack token",
        &["xox", "xapp-"],
        r"\b(?:xox[abeoprs]-[A-Za-z0-9-]{20,}|xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+)",
    ),
    rule(
        "a Slack webhook",
        &["hooks.slack.com/"],
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{43,56}",
    ),
    rule(
        "a Stripe key",
        &["k_live_", "k_test_", "k_prod_"],
        r"\b[sr]k_(?:live|test|prod)_[A-Za-z0-9]{20,}\b",
    ),
    rule("a Google API key", &["AIza"], r"\bAIza[A-Za-z0-9_-]{35}"),
    rule("an npm token", &["npm_"], r"\bnpm_[A-Za-z0-9]{36}\b"),
    rule(
        "a PyPI token",
        &["pypi-"],
        r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}",
    ),
    rule(
        "a Vault token",
        &["hvs.", "hvb."],
        r"\bhv[sb]\.[A-Za-z0-9_-]{90,}",
    ),
    rule(
        "an Anthropic API key",
        &["sk-ant-"],
        r"\bsk-ant-(?:api|admin|oat)\d\d-[A-Za-z0-9_-]{60,}",
    ),
    rule(
        "an OpenAI API key",
        &["sk-proj-", "sk-svcacct-", "sk-admin-", "T3BlbkFJ"],
        r"\b(?:sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}|sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})",
    ),
    rule("a Hugging Face token", &["hf_"], r"\bhf_[A-Za-z]{34}\b"),
    rule(
        "a SendGrid token",
        &["SG."],
        r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b",
    ),
    rule(
        "a DigitalOcean token",
        &["dop_v1_", "doo_v1_", "dor_v1_"],
        r"\bdo[por]_v1_[a-f0-9]{64}\b",
    ),
    rule(
        "a Databricks token",
        &["dapi"],
        r"\bdapi[a-f0-9]{32}(?:-\d)?\b",
    ),
    rule(
        "a Grafana token",
        &["glc_", "glsa_"],
        r"\bgl(?:c_[A-Za-z0-9+/]{32,}|sa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8})",
    ),
    rule(
        "a Terraform Cloud token",
        &[".atlasv1."],
        r"\b[a-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}",
    ),
    rule("a Twilio key", &["SK"], r"\bSK[0-9a-f]{32}\b"),
    rule(
        "a Telegram bot token",
        &[":AA"],
        r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b",
    ),
    rule(
        "a Postman token",
        &["PMAK-"],
        r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}\b",
    ),
    rule(
        "a Doppler token",
        &["dp.pt."],
        r"\bdp\.pt\.[A-Za-z0-9]{43}\b",
    ),
    rule(
        "a Linear key",
        &["lin_api_"],
        r"\blin_api_[A-Za-z0-9]{40}\b",
    ),
    rule(
        "a Shopify token",
        &["shpat_", "shpca_", "shppa_", "shpss_"],
        r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b",
    ),
    rule(
        "a Square token",
        &["EAAA", "sq0atp-", "sq0csp-"],
        r"\b(?:EAAA|sq0atp-|sq0csp-)[A-Za-z0-9_-]{22,60}\b",
    ),
    rule("a Pulumi token", &["pul-"], r"\bpul-[a-f0-9]{40}\b"),
    rule(
        "a New Relic key",
        &["NRAK-", "NRJS-"],
        r"\bNR(?:AK-[A-Z0-9]{27}|JS-[a-f0-9]{19})\b",
    ),
    rule(
        "a RubyGems token",
        &["rubygems_"],
        r"\brubygems_[a-f0-9]{48}\b",
    ),
    rule(
        "an age secret key",
        &["AGE-SECRET-KEY-1"],
        r"\bAGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}\b",
    ),
    rule(
        "a 1Password token",
        &["ops_eyJ"],
        r"\bops_eyJ[A-Za-z0-9+/]{250,}={0,3}",
    ),
    rule(
        "an Azure storage key",
        &["AccountKey="],
        r"AccountKey=[A-Za-z0-9+/]{86}==",
    ),
    rule(
        "a Dynatrace token",
        &["dt0c01."],
        r"\bdt0c01\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}\b",
    ),
    rule("a Fly.io token", &["fo1_"], r"\bfo1_[A-Za-z0-9_-]{43}\b"),
    rule(
        "a Sentry token",
        &["sntrys_", "sntryu_"],
        r"\bsntry[su]_[A-Za-z0-9+/=_-]{60,}",
    ),
];

/// Each shape is compiled when a text first needs it, which is seldom.
static COMPILED: [OnceLock<Option<Regex>>; SECRET_RULES.len()] =
    [const { OnceLock::new() }; SECRET_RULES.len()];

/// Every place of a text that has one of the shapes, with what it looks like.
pub fn find(text: &str) -> impl Iterator<Item = (std::ops::Range<usize>, &'static str)> + '_ {
    let rules = SECRET_RULES.iter().zip(&COMPILED);
    let needed = rules.filter(|(rule, _)| rule.needs.iter().any(|word| text.contains(word)));
    needed.flat_map(|(rule, once)| {
        // A test compiles every pattern.
        let pattern = once.get_or_init(|| Regex::new(rule.pattern).ok()).iter();
        let found = pattern.flat_map(|pattern| pattern.find_iter(text));
        found
            .filter(|found| !is_example(found.as_str()))
            .map(|found| (found.range(), rule.kind))
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
        for rule in SECRET_RULES {
            assert!(Regex::new(rule.pattern).is_ok(), "{}", rule.kind);
            assert!(!rule.pattern.contains(['\n', '\t', '\'']), "{}", rule.kind);
        }
    }

    /// What has the shape has one of the words that are looked for first.
    #[test]
    fn no_shape_is_passed_over() {
        use proptest::strategy::{Strategy as _, ValueTree as _};
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        for rule in SECRET_RULES {
            let pattern = rule.pattern.replace(r"\b", "");
            let strategy = proptest::string::string_regex(&pattern).expect("a pattern");
            for _ in 0..64 {
                let token = strategy.new_tree(&mut runner).expect("a text").current();
                let has_word = rule.needs.iter().any(|word| token.contains(word));
                assert!(has_word, "{}: {token}", rule.kind);
            }
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

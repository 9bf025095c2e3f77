//! Rules about `[terraform]`: versions, the account, files of the user's own.

use super::finding::{Finding, Findings};
use super::identifiers::is_account_id;
use super::rule::{Context, Rule};
use crate::derive::terraform::{AWS_PROVIDER, DISCOURAGED_PROVIDERS, SupportedVersions, TERRAFORM};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "terraform.version-constraint",
        severity: Severity::Error,
        title: "Version constraints are written as Terraform reads them",
        reason: "Terraform: comma-separated conditions of =, !=, >, >=, <, <= or ~> and a version, \
              without a pre-release.",
        run: version_constraint,
    },
    Rule {
        code: "terraform.version-unsupported",
        severity: Severity::Error,
        title: "Version constraints allow a version that the rendered modules support",
        reason: "Write-only arguments keep secrets out of the state. Terraform has them since 1.11, \
              and the AWS provider has those that the modules use since 5.90.",
        run: version_unsupported,
    },
    Rule {
        code: "terraform.provider-advised-against",
        severity: Severity::Warning,
        title: "The AWS provider may be a release that works well",
        reason: "Some releases of the provider fail, or show differences that are none, with what is rendered. 5.100 is what \
              the tests run; from 6.61 on nothing of the kind is known (the provider's changelogs up to 6.64).",
        run: provider_advised_against,
    },
    Rule {
        code: "terraform.account-id",
        severity: Severity::Error,
        title: "The accounts that may be changed are ids of AWS accounts",
        reason: "An AWS account's id has 12 digits. With any other text the provider refuses every plan.",
        run: account_id,
    },
    Rule {
        code: "terraform.own-files",
        severity: Severity::Error,
        title: "The entries of `terraform.own_files` are glob patterns of paths in the root \
                module's folder",
        reason: "`render --check` and `audit` match the patterns against paths such as \
              `extra_dns.tf` or `policies/team.json`. A pattern that leads out of the folder, or \
              that no path can match, declares nothing.",
        run: own_files,
    },
];

/// One condition of a version constraint.
struct Condition<'a> {
    operator: &'a str,
    version: Vec<u64>,
    prerelease: Option<&'a str>,
}

/// Operators, the longer ones first, so that `>=` is not read as `>`.
const OPERATORS: [&str; 7] = ["~>", ">=", "<=", "!=", "=", ">", "<"];

fn conditions(constraint: &str) -> Option<Vec<Condition<'_>>> {
    constraint.split(',').map(condition).collect()
}

/// Reads a condition as both of Terraform's readers do, that of `required_version` and the stricter
/// one of `required_providers`.
fn condition(text: &str) -> Option<Condition<'_>> {
    let text = text.trim_matches(' ');
    let operator = OPERATORS
        .into_iter()
        .find(|operator| text.starts_with(operator))
        .unwrap_or("");
    let version = text[operator.len()..].trim_matches(' ');
    let (release, prerelease) = match version.split_once('-') {
        Some((release, prerelease)) => (release, Some(prerelease)),
        None => (version, None),
    };
    let prerelease_fits = prerelease.is_none_or(|prerelease| {
        prerelease.split('.').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    });
    let numbers: Vec<u64> = release
        .split('.')
        .map(version_number)
        .collect::<Option<_>>()?;
    (prerelease_fits && numbers.len() <= 3).then_some(Condition {
        operator,
        version: numbers,
        prerelease,
    })
}

/// A number of a version: digits alone, and no zero before another digit.
fn version_number(text: &str) -> Option<u64> {
    let is_plain =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let number: i64 = text.parse().ok().filter(|_| is_plain)?;
    u64::try_from(number).ok()
}

impl Condition<'_> {
    fn admits(&self, version: [u64; 3]) -> bool {
        let mut bound = [0; 3];
        for (place, number) in bound.iter_mut().zip(&self.version) {
            *place = *number;
        }
        match self.operator {
            ">=" => version >= bound,
            ">" => version > bound,
            "<=" => version <= bound,
            "<" => version < bound,
            "!=" => version != bound,
            // All but the last number that is written have to be the same.
            "~>" => {
                let same = self.version.len().saturating_sub(1).max(1);
                version >= bound && version[..same] == bound[..same]
            }
            _ => version == bound,
        }
    }
}

/// A key that holds a version constraint, and what the modules need of it.
struct Versioned<'a> {
    key: &'static str,
    constraint: &'a str,
    program: &'static str,
    supported: SupportedVersions,
}

impl Versioned<'_> {
    /// Whether some version that the modules work with is admitted. Minor versions up to 200 are
    /// tried, and every version that the constraint itself names.
    fn is_satisfiable(&self, conditions: &[Condition<'_>]) -> bool {
        let named = conditions.iter().flat_map(|condition| {
            let number = |place: usize| condition.version.get(place).copied().unwrap_or(0);
            let [major, minor, patch] = [number(0), number(1), number(2)];
            [
                [major, minor, patch],
                [major, minor, patch.saturating_add(1)],
            ]
        });
        let majors = self.supported.majors.0..=self.supported.majors.1;
        let usual = majors
            .clone()
            .flat_map(|major| (0..=200).map(move |minor| [major, minor, 0]));
        usual.chain(named).any(|version| {
            version >= self.supported.oldest
                && majors.contains(&version[0])
                && conditions.iter().all(|condition| condition.admits(version))
        })
    }
}

fn versioned<'a>(context: &Context<'a>) -> [Versioned<'a>; 2] {
    let terraform = &context.fleet.terraform;
    [
        Versioned {
            key: "terraform.required_version",
            constraint: &terraform.required_version,
            program: "Terraform",
            supported: TERRAFORM,
        },
        Versioned {
            key: "terraform.aws_provider",
            constraint: &terraform.aws_provider,
            program: "the AWS provider",
            supported: AWS_PROVIDER,
        },
    ]
}

fn version_constraint(context: &Context<'_>, findings: &mut Findings) {
    for versioned in versioned(context) {
        let label = match conditions(versioned.constraint) {
            None => "Terraform cannot read this",
            Some(conditions) if conditions.iter().any(|one| one.prerelease.is_some()) => {
                "names a pre-release, which Terraform does not accept here"
            }
            Some(_) => continue,
        };
        findings.push(
            Finding::new(
                Path::of(versioned.key),
                format!("`{}` is not a version constraint", versioned.constraint),
            )
            .label(label)
            .help("write conditions such as \">= 1.11\" or \">= 5.90, < 7.0\""),
        );
    }
}

fn version_unsupported(context: &Context<'_>, findings: &mut Findings) {
    for versioned in versioned(context) {
        let Some(conditions) = conditions(versioned.constraint) else {
            continue;
        };
        if !versioned.is_satisfiable(&conditions) {
            let [major, minor, _] = versioned.supported.oldest;
            let (_, last) = versioned.supported.majors;
            findings.push(
                Finding::new(
                    Path::of(versioned.key),
                    format!(
                        "the constraint excludes every supported version of {}",
                        versioned.program
                    ),
                )
                .label("excludes every supported version")
                .help(format!(
                    "allow a version from {major}.{minor} on, below {}.0",
                    last + 1
                )),
            );
        }
    }
}

fn provider_advised_against(context: &Context<'_>, findings: &mut Findings) {
    let constraint = &context.fleet.terraform.aws_provider;
    let Some(conditions) = conditions(constraint) else {
        return;
    };
    let (first, last) = AWS_PROVIDER.majors;
    let mut reason = None;
    for version in (first..=last)
        .flat_map(|major| (0..=200).map(move |minor| [major, minor]))
        // Patches of a release are no better than it is.
        .flat_map(|[major, minor]| (0..=2).map(move |patch| [major, minor, patch]))
        .filter(|version| *version >= AWS_PROVIDER.oldest)
        .filter(|version| {
            conditions
                .iter()
                .all(|condition| condition.admits(*version))
        })
    {
        let mut advised = DISCOURAGED_PROVIDERS.iter();
        let Some(against) = advised.find(|against| {
            against.major == version[0] && (against.first..=against.last).contains(&version[1])
        }) else {
            return;
        };
        reason = reason.or(Some(against.reason));
    }
    if let Some(reason) = reason {
        findings.push(
            Finding::new(
                Path::of("terraform.aws_provider"),
                format!("every release that `{constraint}` admits is better passed over"),
            )
            .label(reason)
            .help("admit 5.100, or 6.61 and later: \">= 5.90, < 7.0\" admits both"),
        );
    }
}

fn account_id(context: &Context<'_>, findings: &mut Findings) {
    for (index, id) in context
        .fleet
        .terraform
        .allowed_account_ids
        .iter()
        .enumerate()
    {
        if is_account_id(id) {
            continue;
        }
        findings.push(
            Finding::new(
                Path::of("terraform.allowed_account_ids").index(index),
                format!("`{id}` is not the id of an AWS account"),
            )
            .label("not 12 digits")
            .help("`aws sts get-caller-identity` prints the id"),
        );
    }
}

fn own_files(context: &Context<'_>, findings: &mut Findings) {
    for (index, pattern) in context.fleet.terraform.own_files.iter().enumerate() {
        let Some(problem) = pattern_problem(pattern) else {
            continue;
        };
        findings.push(
            Finding::new(
                Path::of("terraform.own_files").index(index),
                format!("no file of a root module matches `{pattern}`"),
            )
            .label(problem)
            .help(
                "write a pattern relative to the module's folder, such as \"*_override.tf\", \
                 \"extra_*.tf\" or \"policies/\"",
            ),
        );
    }
}

/// Why a pattern matches nothing, if that is so.
fn pattern_problem(pattern: &str) -> Option<String> {
    let folders = pattern.strip_suffix('/').unwrap_or(pattern);
    if pattern.starts_with('/') {
        Some("an absolute path".to_owned())
    } else if pattern.contains('\\') {
        Some("folders are separated by `/`".to_owned())
    } else if folders
        .split('/')
        .any(|part| matches!(part, "" | "." | ".."))
    {
        Some("`.`, `..` and empty folder names match nothing".to_owned())
    } else {
        let error = glob::Pattern::new(folders).err()?;
        Some(format!("not a glob pattern: {}", error.msg))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stay_in_the_folder() {
        for pattern in [
            "*_override.tf",
            "extra/",
            "a/**/b.tf",
            "[ab]?.tf",
            ".hidden",
        ] {
            assert_eq!(pattern_problem(pattern), None, "{pattern}");
        }
        for pattern in [
            "/etc/*", "../x.tf", "a//b", "./a", "", "a\\b", "[a", "a**", "x/../y/",
        ] {
            assert!(pattern_problem(pattern).is_some(), "{pattern}");
        }
    }

    #[test]
    fn constraints_are_read_as_terraform_does() {
        for text in [">= 1.11", "1.11.4", "~> 1.11, != 1.12.0", "=1.12.0", "<2"] {
            assert!(conditions(text).is_some(), "{text}");
        }
        for text in ["", ">=", "1.x", ">= 1.11 < 2", "^1.2", ">= 1.2.3.4", "1.-1"] {
            assert!(conditions(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_last_number_of_a_pessimistic_constraint_may_grow() {
        let admits = |text: &str, version| condition(text).is_some_and(|one| one.admits(version));
        assert!(admits("~> 1.11", [1, 40, 0]) && !admits("~> 1.11", [2, 0, 0]));
        assert!(admits("~> 1.11.2", [1, 11, 9]) && !admits("~> 1.11.2", [1, 12, 0]));
    }
}

//! Rules about the certificates and the package sources that fleet.toml adds to the image.

use super::finding::{Finding, Findings};
use super::https_url::invalid_https_url;
use super::image::is_package_name;
use super::rule::{Context, Rule};
use crate::derive::image_contents::host;
use crate::diagnostic::Severity;
use crate::fleet::AptSource;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "image.ca-certificate",
        severity: Severity::Error,
        title: "A certificate of the image is one certificate in PEM",
        reason: "Every program of the host trusts it. update-ca-certificates(8) reads one certificate from each file, and a \
              private key beside it would be in every instance.",
        run: ca_certificate,
    },
    Rule {
        code: "image.apt-source",
        severity: Severity::Error,
        title: "A package source is at an https:// address, with suites and components",
        reason: "sources.list(5): a suite that does not end with `/` has components, and one that does has none. The words go \
              into apt's configuration, where a blank would begin another one.",
        run: apt_source,
    },
    Rule {
        code: "image.apt-key",
        severity: Severity::Error,
        title: "A package source has the public key that signs it",
        reason: "Whoever controls the server could otherwise put any program into every image, as root. The key is tied to \
              its source, so that it vouches for no other.",
        run: apt_key,
    },
    Rule {
        code: "image.apt-package",
        severity: Severity::Error,
        title: "Packages of a source are named as Debian names them",
        reason: "Debian policy manual, 5.6.1. Other text could be read as an option or a pattern.",
        run: apt_package,
    },
];

/// The lines between the first and the last, without those of a header; nothing where they are not there or where there is
/// anything besides.
fn armoured<'t>(text: &'t str, label: &str) -> Option<Vec<&'t str>> {
    let text = text.trim();
    let body = text.strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let body = body.strip_suffix(&format!("-----END {label}-----"))?;
    let lines = body.lines().map(str::trim);
    Some(lines.filter(|line| !line.is_empty()).collect())
}

fn is_base64(line: &str) -> bool {
    line.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
}

/// Whether a text is one certificate in PEM, with nothing beside it.
pub fn is_certificate(text: &str) -> bool {
    // A certificate is a SEQUENCE of some hundreds of bytes, which base64 begins with these letters.
    armoured(text, "CERTIFICATE").is_some_and(|lines| {
        lines.first().is_some_and(|line| line.starts_with("MII"))
            && lines.iter().all(|line| is_base64(line))
    })
}

/// Whether a text is one public key in `OpenPGP`'s armour, with nothing beside it.
pub fn is_public_key(text: &str) -> bool {
    armoured(text, "PGP PUBLIC KEY BLOCK").is_some_and(|lines| {
        let is_header = |line: &str| line.contains(": ");
        let body: Vec<&str> = lines.into_iter().filter(|line| !is_header(line)).collect();
        // The first packet is a public key: of the old format with tag 6, or of the new one.
        let begins = body.first().is_some_and(|line| {
            ["mD", "mQ", "mI", "mE", "xs", "xj", "xo", "xk", "xm"]
                .iter()
                .any(|start| line.starts_with(start))
        });
        begins && body.iter().all(|line| is_base64(line))
    })
}

fn ca_certificate(context: &Context<'_>, findings: &mut Findings) {
    for (index, declared) in context.fleet.image.ca_certificates.iter().enumerate() {
        if !is_certificate(&declared.certificate) {
            let path = Path::of("image.ca_certificates").index(index);
            findings.push(
                Finding::new(
                    path.key("certificate"),
                    format!("`{}` is not one certificate in PEM", declared.name),
                )
                .label("not one CERTIFICATE block")
                .help("write what `openssl x509 -in FILE` prints, once for each certificate"),
            );
        }
    }
}

fn sources<'a>(context: &Context<'a>) -> impl Iterator<Item = (Path, &'a AptSource)> + use<'a> {
    let sources = context.fleet.image.apt_sources.iter().enumerate();
    sources.map(|(index, source)| (Path::of("image.apt_sources").index(index), source))
}

/// Whether apt takes a text for one suite or one component.
fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/+~".contains(&byte);
    !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_plain)
}

/// Whether a host has the distribution's own packages.
fn is_of_distribution(host: &str) -> bool {
    ["ubuntu.com", "debian.org"]
        .iter()
        .any(|own| host == *own || host.ends_with(&format!(".{own}")))
}

fn apt_source(context: &Context<'_>, findings: &mut Findings) {
    for (path, source) in sources(context) {
        let is_flat = source.suites.iter().any(|suite| suite.ends_with('/'));
        let host = host(&source.uri).unwrap_or_default();
        let (key, problem, help) = if let Some(problem) = invalid_https_url(&source.uri) {
            (
                "uri",
                format!("this is not the address of a package source: {problem}"),
                "write `https://HOST/PATH`, below which the source has its `dists`",
            )
        } else if is_of_distribution(&host.to_ascii_lowercase()) {
            (
                "uri",
                format!("{host} has the distribution's own packages"),
                "name the packages in `image.packages`; the image has the distribution's sources",
            )
        } else if source.suites.is_empty() || !source.suites.iter().all(|it| is_word(it)) {
            (
                "suites",
                "the source has no suite that apt can read".to_owned(),
                "write the suites of its documentation, such as [\"noble\"], or [\"./\"] of a flat source",
            )
        } else if is_flat != source.components.is_empty()
            || !source.components.iter().all(|it| is_word(it))
        {
            (
                "suites",
                "suites and components of the source do not fit together".to_owned(),
                "write components such as [\"main\"], or none where the suite ends with `/`",
            )
        } else {
            continue;
        };
        findings.push(
            Finding::new(path.key(key), problem)
                .label("apt could not use it")
                .help(help),
        );
    }
}

fn apt_key(context: &Context<'_>, findings: &mut Findings) {
    for (path, source) in sources(context) {
        if !is_public_key(&source.key) {
            findings.push(
                Finding::new(
                    path.key("key"),
                    format!("the key of `{}` is not a public key in ASCII armour", source.name),
                )
                .label("not one PGP PUBLIC KEY BLOCK")
                .help("write the .asc that its publisher offers, or what `gpg --armor --export KEY` prints"),
            );
        }
    }
}

fn apt_package(context: &Context<'_>, findings: &mut Findings) {
    for (path, source) in sources(context) {
        for (index, name) in source.packages.iter().enumerate() {
            if !is_package_name(name) {
                findings.push(
                    Finding::new(
                        path.clone().key("packages").index(index),
                        format!("invalid package name `{name}`"),
                    )
                    .label("not the name of a package")
                    .help("use the name that the source's documentation has, without a version"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_one_and_nothing_else() {
        let fine = "\n-----BEGIN CERTIFICATE-----\nMIIBszCC\nAVmg==\n-----END CERTIFICATE-----\n";
        assert!(is_certificate(fine));
        for wrong in [
            String::new(),
            fine.repeat(2),
            format!("{fine}x"),
            fine.replace("CERTIFICATE", "PRIVATE KEY"),
            fine.replace("MII", "AII"),
            fine.replace("AVmg", "$(id)"),
        ] {
            assert!(!is_certificate(&wrong), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_a_public_one() {
        let fine = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: of somebody\n\nmDMEZ\n=abcd\n\
                    -----END PGP PUBLIC KEY BLOCK-----";
        assert!(is_public_key(fine));
        for wrong in [
            String::new(),
            format!("{fine}\n{fine}"),
            fine.replace("PUBLIC", "PRIVATE"),
            fine.replace("mDMEZ", "lFgEZ"),
        ] {
            assert!(!is_public_key(&wrong), "{wrong}");
        }
    }

    #[test]
    fn suites_are_words() {
        assert!(
            ["noble", "stable/updates", "./", "jammy-pgdg"]
                .iter()
                .all(|it| is_word(it))
        );
        assert!(
            ["", "-x", "a b", "a\nTrusted: yes", "[trusted=yes]"]
                .iter()
                .all(|it| !is_word(it))
        );
    }
}

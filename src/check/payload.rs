//! Rules about `[image.payload]`.

use super::backend::is_bucket_name;
use super::finding::{Finding, Findings};
use super::https_url::invalid_https_url;
use super::rule::{Context, Rule};
use crate::derive::payload::{ADSPOWER, AGENT, NODE, PayloadOrigin, RUNTIME, files, origin};
use crate::diagnostic::Severity;
use crate::fleet::{Architecture, PayloadSource};
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "image.payload-source",
        severity: Severity::Error,
        title: "A program of the image is at a path, an https:// or an s3:// address",
        reason: "A bake fetches it. A path is relative to fleet.toml, so that it is the same file on every \
              machine; an address with credentials or a query would be a secret in a reviewed file.",
        run: source,
    },
    Rule {
        code: "image.payload-digest",
        severity: Severity::Error,
        title: "A program that is fetched has its SHA-256",
        reason: "Whoever controls the server, the bucket or the name could otherwise put another program into \
              every image, and the same fleet.toml would make different images.",
        run: digest,
    },
    Rule {
        code: "image.payload-kind",
        severity: Severity::Error,
        title: "A program of the image is what provisioning can install",
        reason: "AdsPower and the CloudWatch agent are installed by apt, so they are packages (.deb). The runtime \
              is unpacked by tar, and the agent is one program that is copied.",
        run: kind,
    },
    Rule {
        code: "image.payload-architecture",
        severity: Severity::Error,
        title: "AdsPower runs on the fleet's architecture",
        reason: "AdsPower publishes its Linux package for x86_64 alone.",
        run: architecture,
    },
    Rule {
        code: "image.secret-exception",
        severity: Severity::Error,
        title: "A file that may look like a secret is named, with a reason",
        reason: "The exception is a file of the image, so its path is absolute and has no pattern: a pattern would also \
              except what nobody has looked at. The reason is for whoever reviews fleet.toml.",
        run: secret_exception,
    },
    Rule {
        code: "image.payload-node",
        severity: Severity::Warning,
        title: "The image brings the Node.js that its runtime needs",
        reason: "Hatchet's SDK and the agent's client need Node.js 20. Ubuntu 24.04 has 18 and Ubuntu 22.04 has 12, so \
              the image would fail its verification.",
        run: node,
    },
];

/// The path in fleet.toml of each declared program, with its name in the image.
fn declared<'f>(
    context: &'f Context<'_>,
) -> impl Iterator<Item = (Path, &'static str, &'f PayloadSource)> {
    files(&context.fleet.image.payload).map(|(name, file)| {
        let key = match name {
            RUNTIME => "runtime",
            AGENT => "agent",
            ADSPOWER => "adspower",
            NODE => "node",
            _ => "cloudwatch_agent",
        };
        (Path::of("image.payload").key(key), name, file)
    })
}

/// What is wrong with a place, if anything is.
fn invalid_source(source: &str) -> Option<String> {
    match origin(source) {
        PayloadOrigin::Https => invalid_https_url(source),
        PayloadOrigin::S3 => invalid_s3_address(source),
        PayloadOrigin::Path => invalid_path(source),
    }
}

fn invalid_s3_address(source: &str) -> Option<String> {
    let mut parts = source.splitn(4, '/').skip(2);
    let (Some(bucket), Some(key)) = (parts.next(), parts.next()) else {
        return Some("it names no object".to_owned());
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!-_.*'()/=+".contains(&byte);
    if !is_bucket_name(bucket) {
        Some(format!("`{bucket}` is not the name of a bucket"))
    } else if key.is_empty() || key.ends_with('/') {
        Some("it names no object".to_owned())
    } else if key.len() > 1024 {
        Some("the key is longer than S3's 1024 bytes".to_owned())
    } else if !key.bytes().all(is_plain) {
        Some("the key has characters that S3 advises against".to_owned())
    } else {
        None
    }
}

fn invalid_path(source: &str) -> Option<String> {
    if source.is_empty() {
        Some("it is empty".to_owned())
    } else if source.contains("://") {
        Some("its scheme is neither https nor s3".to_owned())
    } else if source.starts_with(['/', '~']) {
        Some("the path is not relative to fleet.toml".to_owned())
    } else if source.starts_with('-') || source.chars().any(char::is_control) {
        Some("programs would not take it for a path".to_owned())
    } else if source.len() > 1024 {
        Some("it is longer than 1024 bytes".to_owned())
    } else {
        None
    }
}

fn source(context: &Context<'_>, findings: &mut Findings) {
    for (path, _, file) in declared(context) {
        if let Some(problem) = invalid_source(&file.source) {
            findings.push(
                Finding::new(
                    path.key("source"),
                    format!("this is not a valid source: {problem}"),
                )
                .label("cannot be fetched")
                .help("write a path beside fleet.toml, `https://HOST/PATH` or `s3://BUCKET/KEY`"),
            );
        }
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn digest(context: &Context<'_>, findings: &mut Findings) {
    for (path, name, file) in declared(context) {
        let is_path = origin(&file.source) == PayloadOrigin::Path;
        let is_folder = is_path && name == RUNTIME && !is_archive(&file.source);
        let finding = match &file.sha256 {
            Some(_) if is_folder => Finding::new(
                path.key("sha256"),
                "a folder has no SHA-256",
            )
            .label("of what?")
            .help("remove `sha256`: a bake makes the same archive of the same folder, and names its digest"),
            Some(text) if !is_sha256(text) => {
                Finding::new(path.key("sha256"), "this is not a SHA-256")
                    .label("not 64 lower-case hexadecimal digits")
                    .help("copy it from the publisher, or from `sha256sum FILE` of a file that you have checked")
            }
            None if !is_path => Finding::new(
                path.key("source"),
                "a program that is fetched has no SHA-256",
            )
            .label("anything could be there")
            .help("add `sha256 = \"...\"` beside it, with the digest that its publisher states"),
            _ => continue,
        };
        findings.push(finding);
    }
}

/// Whether a name is one of an archive that tar unpacks.
fn is_archive(source: &str) -> bool {
    const ENDINGS: [&str; 6] = [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.zst", ".tar.bz2"];
    ENDINGS.iter().any(|ending| source.ends_with(ending))
}

fn kind(context: &Context<'_>, findings: &mut Findings) {
    for (path, name, file) in declared(context) {
        let is_path = origin(&file.source) == PayloadOrigin::Path;
        let is_package = file.source.ends_with(".deb");
        let (problem, help) = match name {
            NODE if is_archive(&file.source) => continue,
            NODE => (
                "Node.js is not an archive",
                "name the .tar.xz that nodejs.org offers for Linux",
            ),
            RUNTIME if !is_path && !is_archive(&file.source) => (
                "the runtime is not an archive",
                "name a .tar, .tar.gz, .tar.xz or .tar.zst, or a folder beside fleet.toml",
            ),
            RUNTIME if is_package => (
                "the runtime is not an archive",
                "name its folder or an archive of it; packages are named in `image.packages`",
            ),
            AGENT if is_archive(&file.source) || is_package => (
                "the agent is not one program",
                "unpack it, and name the program `valet-worker` itself",
            ),
            RUNTIME | AGENT => continue,
            _ if is_package => continue,
            _ => (
                "this program is not a Debian package",
                "name the .deb that its publisher offers for Linux",
            ),
        };
        findings.push(
            Finding::new(path.key("source"), problem)
                .label("cannot be installed")
                .help(help),
        );
    }
}

fn architecture(context: &Context<'_>, findings: &mut Findings) {
    let fleet = context.fleet;
    if fleet.instances.architecture == Architecture::Arm64 && fleet.image.payload.adspower.is_some()
    {
        findings.push(
            Finding::new(
                Path::of("image.payload.adspower"),
                "AdsPower does not run on arm64",
            )
            .label("there is no such package")
            .related(
                Path::of("instances.architecture"),
                "the fleet's architecture",
            )
            .help("use x86_64 instance types"),
        );
    }
}

/// What is wrong with the path of an exception, if anything is.
fn invalid_exception(path: &str) -> Option<&'static str> {
    let has_detour = path
        .split('/')
        .skip(1)
        .any(|part| matches!(part, "" | "." | ".."));
    if !path.starts_with('/') {
        Some("it is not absolute")
    } else if has_detour {
        Some("it is not the shortest path of a file")
    } else if path.contains(['*', '?', '[']) || path.chars().any(char::is_control) {
        Some("it is a pattern, or has control characters")
    } else if path.len() > 1024 {
        Some("it is longer than 1024 bytes")
    } else {
        None
    }
}

fn secret_exception(context: &Context<'_>, findings: &mut Findings) {
    let exceptions = context.fleet.image.secret_exceptions.iter();
    for (index, exception) in exceptions.enumerate() {
        let path = Path::of("image.secret_exceptions").index(index);
        if let Some(problem) = invalid_exception(&exception.path) {
            findings.push(
                Finding::new(
                    path.clone().key("path"),
                    format!("this is not a file of the image: {problem}"),
                )
                .label("nothing would be excepted")
                .help("write the path that `verify.sh` prints, such as /opt/valet/runtime/test/key.pem"),
            );
        }
        if exception.reason.trim().is_empty() {
            findings.push(
                Finding::new(path.key("reason"), "the exception has no reason")
                    .label("empty")
                    .help("say why the file holds no secret"),
            );
        }
    }
}

fn node(context: &Context<'_>, findings: &mut Findings) {
    let fleet = context.fleet;
    let payload = &fleet.image.payload;
    let starts_node = fleet.worker.runtime.command.first().map(String::as_str) == Some("node");
    if starts_node && payload.runtime.is_some() && payload.node.is_none() {
        findings.push(
            Finding::new(
                Path::of("image.payload.runtime"),
                "the runtime is started with `node`, and the image brings none",
            )
            .label("needs Node.js 20 or newer")
            .help(
                "add `node = { source = \"https://nodejs.org/dist/vX.Y.Z/node-vX.Y.Z-linux-x64.tar.xz\", \
                 sha256 = \"...\" }` with the digest of its SHASUMS256.txt",
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for fine in [
            "runtime",
            "../browser/dist.tar.gz",
            "https://example.com/a/agent.deb",
            "s3://my-bucket/runtime/1.2.3.tar",
        ] {
            assert_eq!(invalid_source(fine), None, "{fine}");
        }
        for wrong in [
            "",
            "/opt/runtime",
            "~/runtime",
            "-C",
            "a\nb",
            "http://example.com/a.deb",
            "file:///etc/shadow",
            "https://example.com/a.deb?X-Amz-Signature=1",
            "https://user:password@example.com/a.deb",
            "s3://",
            "s3://bucket",
            "s3://bucket/",
            "s3://B/a",
            "s3://my-bucket/a b",
        ] {
            assert!(invalid_source(wrong).is_some(), "{wrong}");
        }
    }
}

//! Rules about the files and the steps that fleet.toml puts into the image.

use std::collections::BTreeSet;

use super::finding::{Finding, Findings};
use super::identifiers::{KEBAB_CASE_HELP, duplicates, is_kebab_case};
use super::rule::{Context, Rule};
use crate::catalog::image_paths::{KEPT_FOLDERS, VOLATILE_FOLDERS, is_of_the_image};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "image.file-path",
        severity: Severity::Error,
        title: "A file of the image has a path that the image keeps",
        reason: "File Hierarchy Standard: what is below /dev, /proc, /run, /sys and /tmp is made at each boot, and homes are \
              people's. Logs and caches are emptied when the image is made.",
        run: file_path,
    },
    Rule {
        code: "image.file-of-image",
        severity: Severity::Error,
        title: "A file of the image is not one that the image writes itself",
        reason: "The hardening controls are in those files, and the checks of the image would refuse it after minutes of \
              work. Most settings can be added in a file of their own beside them.",
        run: file_of_image,
    },
    Rule {
        code: "image.file-twice",
        severity: Severity::Error,
        title: "Every file of the image is declared once",
        reason: "The second one would replace the first. A file cannot be a folder as well. Two paths that differ by the case \
              of their letters are one file where `generated/` is checked out on macOS or Windows.",
        run: file_twice,
    },
    Rule {
        code: "image.file-mode",
        severity: Severity::Error,
        title: "A file of the image gives no rights to everybody",
        reason: "Whatever everybody may write, a page that breaks out of its browser may write too. A program that is \
              set-user-ID gives its owner's rights to everybody.",
        run: file_mode,
    },
    Rule {
        code: "image.file-owner",
        severity: Severity::Error,
        title: "A file of the image belongs to root or to a program of the fleet",
        reason: "These accounts exist in every image when the file is put in place. A step can give it to an account that a \
              package makes.",
        run: file_owner,
    },
    Rule {
        code: "image.text-form",
        severity: Severity::Error,
        title: "A file and a script of the image are text of at most 64 KiB",
        reason: "They are part of fleet.toml and of what people review in `generated/`. Control characters hide what they do \
              in both; what is large or binary belongs into a package or the payload.",
        run: text_form,
    },
    Rule {
        code: "image.part-name",
        severity: Severity::Error,
        title: "Steps, certificates and package sources have plain names, each its own",
        reason: "The names become names of files in the image.",
        run: part_name,
    },
];

/// The most bytes of a file or a script.
const MAX_TEXT_BYTES: usize = 65_536;

/// The longest name of a step, a certificate or a source, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// The longest path of a file, in bytes.
const MAX_PATH_BYTES: usize = 255;

fn of_file(index: usize, key: &str) -> Path {
    Path::of("image.files").index(index).key(key)
}

/// What is wrong with the path of a file, if anything is.
fn invalid_file_path(path: &str) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@=,~".contains(&byte);
    let is_detour = |part: &str| matches!(part, "" | "." | "..");
    if !path.starts_with('/') {
        Some("it is not absolute")
    } else if path.len() > MAX_PATH_BYTES {
        Some("it is longer than 255 bytes")
    } else if path.split('/').skip(1).any(is_detour) {
        Some("it is not the shortest path of a file")
    } else if !path.bytes().all(is_plain) {
        Some("it has other characters than letters, digits and . _ - + @ = , ~")
    } else if path.split('/').any(|part| part.starts_with(".git")) {
        Some("git reads files of this name in `generated/`")
    } else if !KEPT_FOLDERS.iter().any(|folder| path.starts_with(folder)) {
        Some("it is not below /etc, /opt, /srv, /usr or /var")
    } else if VOLATILE_FOLDERS
        .iter()
        .any(|folder| path.starts_with(folder))
    {
        Some("files of this folder are gone when the image is made or started")
    } else {
        None
    }
}

fn file_path(context: &Context<'_>, findings: &mut Findings) {
    for (index, file) in context.fleet.image.files.iter().enumerate() {
        if let Some(problem) = invalid_file_path(&file.path) {
            findings.push(
                Finding::new(
                    of_file(index, "path"),
                    format!("a file of the image cannot be here: {problem}"),
                )
                .label("would not be in the image")
                .help(
                    "write an absolute path such as /etc/orchard/tool.conf or /usr/local/bin/tool",
                ),
            );
        }
    }
}

fn file_of_image(context: &Context<'_>, findings: &mut Findings) {
    for (index, file) in context.fleet.image.files.iter().enumerate() {
        if is_of_the_image(&file.path) {
            findings.push(
                Finding::new(
                    of_file(index, "path"),
                    format!("the image writes `{}` itself", file.path),
                )
                .label("written by the image")
                .help("add a file beside it, such as another one in the same `.d` folder; what this takes from a control, its check refuses"),
            );
        }
    }
}

fn file_twice(context: &Context<'_>, findings: &mut Findings) {
    let files = &context.fleet.image.files;
    let lower: Vec<String> = files
        .iter()
        .map(|it| it.path.to_ascii_lowercase())
        .collect();
    let mut clashes: BTreeSet<(usize, usize)> = duplicates(&lower).into_iter().collect();
    for (index, path) in lower.iter().enumerate() {
        let folder = format!("{path}/");
        let below = lower.iter().position(|other| other.starts_with(&folder));
        clashes.extend(below.map(|other| (index.max(other), index.min(other))));
    }
    for (index, first) in clashes {
        let path = &files[index].path;
        findings.push(
            Finding::new(
                of_file(index, "path"),
                format!("`{path}` is in the place of another file"),
            )
            .label("declared again")
            .related(of_file(first, "path"), "declared here first")
            .help("remove one of them, or give it another path"),
        );
    }
}

fn file_mode(context: &Context<'_>, findings: &mut Findings) {
    for (index, file) in context.fleet.image.files.iter().enumerate() {
        let is_octal =
            file.mode.len() == 4 && file.mode.bytes().all(|it| matches!(it, b'0'..=b'7'));
        let mode = u32::from_str_radix(&file.mode, 8).unwrap_or_default();
        let (problem, label) = if !is_octal {
            ("this is not a file's mode", "not four octal digits")
        } else if mode & 0o7000 != 0 {
            (
                "the file would run with its owner's rights",
                "set-user-ID, set-group-ID or sticky",
            )
        } else if mode & 0o002 != 0 {
            ("everybody could change the file", "writable by others")
        } else if mode & 0o400 == 0 {
            ("its owner could not read the file", "not readable")
        } else {
            continue;
        };
        findings.push(
            Finding::new(of_file(index, "mode"), problem)
                .label(label)
                .help("write \"0644\", \"0755\" for a program, or \"0640\" where others may not read it"),
        );
    }
}

fn file_owner(context: &Context<'_>, findings: &mut Findings) {
    let worker = &context.fleet.worker;
    let known = ["root", &worker.runtime.user, &worker.adspower.user];
    for (index, file) in context.fleet.image.files.iter().enumerate() {
        for (key, name) in [("owner", &file.owner), ("group", &file.group)] {
            if !known.contains(&name.as_str()) {
                findings.push(
                    Finding::new(
                        of_file(index, key),
                        format!("no file of the image can belong to `{name}`"),
                    )
                    .label("an account that may not exist")
                    .help(format!(
                        "use one of {}, or change its owner in a step",
                        known.join(", ")
                    )),
                );
            }
        }
    }
}

fn text_form(context: &Context<'_>, findings: &mut Findings) {
    let image = &context.fleet.image;
    let files = image.files.iter().enumerate();
    let files = files.map(|(index, file)| (of_file(index, "content"), &file.content, false));
    let steps = image.steps.iter().enumerate();
    let steps = steps.map(|(index, step)| {
        let path = Path::of("image.steps").index(index).key("script");
        (path, &step.script, true)
    });
    for (path, text, is_script) in files.chain(steps) {
        let unreadable = text
            .replace("\r\n", "\n")
            .chars()
            .find(|other| other.is_control() && !matches!(other, '\n' | '\t'));
        let (problem, label, help) = if let Some(other) = unreadable {
            (
                "the text has a control character",
                format!("{other:?} is not accepted"),
                "use no other control character than line ends and tabs",
            )
        } else if text.len() > MAX_TEXT_BYTES {
            (
                "the text is too long for fleet.toml",
                format!("{} bytes, at most {MAX_TEXT_BYTES}", text.len()),
                "make a package of it, put it into the runtime's folder, or let a step fetch it with its SHA-256",
            )
        } else if is_script && text.trim().is_empty() {
            (
                "the step does nothing",
                "empty".to_owned(),
                "write what bash should run, or remove the step",
            )
        } else {
            continue;
        };
        findings.push(Finding::new(path, problem).label(label).help(help));
    }
}

fn part_name(context: &Context<'_>, findings: &mut Findings) {
    let image = &context.fleet.image;
    let certificates = image.ca_certificates.iter().map(|it| &it.name).collect();
    let sources = image.apt_sources.iter().map(|it| &it.name).collect();
    let steps = image.steps.iter().map(|it| &it.name).collect();
    let all: [(&str, Vec<&String>); 3] = [
        ("image.ca_certificates", certificates),
        ("image.apt_sources", sources),
        ("image.steps", steps),
    ];
    for (table, names) in all {
        let path = |index: usize| Path::of(table).index(index).key("name");
        for (index, name) in names.iter().enumerate() {
            if !is_kebab_case(name) || name.len() > MAX_NAME_BYTES {
                findings.push(
                    Finding::new(path(index), format!("`{name}` is not a plain name"))
                        .label("not accepted, or longer than 64 bytes")
                        .help(KEBAB_CASE_HELP),
                );
            }
        }
        for (index, first) in duplicates(&names) {
            findings.push(
                Finding::new(path(index), format!("`{}` is declared twice", names[index]))
                    .label("declared again")
                    .related(path(first), "declared here first")
                    .help("give one of them another name"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_files() {
        for fine in [
            "/etc/a.conf",
            "/usr/local/bin/x",
            "/opt/orchard/@x+y=1,2~",
            "/var/lib/x",
        ] {
            assert_eq!(invalid_file_path(fine), None, "{fine}");
        }
        for wrong in [
            "",
            "/",
            "etc/a",
            "/etc/",
            "/etc//a",
            "/etc/./a",
            "/etc/../root/.ssh/a",
            "/etc/a b",
            "/etc/a\nb",
            "/etc/$x",
            "/etc/.gitattributes",
            "/opt/.git/config",
            "/root/.ssh/id",
            "/home/ubuntu/.ssh/authorized_keys",
            "/tmp/x",
            "/run/x",
            "/proc/x",
            "/var/log/x",
            "/var/cache/x",
            "/boot/grub/x",
            "/etc\\a",
            "/etc/a:b",
        ] {
            assert!(invalid_file_path(wrong).is_some(), "{wrong}");
        }
    }
}

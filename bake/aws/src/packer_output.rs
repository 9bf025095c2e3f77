//! What Packer says with `-machine-readable`: one line for each thing that happens.
//!
//! A line is `<seconds since 1970>,<target>,<kind>,<data>...`. Commas and line ends in data are written otherwise, see
//! <https://developer.hashicorp.com/packer/docs/commands#machine-readable-output>.

use std::collections::BTreeMap;

use crate::progress::ProgressEvent;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A step begins.
    Step(String),
    /// What a step, or a program on the build host, says.
    Message(String),
    /// What went wrong, or might have.
    Error(String),
    /// Why the build has failed.
    Failure(String),
    /// The images that were made, by region.
    Images(BTreeMap<String, String>),
}

impl Line {
    /// Reads a line. `None` where it says nothing that somebody wants to know.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.trim_end().splitn(4, ',');
        let (_time, _target, kind) = (fields.next()?, fields.next()?, fields.next()?);
        let data: Vec<String> = fields
            .next()
            .unwrap_or_default()
            .split(',')
            .map(plain)
            .collect();
        match (kind, data.as_slice()) {
            ("ui", [level, text]) => {
                let text = text.trim();
                if text.is_empty() {
                    return None;
                }
                match level.as_str() {
                    "say" => match text.strip_prefix("==> ") {
                        Some(step) => Some(Self::Step(without_source(step).to_owned())),
                        None => Some(Self::Message(text.to_owned())),
                    },
                    "error" => {
                        let text = text.strip_prefix("==> ").unwrap_or(text);
                        Some(Self::Error(without_source(text).to_owned()))
                    }
                    _ => Some(Self::Message(without_source(text).to_owned())),
                }
            }
            ("error", [reason]) => Some(Self::Failure(reason.trim().to_owned())),
            ("artifact", [_, field, images]) if field == "id" => {
                let images = images.split(',').filter_map(|it| it.trim().split_once(':'));
                let images = images.map(|(region, ami)| (region.to_owned(), ami.to_owned()));
                Some(Self::Images(images.collect()))
            }
            _ => None,
        }
    }
}

/// A field, with the characters that the format takes for itself.
fn plain(field: &str) -> String {
    field
        .replace("%!(PACKER_COMMA)", ",")
        .replace("\\r", "")
        .replace("\\n", "\n")
}

/// Without the source that a line is about: there is only one.
fn without_source(text: &str) -> &str {
    match text.split_once(": ") {
        Some((source, rest)) if source.contains('.') && !source.contains(' ') => rest.trim(),
        _ => text,
    }
}

/// How steps are named in the progress. Packer's lines have the same form whether a step begins or a program on the
/// build host says something, so what is not listed belongs to the step before it.
const STEPS: &[(&str, &str)] = &[
    ("Prevalidating", "validate"),
    ("Creating temporary keypair", "key-pair"),
    ("Launching a source", "launch"),
    ("Waiting for instance", "launch"),
    ("Using SSH communicator", "connect"),
    ("Waiting for SSH", "connect"),
    ("Connected to SSH", "connect"),
    ("Uploading", "upload"),
    ("Provisioning with shell script", "provision"),
    ("Downloading", "download"),
    ("Stopping the source instance", "stop"),
    ("Waiting for the instance to stop", "stop"),
    ("Creating AMI tags", "tag"),
    ("Creating snapshot tags", "tag"),
    ("Creating AMI", "image"),
    ("Waiting for AMI", "image"),
    ("Copying", "copy"),
    ("Enabling deprecation", "deprecate"),
    ("Modifying attributes", "attributes"),
    ("Adding tags to AMI", "tag"),
    ("Tagging snapshot", "tag"),
    ("Terminating the source", "terminate"),
    ("Cleaning up", "clean-up"),
    ("No volumes", "clean-up"),
    ("Deleting temporary keypair", "clean-up"),
    ("Running post-processor", "manifest"),
];

/// The steps of a build, each told once when it has ended.
#[derive(Debug, Default)]
pub struct Steps {
    current: Option<&'static str>,
}

impl Steps {
    /// What a line says of the progress.
    pub fn events(&mut self, line: &Line) -> Vec<ProgressEvent> {
        match line {
            Line::Step(text) => {
                let known = STEPS.iter().find(|(begins, _)| text.starts_with(begins));
                let mut events = Vec::new();
                if let Some((_, name)) = known.filter(|(_, name)| self.current != Some(*name)) {
                    events.extend(self.end());
                    self.current = Some(name);
                }
                events.push(ProgressEvent::Shows(text.clone()));
                events
            }
            Line::Message(text) => {
                let last = text.lines().last().unwrap_or_default();
                vec![ProgressEvent::Shows(last.to_owned())]
            }
            Line::Error(_) | Line::Failure(_) | Line::Images(_) => Vec::new(),
        }
    }

    /// The last step has ended.
    pub fn end(&mut self) -> Option<ProgressEvent> {
        let name = self.current.take()?;
        Some(ProgressEvent::Done {
            what: format!("packer/{name}"),
            detail: String::new(),
        })
    }
}

/// The refusal of Session Manager that an error is. Packer tries a session that is refused no second time, and waits
/// out `ssh_timeout` all the same.
#[must_use]
pub fn session_refusal(error: &str) -> Option<&str> {
    let reason = error.strip_prefix("ssm error: ")?;
    if reason.contains("context canceled") {
        return None;
    }
    // In front of it the SDK says which request it was.
    Some(
        reason
            .rsplit_once("api error ")
            .map_or(reason, |(_, it)| it),
    )
}

/// Whether an error is noise of every build that fails.
#[must_use]
pub fn is_noise(error: &str) -> bool {
    error.starts_with("Error terminating SSM Session")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_packer_writes_them() {
        let read = |line: &str| Line::parse(line);
        assert_eq!(
            read("1764400000,,ui,say,==> amazon-ebs.worker: Launching a source AWS instance..."),
            Some(Line::Step("Launching a source AWS instance...".to_owned()))
        );
        assert_eq!(
            read("1764400000,,ui,message,    amazon-ebs.worker: a%!(PACKER_COMMA) b\\nc"),
            Some(Line::Message("a, b\nc".to_owned()))
        );
        assert_eq!(
            read(
                "1764400000,,ui,error,==> amazon-ebs.worker: ssm error: AccessDeniedException: no"
            ),
            Some(Line::Error(
                "ssm error: AccessDeniedException: no".to_owned()
            ))
        );
        assert_eq!(
            read("1,amazon-ebs.worker,error,Script exited"),
            Some(Line::Failure("Script exited".to_owned()))
        );
        let images = [("eu-west-1", "ami-2"), ("us-east-1", "ami-1")];
        let images = images.map(|(region, ami)| (region.to_owned(), ami.to_owned()));
        assert_eq!(
            read(
                "1,amazon-ebs.worker,artifact,0,id,eu-west-1:ami-2%!(PACKER_COMMA)us-east-1:ami-1"
            ),
            Some(Line::Images(BTreeMap::from(images)))
        );
        for other in ["", "1,2", "1,,version,1.15.0", "1,,ui,say,"] {
            assert_eq!(read(other), None, "{other:?}");
        }
    }

    #[test]
    fn each_step_is_told_once_when_it_has_ended() {
        let mut steps = Steps::default();
        let step = |text: &str| Line::Step(text.to_owned());
        let done = |events: Vec<ProgressEvent>| -> Vec<String> {
            let done = events.into_iter().filter_map(|event| match event {
                ProgressEvent::Done { what, .. } => Some(what),
                _ => None,
            });
            done.collect()
        };
        let none: [&str; 0] = [];
        assert_eq!(
            done(steps.events(&step("Launching a source AWS instance..."))),
            none
        );
        assert_eq!(
            done(steps.events(&step("Waiting for instance (i-1) to become ready..."))),
            none
        );
        assert_eq!(
            done(steps.events(&step("Waiting for SSH to become available..."))),
            ["packer/launch"]
        );
        assert_eq!(
            done(steps.events(&step("[1/24] what a program on the host says"))),
            none
        );
        assert_eq!(done(steps.end().into_iter().collect()), ["packer/connect"]);
    }

    #[test]
    fn a_session_that_ends_with_the_build_is_no_refusal() {
        let of_the_sdk = "ssm error: operation error SSM: StartSession, https response error StatusCode: 400, \
                          RequestID: 1, api error AccessDeniedException: no";
        assert_eq!(
            session_refusal(of_the_sdk),
            Some("AccessDeniedException: no")
        );
        assert_eq!(
            session_refusal("ssm error: RequestCanceled: context canceled"),
            None
        );
        assert_eq!(session_refusal("Script exited"), None);
    }
}

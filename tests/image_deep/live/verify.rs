//! What verify.sh says on a host.

use serde_json::Value;

use super::host::Host;

/// What the report of verify.sh says, one line for each control that is concerned.
#[derive(Debug)]
pub struct Verified {
    pub document: Value,
}

impl Verified {
    /// Reads verify.sh's JSON.
    pub fn read(text: &str) -> Self {
        let document = serde_json::from_str(text);
        Self {
            document: document.unwrap_or_else(|error| panic!("{error}: {text}")),
        }
    }

    /// Runs the verify.sh that is seen at this path of a host.
    pub fn on(host: &Host, path: &str, arguments: &[&str]) -> Self {
        let command = [&["bash", path, "--format", "json"], arguments].concat();
        let run = host.run(&command);
        assert!(matches!(run.code, Some(0 | 1)), "{run:#?}");
        Self::read(&run.stdout)
    }

    /// Controls with this result, and what their checks printed.
    pub fn with(&self, result: &str) -> Vec<(&str, &str)> {
        let checks = self.document["checks"].as_array().expect("a list");
        checks
            .iter()
            .filter(|check| check["result"] == result)
            .map(|check| {
                let said = check["output"].as_str().or(check["reason"].as_str());
                (
                    check["control"].as_str().expect("a name"),
                    said.unwrap_or_default(),
                )
            })
            .collect()
    }

    /// What is said of one control.
    pub fn check(&self, control: &str) -> &Value {
        let checks = self.document["checks"].as_array().expect("a list");
        let mut found = checks.iter().filter(|check| check["control"] == control);
        found
            .next()
            .unwrap_or_else(|| panic!("no check of {control}"))
    }

    /// Controls that do not hold.
    pub fn failed(&self) -> Vec<&str> {
        let all = self.with("failed");
        all.into_iter().map(|(control, _)| control).collect()
    }

    /// A figure of the report.
    pub fn count(&self, what: &str) -> u64 {
        self.document[what].as_u64().expect("a count")
    }
}

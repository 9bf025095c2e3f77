//! The codes of what does not fit the types of the language.

use crate::diagnostic::{Explanation, Severity};

pub const SYNTAX: &str = "toml.syntax";
pub const UNKNOWN_KEY: &str = "toml.unknown-key";
pub const TYPE: &str = "toml.type";
pub const MISSING_KEY: &str = "toml.missing-key";
pub const OUT_OF_RANGE: &str = "toml.out-of-range";
pub const UNKNOWN_VALUE: &str = "toml.unknown-value";

/// Why each of them is an error, for the documentation.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: SYNTAX,
        severity: Severity::Error,
        title: "The file is TOML",
        reason: "The file cannot be checked further until it parses as TOML.",
    },
    Explanation {
        code: UNKNOWN_KEY,
        severity: Severity::Error,
        title: "Every key is known",
        reason: "An ignored key would look like a setting that is in force. Most often the key is \
              misspelt.",
    },
    Explanation {
        code: TYPE,
        severity: Severity::Error,
        title: "Every value has its key's type",
        reason: "Nothing is converted silently: `\"5\"` is text and `5` is a number.",
    },
    Explanation {
        code: MISSING_KEY,
        severity: Severity::Error,
        title: "Required keys are present",
        reason: "Only what no safe default exists for is required.",
    },
    Explanation {
        code: OUT_OF_RANGE,
        severity: Severity::Error,
        title: "Every number and list is within its limits",
        reason: "The limits are AWS's own where AWS has one; docs/fleet-toml.md states each.",
    },
    Explanation {
        code: UNKNOWN_VALUE,
        severity: Severity::Error,
        title: "Every enumerated value is one of the allowed values",
        reason: "A key with a fixed set of values accepts no other.",
    },
];

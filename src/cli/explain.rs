//! `valet-gen explain`

use super::exit::usage_error;
use super::{Exit, complete, print};
use crate::catalog::most_similar;
use crate::reference;

pub const EXAMPLES: &str = "\
Examples:
  valet-gen explain instances.few-types
  valet-gen explain                      list every code";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A diagnostic's code; every code is listed when it is left out.
    #[arg(add = complete::codes())]
    code: Option<String>,
}

pub fn run(arguments: &Args) -> Exit {
    let Some(code) = &arguments.code else {
        for explanation in reference::explanations() {
            print::line_to_stdout(format_args!(
                "{:<36} {}",
                explanation.code, explanation.title
            ));
        }
        return Exit::Success;
    };
    if let Some(explanation) = reference::explain(code) {
        print::line_to_stdout(format_args!(
            "{} ({})\n\n{}.\n\n{}",
            explanation.code,
            explanation.severity.as_str(),
            explanation.title,
            explanation.reason
        ));
        return Exit::Success;
    }
    let near = most_similar(
        code,
        reference::explanations().map(|explanation| explanation.code),
    );
    let help = near.map_or_else(
        || "`valet-gen explain` without a code lists all".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    usage_error(&"CODE", &format!("there is no diagnostic `{code}`"), &help)
}

//! `valet-gen explain`

use super::Exit;
use crate::catalog::nearest;
use crate::check;

pub const EXAMPLES: &str = "\
Examples:
  valet-gen explain instances.spot-types-few
  valet-gen explain                            list every code";

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A diagnostic's code; every code is listed when it is left out.
    code: Option<String>,
}

pub fn run(arguments: &Arguments) -> Exit {
    let Some(code) = &arguments.code else {
        for explanation in check::explanations() {
            anstream::println!("{:<36} {}", explanation.code, explanation.title);
        }
        return Exit::Success;
    };
    if let Some(explanation) = check::explain(code) {
        anstream::println!(
            "{} ({})\n\n{}.\n\n{}",
            explanation.code,
            explanation.severity.word(),
            explanation.title,
            explanation.why
        );
        return Exit::Success;
    }
    let near = nearest(
        code,
        check::explanations().map(|explanation| explanation.code),
    );
    let help = near.map_or_else(
        || "run `valet-gen explain` for the list".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    anstream::eprintln!("error: there is no diagnostic `{code}`\n  help: {help}");
    Exit::Findings
}

//! Formats of the library as values of command line options.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::diagnostic::DiagnosticFormat;

impl ValueEnum for DiagnosticFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Human, Self::Json, Self::Sarif, Self::Github]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Human => PossibleValue::new("human").help("Excerpts with carets, for people"),
            Self::Json => PossibleValue::new("json").help("One JSON document, for scripts"),
            Self::Sarif => PossibleValue::new("sarif").help("SARIF 2.1.0, for code scanning"),
            Self::Github => PossibleValue::new("github")
                .help("GitHub Actions workflow commands, for annotations on a pull request"),
        })
    }
}

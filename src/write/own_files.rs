//! Files of the user's own beside the rendered ones, as `terraform.own_files` declares them.

use glob::{MatchOptions, Pattern};

/// Which files of the root modules are the user's own.
#[derive(Clone, Debug, Default)]
pub struct OwnFiles {
    /// A root module's folder, and a pattern of paths below it.
    patterns: Vec<(String, Pattern)>,
}

/// `*` stops at a slash, `**` does not. A leading dot is a character like any other.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

impl OwnFiles {
    /// Declares files of a root module. The folder is relative to the output folder, and the
    /// patterns to the module's. A pattern that ends with a slash stands for the whole folder.
    ///
    /// What is no pattern declares nothing: the rules of `[terraform]` refuse it before.
    pub fn declare(&mut self, module: &str, patterns: &[String]) {
        for pattern in patterns {
            let pattern = match pattern.strip_suffix('/') {
                Some(folder) => format!("{folder}/**"),
                None => pattern.clone(),
            };
            if let Ok(pattern) = Pattern::new(&pattern) {
                self.patterns.push((format!("{module}/"), pattern));
            }
        }
    }

    /// Whether a path, relative to the output folder, is declared.
    #[must_use]
    pub fn declares(&self, path: &str) -> bool {
        self.patterns.iter().any(|(module, pattern)| {
            path.strip_prefix(module.as_str())
                .is_some_and(|below| pattern.matches_with(below, OPTIONS))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_one_module() {
        let mut own = OwnFiles::default();
        let patterns = ["*_override.tf", "extra/", "lib/**/*.tf"].map(str::to_owned);
        own.declare("production/terraform", &patterns);
        let declared = |path: &str| own.declares(path);
        assert!(declared("production/terraform/zz_override.tf"));
        assert!(declared("production/terraform/extra/deep/a.txt"));
        assert!(declared("production/terraform/lib/a.tf"));
        assert!(declared("production/terraform/lib/deep/a.tf"));
        for path in [
            "staging/terraform/zz_override.tf",
            "production/zz_override.tf",
            "production/terraform/deep/zz_override.tf",
            "production/terraform/extra",
            "production/terraform/lib/a.txt",
        ] {
            assert!(!declared(path), "{path}");
        }
    }
}

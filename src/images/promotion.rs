//! Which image an environment may take from another one.

use super::digest::config_sha256;
use crate::render::FileSet;

/// What an image says of itself, by its tags.
#[derive(Clone, Copy, Debug)]
pub struct PromotedImage<'i> {
    /// The environment that it was made for.
    pub environment: &'i str,
    /// The digest of the rendered files that it was made of.
    pub config_sha256: &'i str,
}

/// Why an environment may not launch an image that was made for another one: it would be hardened, and reached, as that one
/// is. `None` where both make the same image, and of the environment's own images, of which `render` warns.
#[must_use]
pub fn other_configuration(
    files: &FileSet,
    environment: &str,
    image: PromotedImage<'_>,
) -> Option<String> {
    if image.environment == environment {
        return None;
    }
    let own = config_sha256(files, environment);
    (own != image.config_sha256).then(|| {
        let short = |digest: &str| digest.chars().take(12).collect::<String>();
        format!(
            "it was made for `{}` of configuration {}…, and `{environment}` makes {}…",
            image.environment,
            short(image.config_sha256),
            short(&own)
        )
    })
}

/// What to do about it.
pub const HELP: &str = "let both environments have the same values of the keys that docs/fleet-toml.md marks as the image's, \
                        or bake an image of this one";

#[cfg(test)]
mod tests {
    use super::*;

    fn files(staging: &str, production: &str) -> FileSet {
        let files = [
            ("staging/image/x.sh", staging),
            ("production/image/x.sh", production),
            ("production/terraform/main.tf", "other"),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        files.into_iter().collect()
    }

    fn of_staging(files: &FileSet) -> Option<String> {
        let digest = config_sha256(files, "staging");
        let image = PromotedImage {
            environment: "staging",
            config_sha256: &digest,
        };
        assert_eq!(other_configuration(files, "staging", image), None);
        other_configuration(files, "production", image)
    }

    #[test]
    fn one_image_goes_where_the_same_one_would_be_made() {
        assert_eq!(of_staging(&files("1", "1")), None);
        let refused = of_staging(&files("1", "2")).expect("refused");
        assert!(
            refused.starts_with("it was made for `staging` of configuration "),
            "{refused}"
        );
        assert!(refused.contains("…, and `production` makes "), "{refused}");
    }

    #[test]
    fn an_image_of_before_comes_back_to_its_own_environment() {
        let image = PromotedImage {
            environment: "production",
            config_sha256: "0",
        };
        assert_eq!(
            other_configuration(&files("1", "2"), "production", image),
            None
        );
    }
}

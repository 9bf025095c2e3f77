//! What fleet.toml makes of an image, as one digest.

use sha2::{Digest as _, Sha256};

use crate::render::FileSet;

/// The folders of an environment's rendering that go into the image.
const IMAGE_FOLDERS: [&str; 2] = ["cloudwatch/", "image/"];

/// The SHA-256 of the files that go into an environment's image, their paths included, in
/// lower-case hexadecimal digits. Two fleets with the same digest make the same image of the same
/// base and payload.
#[must_use]
pub fn config_sha256(files: &FileSet, environment: &str) -> String {
    let mut digest = Sha256::new();
    for (path, text) in image_files(files, environment) {
        for part in [path, text] {
            // With its length in front, no text can run into the next one.
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
    }
    hex::encode(digest.finalize())
}

/// Whether two renderings have the same digest, which equal files say without one.
#[must_use]
pub fn makes_same_image(one: &FileSet, other: &FileSet, environment: &str) -> bool {
    image_files(one, environment).eq(image_files(other, environment))
}

/// The files that go into an environment's image: their paths below its folder, and their texts.
fn image_files<'f>(
    files: &'f FileSet,
    environment: &str,
) -> impl Iterator<Item = (&'f str, &'f str)> {
    files.iter().filter_map(move |(path, text)| {
        let path = path.strip_prefix(environment)?.strip_prefix('/')?;
        let is_of_image = IMAGE_FOLDERS.iter().any(|folder| path.starts_with(folder));
        is_of_image.then_some((path, text.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> FileSet {
        let list = list.iter();
        list.map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn only_what_goes_into_the_image_counts() {
        let own = [("a/image/x.sh", "1"), ("a/cloudwatch/y.json", "2")];
        let digest = config_sha256(&files(&own), "a");
        let others = [("a/terraform/main.tf", "3"), ("b/image/x.sh", "4")];
        assert_eq!(
            config_sha256(&files(&[&own[..], &others].concat()), "a"),
            digest
        );
        for changed in [
            [("a/image/x.sh", "1"), ("a/cloudwatch/y.json", "3")],
            [("a/image/z.sh", "1"), ("a/cloudwatch/y.json", "2")],
            [("a/image/x.sh1", ""), ("a/cloudwatch/y.json", "2")],
        ] {
            assert_ne!(config_sha256(&files(&changed), "a"), digest, "{changed:?}");
        }
    }

    /// Bakes of other versions compare with it, so that it may never change by itself.
    #[test]
    fn it_is_the_same_in_every_version() {
        let digest = config_sha256(&files(&[("a/image/x", "1")]), "a");
        // printf '\7\0\0\0\0\0\0\0image/x\1\0\0\0\0\0\0\0001' | sha256sum
        assert_eq!(
            digest,
            "fb10111a3226d724cfdd1bb12a21e4642c6efd3fdaf5e0004da6b85fa2ed67fc"
        );
    }
}

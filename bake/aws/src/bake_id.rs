//! The id of a bake, which follows from what goes into the image.

use std::fmt;
use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// SHA-256 in lower-case hexadecimal digits.
#[must_use]
pub fn digest_hex(bytes: impl AsRef<[u8]>) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What decides whether two bakes make the same image.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'i> {
    /// `<fleet>-<environment>`.
    pub prefix: &'i str,
    /// As EC2 names it: `x86_64` or `arm64`.
    pub architecture: &'i str,
    pub region: &'i str,
    /// The image that it starts from.
    pub source_ami: &'i str,
    /// SHA-256 of the bundle: rendered files and payload.
    pub bundle_sha256: &'i str,
    /// The rendered requests, or Packer's template: size of the disk, regions, tags.
    pub recipe: &'i Value,
}

/// The id of a bake: `<prefix>-<architecture>-<16 hexadecimal digits>`. The same inputs are the same id,
/// on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BakeId(String);

impl BakeId {
    #[must_use]
    pub fn of(inputs: Inputs<'_>) -> Self {
        let Inputs {
            prefix,
            architecture,
            region,
            source_ami,
            bundle_sha256,
            recipe,
        } = inputs;
        let mut recipe = recipe.clone();
        recipe.sort_all_objects();
        let mut content = String::new();
        let recipe = recipe.to_string();
        for part in [
            prefix,
            architecture,
            region,
            source_ami,
            bundle_sha256,
            &recipe,
        ] {
            // With its length in front, no text can run into the next one.
            let _ = write!(content, "{}:{part}", part.len());
        }
        Self(format!(
            "{prefix}-{architecture}-{}",
            &digest_hex(content)[..16]
        ))
    }

    /// Reads an id that somebody types.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |it: u8| it.is_ascii_alphanumeric() || b"-_".contains(&it);
        let digits = text.rsplit('-').next()?;
        let is_digest = digits.len() == 16
            && digits
                .bytes()
                .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        ((18..=128).contains(&text.len()) && text.bytes().all(allowed) && is_digest)
            .then(|| Self(text.to_owned()))
    }

    /// Whether it is the id of a bake of this `<fleet>-<environment>`. What another one is called may begin so.
    #[must_use]
    pub fn is_of(&self, prefix: &str) -> bool {
        let rest = self.0.strip_prefix(prefix);
        let rest = rest.and_then(|rest| rest.strip_prefix('-'));
        // What it begins with is followed by the architecture and the digest, and by nothing in between.
        rest.and_then(|rest| rest.rsplit_once('-'))
            .is_some_and(|(architecture, _)| matches!(architecture, "x86_64" | "arm64"))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The token of a call, of at most 64 characters: the same call of the same attempt has the same one, so that
    /// AWS answers a repetition with what it answered first.
    #[must_use]
    pub fn client_token(&self, call: &str, attempt: u32) -> String {
        digest_hex(format!("{self}\0{call}\0{attempt}"))
    }
}

impl fmt::Display for BakeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(source_ami: &str, bundle_sha256: &str) -> BakeId {
        BakeId::of(Inputs {
            prefix: "valet-production",
            architecture: "x86_64",
            region: "us-east-1",
            source_ami,
            bundle_sha256,
            recipe: &json!({ "b": 1, "a": 2 }),
        })
    }

    #[test]
    fn the_same_content_is_the_same_id() {
        assert_eq!(id("ami-1", "ab"), id("ami-1", "ab"));
        assert_ne!(id("ami-1", "ab"), id("ami-2", "ab"));
        assert_ne!(id("ami-1", "ab"), id("ami-1a", "b"));
        assert!(
            id("ami-1", "ab")
                .as_str()
                .starts_with("valet-production-x86_64-")
        );
    }

    #[test]
    fn what_is_typed_is_an_id_or_nothing() {
        let id = id("ami-1", "ab");
        assert_eq!(BakeId::parse(id.as_str()), Some(id));
        for other in [
            "",
            "valet",
            "../../etc/passwd-0123456789abcdef",
            "a-0123456789abcdeg",
            "a-0123456789ABCDEF",
            "a b-0123456789abcdef",
        ] {
            assert_eq!(BakeId::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_id_belongs_to_one_environment() {
        let is_of = |id: &str| BakeId::parse(id).expect("an id").is_of("valet-production");
        assert!(is_of("valet-production-x86_64-0123456789abcdef"));
        assert!(is_of("valet-production-arm64-0123456789abcdef"));
        for other in [
            "valet-production-eu-x86_64-0123456789abcdef",
            "valet-productions-x86_64-0123456789abcdef",
            "other-production-x86_64-0123456789abcdef",
            "valet-production-0123456789abcdef",
        ] {
            assert!(!is_of(other), "{other}");
        }
    }

    #[test]
    fn a_token_belongs_to_one_call_of_one_attempt() {
        let id = id("ami-1", "ab");
        assert_eq!(id.client_token("CreateImage", 1).len(), 64);
        assert_ne!(
            id.client_token("CreateImage", 1),
            id.client_token("CreateImage", 2)
        );
        assert_ne!(
            id.client_token("CreateImage", 1),
            id.client_token("CreateImageRecipe", 1)
        );
    }
}

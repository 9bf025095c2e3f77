//! Versions that follow from the content.
//!
//! Image Builder takes three whole numbers for a version and never lets a version's content
//! change. Nobody here counts versions: the numbers are the first 90 bits of the content's
//! SHA-256, 30 bits each, which is as much as Image Builder allows. The same content is the same
//! version, so it is never made twice, and other content is another one. Which came first they do
//! not say, so nothing may ask for the newest (`x.x.x`).

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Image Builder's limit for each number is 2^30 - 1.
const BITS_OF_A_NUMBER: u32 = 30;

/// The version of a request: of all of its members but the version itself and `clientToken`,
/// whatever their order, and of whatever else makes its content.
#[must_use]
pub fn semantic_version(request: &Value, content: &str) -> String {
    let mut request = request.clone();
    if let Some(members) = request.as_object_mut() {
        members.remove("semanticVersion");
        members.remove("clientToken");
    }
    request.sort_all_objects();
    let mut digest = Sha256::new();
    // JSON has no zero byte, so the two cannot run into each other.
    digest.update(request.to_string());
    digest.update([0]);
    digest.update(content);
    let digest = digest.finalize();
    let first = digest.iter().take(16);
    let bits = first.fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let number = |place: u32| {
        let shifted = bits >> (u128::BITS - (place + 1) * BITS_OF_A_NUMBER);
        shifted & ((1 << BITS_OF_A_NUMBER) - 1)
    };
    format!("{}.{}.{}", number(0), number(1), number(2))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_follows_from_the_content_alone() {
        let request = json!({ "name": "a", "tags": { "x": "1", "y": "2" } });
        let version = semantic_version(&request, "content");
        let shuffled = json!({
            "clientToken": "t",
            "tags": { "y": "2", "x": "1" },
            "semanticVersion": "1.2.3",
            "name": "a",
        });
        assert_eq!(semantic_version(&shuffled, "content"), version);
        assert_ne!(semantic_version(&request, "other"), version);
        assert_ne!(
            semantic_version(&json!({ "name": "b" }), "content"),
            version
        );
    }

    /// By hand, from `printf '{"name":"a"}\0b' | sha256sum`.
    #[test]
    fn it_is_the_digest_s_beginning() {
        let version = semantic_version(&json!({ "name": "a" }), "b");
        assert_eq!(version, "184015875.161266960.757314354");
    }
}

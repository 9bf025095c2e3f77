//! Secrets of 256 random bits, of which the database has only the hash.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::problem::{Problem, ProblemKind};

/// The least length of a worker key that people choose.
pub const MIN_KEY_CHARS: usize = 32;

/// A new secret, in base64url.
///
/// # Errors
///
/// When the kernel gives no random bytes.
pub fn new_secret() -> Result<String, Problem> {
    random::<32>().map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// A new id: the prefix and 80 random bits in hexadecimal digits.
///
/// # Errors
///
/// As [`new_secret`].
pub fn new_id(prefix: &str) -> Result<String, Problem> {
    random::<10>().map(|bytes| format!("{prefix}-{}", hex::encode(bytes)))
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], Problem> {
    let mut bytes = [0; BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Problem::from(ProblemKind::Internal))?;
    Ok(bytes)
}

/// What the database has of a secret. The secrets are random, so that no salt and no slow hash is needed, and a lookup
/// by the hash tells nothing about a secret that is not known.
#[must_use]
pub fn hash(secret: &str) -> Vec<u8> {
    hash_bytes(secret.as_bytes())
}

/// The same of what need not be a text.
#[must_use]
pub fn hash_bytes(secret: &[u8]) -> Vec<u8> {
    digest(&SHA256, secret).as_ref().to_vec()
}

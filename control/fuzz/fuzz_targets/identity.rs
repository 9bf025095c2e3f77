//! Bytes of anybody as an instance identity document. Nothing panics, nothing takes long, and whatever is accepted is one of
//! the two documents that AWS signed and that begin the corpus.

#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use libfuzzer_sys::fuzz_target;

#[path = "../../src/identity/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the server uses the rest")]
mod identity;

use identity::{Certificates, verify};

/// The instances of the documents.
const SIGNED: [&str; 2] = ["i-01b940c45fd11fe74", "i-078517ca8a70a1dde"];

std::thread_local! {
    static CERTIFICATES: Certificates = Certificates::published();
}

fuzz_target!(|bytes: &[u8]| {
    CERTIFICATES.with(|certificates| {
        if let Ok(document) = verify(&BASE64_STANDARD.encode(bytes), certificates) {
            assert!(
                SIGNED.contains(&document.instance_id.as_str()),
                "{document:?} is accepted"
            );
        }
    });
});

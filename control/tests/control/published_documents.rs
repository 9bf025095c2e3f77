//! Documents that AWS itself signed, in 2021, for two instances whose owner published them as samples for tests
//! (gravitational/teleport, `lib/auth/join_ec2_test.go`). They are read with AWS's published certificates: nothing here was
//! made by us.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use valet_control::identity::{Certificates, IdentityDocument, InvalidIdentity, verify};

/// Each document with its region, instance, account and launch.
const PUBLISHED: [(&str, &str, &str, &str, &str); 2] = [
    (
        include_str!("../identity/us-west-1.txt"),
        "us-west-1",
        "i-01b940c45fd11fe74",
        "883474662888",
        "2021-09-11T00:14:18Z",
    ),
    (
        include_str!("../identity/us-west-2.txt"),
        "us-west-2",
        "i-078517ca8a70a1dde",
        "278576220453",
        "2021-09-03T21:25:44Z",
    ),
];

fn bytes(document: &str) -> Vec<u8> {
    let base64: String = document.split_whitespace().collect();
    STANDARD.decode(base64).expect("base64")
}

fn read(bytes: &[u8]) -> Result<IdentityDocument, InvalidIdentity> {
    static PINNED: LazyLock<Certificates> = LazyLock::new(Certificates::published);
    verify(&STANDARD.encode(bytes), &PINNED)
}

#[test]
fn what_aws_signed_is_accepted_as_it_stands() {
    for (text, region, instance, account, launched) in PUBLISHED {
        let document = verify(text, &Certificates::published()).expect("AWS signed it");
        assert_eq!(
            (
                document.region.as_str(),
                document.instance_id.as_str(),
                document.account_id.as_str()
            ),
            (region, instance, account)
        );
        assert_eq!(document.pending_time.to_string(), launched);
    }
}

/// The region that a document names decides whose certificate counts, and the name is signed.
#[test]
fn the_certificate_of_another_region_proves_nothing() {
    let [west_1, west_2] = PUBLISHED;
    let moved = |bytes: &[u8], from: &str, to: &str| {
        let at = bytes
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .expect("it is there");
        let mut moved = bytes.to_vec();
        moved[at..at + to.len()].copy_from_slice(to.as_bytes());
        moved
    };
    let region = |name: &str| format!("\"region\" : \"{name}\"");
    for (from, to) in [(west_1, west_2), (west_2, west_1)] {
        let bytes = moved(&bytes(from.0), &region(from.1), &region(to.1));
        assert_eq!(read(&bytes), Err(InvalidIdentity::Attributes));
    }
    // The signature of one under the content of the other.
    let (one, other) = (bytes(west_1.0), bytes(west_2.0));
    let mut mixed = one.clone();
    let signature = 256;
    // Behind it stand the ends of the open elements.
    let end = |bytes: &[u8]| bytes.len() - 6;
    mixed[end(&one) - signature..end(&one)]
        .copy_from_slice(&other[end(&other) - signature..end(&other)]);
    assert_eq!(read(&mixed), Err(InvalidIdentity::Signature));
}

#[test]
fn nothing_cut_off_or_changed_is_accepted_as_another_document() {
    for (text, ..) in PUBLISHED {
        let bytes = bytes(text);
        let original = read(&bytes).expect("AWS signed it");
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length} bytes");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            // What is not signed, such as the signer's name, may differ; what is read may not.
            if let Ok(document) = read(&changed) {
                assert_eq!(document, original, "byte {at}");
            }
        }
    }
}

//! Who an instance is: documents that OpenSSL has signed in AWS's form, and those that somebody forged.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use valet_control::identity::{Certificates, InvalidIdentity, verify};
use valet_test_kit::identity::{ACCOUNT, Signer, document};
use valet_test_kit::imds::Instance;

use crate::support::{REGION, make_signer, signer};

fn pinned(signer: &Signer, region: &str) -> Certificates {
    let mut certificates = Certificates::published();
    let pem = std::fs::read_to_string(signer.certificate()).expect("it was made");
    certificates.pin(region, &pem).expect("a certificate");
    certificates
}

fn text() -> String {
    document(&Instance::default(), Timestamp::now())
}

fn signed(options: &[&str]) -> String {
    signer().sign(&text(), options).expect("it is signed")
}

#[test]
fn what_openssl_signs_in_aws_form_is_read_from_the_signed_bytes() {
    let certificates = pinned(signer(), REGION);
    let document = verify(&signed(&["-nocerts"]), &certificates).expect("it is valid");
    let instance = Instance::default();
    assert_eq!(
        (
            document.instance_id,
            document.account_id,
            document.instance_type,
            document.availability_zone
        ),
        (
            instance.id,
            ACCOUNT.to_owned(),
            instance.kind,
            instance.zone
        )
    );
    // In lines, as the metadata service has it, and in DER.
    let lines = signed(&["-nocerts"])
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
        .collect::<String>();
    verify(&lines, &certificates).expect("lines are joined");
}

#[test]
fn only_the_region_s_pinned_certificate_counts() {
    let forger = make_signer("forger");
    let forged = forger.sign(&text(), &[]).expect("it is signed");
    // Its own certificate is embedded, and proves nothing.
    assert_eq!(
        verify(&forged, &pinned(signer(), REGION)),
        Err(InvalidIdentity::Signature)
    );
    assert_eq!(
        verify(&signed(&[]), &Certificates::published()),
        Err(InvalidIdentity::Signature)
    );
    // The same key is pinned, but for another region.
    assert_eq!(
        verify(&signed(&[]), &pinned(signer(), "eu-west-1")),
        Err(InvalidIdentity::Signature)
    );
    let elsewhere = Instance {
        region: "xx-nowhere-1".to_owned(),
        ..Instance::default()
    };
    let unknown = signer()
        .rsa2048(&elsewhere, Timestamp::now())
        .expect("it is signed");
    assert_eq!(
        verify(&unknown, &pinned(signer(), REGION)),
        Err(InvalidIdentity::UnknownRegion("xx-nowhere-1".to_owned()))
    );
}

#[test]
fn two_signers_other_digests_and_missing_attributes_are_refused() {
    let certificates = pinned(signer(), REGION);
    let forger = make_signer("second");
    let (key, certificate) = (forger.key(), forger.certificate());
    let second = [
        "-signer",
        certificate.to_str().expect("UTF-8"),
        "-inkey",
        key.to_str().expect("UTF-8"),
    ];
    assert_eq!(
        verify(&signed(&second), &certificates),
        Err(InvalidIdentity::Signers(2))
    );
    assert_eq!(
        verify(&signed(&["-md", "sha1"]), &certificates),
        Err(InvalidIdentity::Algorithm)
    );
    assert_eq!(
        verify(&signed(&["-noattr"]), &certificates),
        Err(InvalidIdentity::Attributes)
    );
}

#[test]
fn a_changed_document_is_refused() {
    let certificates = pinned(signer(), REGION);
    let bytes = STANDARD.decode(signed(&["-nocerts"])).expect("base64");
    let id = Instance::default().id;
    let at = bytes
        .windows(id.len())
        .position(|window| window == id.as_bytes())
        .expect("it is there");
    let mut changed = bytes.clone();
    changed[at + 4] ^= 1;
    assert_eq!(
        verify(&STANDARD.encode(changed), &certificates),
        Err(InvalidIdentity::Attributes)
    );
}

#[test]
fn no_truncation_and_no_flipped_bit_is_accepted_or_panics() {
    let certificates = pinned(signer(), REGION);
    let bytes = STANDARD.decode(signed(&["-nocerts"])).expect("base64");
    let original = verify(&STANDARD.encode(&bytes), &certificates).expect("it is valid");
    for length in 0..bytes.len() {
        assert!(
            verify(&STANDARD.encode(&bytes[..length]), &certificates).is_err(),
            "{length}"
        );
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            // What is not signed, such as the signer's name, may differ; what is read may not.
            if let Ok(document) = verify(&STANDARD.encode(changed), &certificates) {
                assert_eq!(document, original, "byte {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn what_is_no_document_says_why() {
    let certificates = pinned(signer(), REGION);
    let told = |text: &str| {
        verify(text, &certificates)
            .expect_err("it is not valid")
            .to_string()
    };
    assert_eq!(told("%"), "it is not base64");
    assert_eq!(
        told(""),
        "it is not PKCS #7 signed data: it is cut off, or nested too deeply"
    );
    assert_eq!(
        told(&"A".repeat(10_000)),
        "it has more than 8192 characters"
    );
    let nested = STANDARD.encode([0x30, 0x80].repeat(3000));
    assert_eq!(
        told(&nested),
        "it is not PKCS #7 signed data: it is cut off, or nested too deeply"
    );
    let hostile = text().replace("i-0123456789abcdef0", "i-<script>");
    let hostile = signer()
        .sign(&hostile, &["-nocerts"])
        .expect("it is signed");
    assert_eq!(
        told(&hostile),
        "the signed bytes are not an instance identity document: `instanceId` has characters that AWS does not use there"
    );
}

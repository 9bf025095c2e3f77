//! The signature: PKCS #7 (CMS signed data, RFC 5652) in BER with indefinite lengths, as AWS writes it.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rasn::types::{ObjectIdentifier, Oid, SetOf};
use rasn_cms::{
    CONTENT_DATA, CONTENT_SIGNED_DATA, CONTENT_TYPE, ContentInfo, MESSAGE_DIGEST, SignedData,
    SignerInfo,
};
use rasn_pkix::Attribute;
use ring::digest::{SHA256, digest};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::ber;

/// The most characters of a document in base64. AWS's have about 2,000.
const MAX_CHARS: usize = 8 * 1024;

/// SHA-256, 2.16.840.1.101.3.4.2.1.
const SHA_256: &[u32] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];
/// RSA by PKCS #1 version 1.5, 1.2.840.113549.1.1.1; the digest is named apart from it.
const RSA: &[u32] = &[1, 2, 840, 113_549, 1, 1, 1];
/// The same with SHA-256, 1.2.840.113549.1.1.11.
const RSA_WITH_SHA_256: &[u32] = &[1, 2, 840, 113_549, 1, 1, 11];

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a document does not prove who an instance is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentity {
    #[error("it has more than {MAX_CHARS} characters")]
    TooLong,
    #[error("it is not base64")]
    Base64,
    #[error("it is not PKCS #7 signed data: {0}")]
    Structure(String),
    #[error("it has {0} signers instead of one")]
    Signers(usize),
    #[error("it is signed by another algorithm than RSA with SHA-256")]
    Algorithm,
    #[error("its signed attributes do not say that they belong to this document")]
    Attributes,
    #[error("the signed bytes are not an instance identity document: {0}")]
    Document(String),
    #[error(
        "no certificate of the region `{0}` is known; pin it with `identity.certificates` in control.toml"
    )]
    UnknownRegion(String),
    #[error("the signature is not that of the region's certificate")]
    Signature,
}

/// Signed data of one signer, not verified yet.
pub struct Signed {
    content: Vec<u8>,
    attributes: SetOf<Attribute>,
    signature: Vec<u8>,
}

/// Reads the structure.
///
/// # Errors
///
/// When it is not signed data with one signer by RSA and SHA-256.
pub fn parse(rsa2048: &str) -> Result<Signed, InvalidIdentity> {
    if rsa2048.len() > MAX_CHARS {
        return Err(InvalidIdentity::TooLong);
    }
    let base64: String = rsa2048.split_ascii_whitespace().collect();
    let bytes = BASE64.decode(base64).map_err(|_| InvalidIdentity::Base64)?;
    if !ber::is_shallow(&bytes) {
        return Err(structure("it is cut off, or nested too deeply"));
    }
    let info: ContentInfo = rasn::ber::decode(&bytes).map_err(structure)?;
    if !is(&info.content_type, CONTENT_SIGNED_DATA) {
        return Err(structure("it is another type of content"));
    }
    let data: SignedData = rasn::ber::decode(info.content.as_bytes()).map_err(structure)?;
    if !is(&data.encap_content_info.content_type, CONTENT_DATA) {
        return Err(structure("what is signed is not plain data"));
    }
    let content = data.encap_content_info.content;
    let content = content.ok_or_else(|| structure("the signed bytes are missing"))?;
    let signers: Vec<&SignerInfo> = data.signer_infos.to_vec();
    let [signer] = signers.as_slice() else {
        return Err(InvalidIdentity::Signers(signers.len()));
    };
    let algorithm = &signer.signature_algorithm.algorithm;
    if signer.digest_algorithm.algorithm[..] != *SHA_256
        || (algorithm[..] != *RSA && algorithm[..] != *RSA_WITH_SHA_256)
    {
        return Err(InvalidIdentity::Algorithm);
    }
    Ok(Signed {
        content: content.to_vec(),
        attributes: signer
            .signed_attrs
            .clone()
            .ok_or(InvalidIdentity::Attributes)?,
        signature: signer.signature.to_vec(),
    })
}

impl Signed {
    /// The bytes that are signed, if [`Signed::verify`] succeeds.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Verifies it with a public key: the attributes are signed, and they have the content's digest.
    ///
    /// # Errors
    ///
    /// When either does not hold.
    pub fn verify(&self, key: &[u8]) -> Result<(), InvalidIdentity> {
        let of_type =
            rasn::der::encode(&ObjectIdentifier::from(CONTENT_DATA)).map_err(structure)?;
        let mut of_digest = vec![0x04, 0x20];
        of_digest.extend_from_slice(digest(&SHA256, &self.content).as_ref());
        if self.only_value(CONTENT_TYPE) != Some(&of_type)
            || self.only_value(MESSAGE_DIGEST) != Some(&of_digest)
        {
            return Err(InvalidIdentity::Attributes);
        }
        let signed = rasn::der::encode(&self.attributes).map_err(structure)?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
            .verify(&signed, &self.signature)
            .map_err(|_| InvalidIdentity::Signature)
    }

    /// The value of an attribute that stands there once and has one value.
    fn only_value(&self, name: &Oid) -> Option<&[u8]> {
        let attributes = self.attributes.to_vec();
        let mut named = attributes
            .into_iter()
            .filter(|attribute| is(&attribute.r#type, name));
        let attribute = named.next().filter(|_| named.next().is_none())?;
        match attribute.values.to_vec().as_slice() {
            [value] => Some(value.as_bytes()),
            _ => None,
        }
    }
}

fn is(identifier: &ObjectIdentifier, name: &Oid) -> bool {
    identifier[..] == name[..]
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is a function for map_err"
)]
fn structure(error: impl ToString) -> InvalidIdentity {
    InvalidIdentity::Structure(error.to_string())
}

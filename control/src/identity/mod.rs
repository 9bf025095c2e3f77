//! Who an instance is: AWS's signed identity document.

mod ber;
mod certificates;
mod document;
mod signature;

pub use certificates::{CertificateError, Certificates};
pub use document::IdentityDocument;
pub use signature::InvalidIdentity;

/// Verifies a document as the metadata service gives it at `/latest/dynamic/instance-identity/rsa2048`, and reads it.
/// Everything is read from the signed bytes.
///
/// # Errors
///
/// When it is not one that AWS signed for the region that it names.
pub fn verify(
    rsa2048: &str,
    certificates: &Certificates,
) -> Result<IdentityDocument, InvalidIdentity> {
    let signed = signature::parse(rsa2048)?;
    let document = IdentityDocument::parse(signed.content())?;
    let key = certificates
        .key(&document.region)
        .ok_or_else(|| InvalidIdentity::UnknownRegion(document.region.clone()))?;
    signed.verify(key)?;
    Ok(document)
}

//! AWS's certificates, one for each region, which are pinned: a certificate that a document brings along proves nothing.
//!
//! Source: "AWS public certificates for instance identity document signatures" in the EC2 user guide, RSA-2048.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rasn_pkix::Certificate;

/// What AWS has published.
const PUBLISHED: &str = include_str!("regions.pem");

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The public keys, by region. Clones share them: whatever answers a request has a clone.
#[derive(Clone)]
pub struct Certificates {
    keys: Arc<BTreeMap<String, Vec<u8>>>,
}

/// Why a certificate cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("it is not PEM with one certificate")]
    Pem,
    #[error("it is not an X.509 certificate: {0}")]
    Der(String),
}

impl Certificates {
    /// Those that AWS has published.
    ///
    /// # Panics
    ///
    /// Never: a test reads each of them.
    #[must_use]
    pub fn published() -> Self {
        let mut certificates = Self {
            keys: Arc::default(),
        };
        for part in PUBLISHED.split("# ").skip(1) {
            let (region, pem) = part.split_once('\n').expect("a region and its certificate");
            certificates.pin(region, pem).expect("a certificate of AWS");
        }
        certificates
    }

    /// Pins a region's certificate, instead of the published one where there is one.
    ///
    /// # Errors
    ///
    /// When it is not PEM with a certificate.
    pub fn pin(&mut self, region: &str, pem: &str) -> Result<(), CertificateError> {
        let base64 = pem
            .split_once(BEGIN)
            .and_then(|(_, rest)| rest.split_once(END))
            .map(|(base64, _)| base64.split_whitespace().collect::<String>())
            .ok_or(CertificateError::Pem)?;
        let der = BASE64_STANDARD
            .decode(base64)
            .map_err(|_| CertificateError::Pem)?;
        let certificate: Certificate =
            rasn::der::decode(&der).map_err(|error| CertificateError::Der(error.to_string()))?;
        let key = certificate
            .tbs_certificate
            .subject_public_key_info
            .subject_public_key;
        Arc::make_mut(&mut self.keys).insert(region.to_owned(), key.into_vec());
        Ok(())
    }

    /// The key that signs in this region.
    #[must_use]
    pub fn key(&self, region: &str) -> Option<&[u8]> {
        self.keys.get(region).map(Vec::as_slice)
    }

    /// The regions whose certificates are known.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_certificate_has_a_key_of_its_own() {
        let certificates = Certificates::published();
        let keys: std::collections::BTreeSet<_> = certificates.keys.values().collect();
        assert_eq!((certificates.keys.len(), keys.len()), (31, 31));
        // An RSA key of 2048 bits.
        assert!(keys.iter().all(|key| key.len() == 270));
        assert!(
            certificates
                .regions()
                .any(|region| region == "eu-central-1")
        );
    }
}

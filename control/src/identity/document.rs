//! What the document says.

use jiff::Timestamp;
use serde::Deserialize;

use super::InvalidIdentity;

/// The fields that the registry needs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityDocument {
    pub account_id: String,
    pub region: String,
    pub availability_zone: String,
    pub instance_id: String,
    pub instance_type: String,
    pub image_id: String,
    /// When the instance was launched, or last started.
    pub pending_time: Timestamp,
}

/// The most characters of a field. Ids of AWS have at most 19, regions and types not many more.
const MAX_FIELD_CHARS: usize = 64;

impl IdentityDocument {
    /// Reads the signed bytes.
    ///
    /// # Errors
    ///
    /// When they are not a document, or a field is not as AWS writes it.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidIdentity> {
        let document: Self = serde_json::from_slice(bytes)
            .map_err(|error| InvalidIdentity::Document(error.to_string()))?;
        let fields = [
            ("accountId", &document.account_id),
            ("region", &document.region),
            ("availabilityZone", &document.availability_zone),
            ("instanceId", &document.instance_id),
            ("instanceType", &document.instance_type),
            ("imageId", &document.image_id),
        ];
        let is_plain = |text: &str| {
            (1..=MAX_FIELD_CHARS).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        let odd = fields
            .into_iter()
            .find(|(_, value)| !is_plain(value))
            .map(|(name, _)| name);
        match odd {
            Some(name) => Err(InvalidIdentity::Document(format!(
                "`{name}` has characters that AWS does not use there"
            ))),
            None => Ok(document),
        }
    }
}

//! Who this instance is.

/// Who this instance is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub instance_id: String,
    pub instance_type: String,
    /// The availability zone.
    pub zone: String,
    /// `spot`, `on-demand`, `scheduled` or `capacity-block`.
    pub lifecycle: String,
    /// The Auto Scaling group: the instance's tag where the launch template shows tags, else the
    /// configuration's.
    pub group: String,
    /// The instance identity document and AWS's signature of it (PKCS #7), by which the Valet API
    /// can tell this instance from one that only knows the key.
    pub document: String,
    pub signature: String,
    /// The document with AWS's signature by RSA 2048 and SHA-256 (PKCS #7), by which the instance enrols with
    /// a control plane. Nothing where the metadata service has none.
    pub rsa2048: Option<String>,
}

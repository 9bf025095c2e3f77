//! `[[instances.volumes]]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bounded, VolumeIops, VolumeThroughput, VolumeType};

/// A volume of every instance besides the root volume. It is made empty with the instance and deleted with it, and
/// encrypted with the root volume's key.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataVolume {
    /// The name that EC2 knows it by, from `/dev/sdf` to `/dev/sdp`.
    pub device_name: String,

    /// The kind of EBS volume.
    #[serde(default = "DataVolume::volume_type_default")]
    pub volume_type: VolumeType,

    /// Its size in GiB.
    pub volume_size: Bounded<1, 16384>,

    /// Whether it is encrypted; it has to be.
    #[serde(default = "DataVolume::encrypted_default")]
    pub encrypted: bool,

    /// Input and output operations per second, 3000 to 16000; the volume type's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iops: Option<VolumeIops>,

    /// Throughput in MiB per second, 125 to 1000; the volume type's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput: Option<VolumeThroughput>,

    /// Where it is mounted with an ext4 file system that belongs to the runtime's user: a folder below `/mnt` or `/srv`.
    /// Without it the volume stays raw.
    ///
    /// cloud-init finds the volume by its device name, for which the image needs the package `amazon-ec2-utils`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<String>,
}

impl DataVolume {
    fn volume_type_default() -> VolumeType {
        VolumeType::Gp3
    }

    fn encrypted_default() -> bool {
        true
    }
}

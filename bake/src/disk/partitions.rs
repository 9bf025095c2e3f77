//! Where what lies on the disk.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Bytes of a sector, as the partition table counts them.
const SECTOR: u64 = 512;

const MEBIBYTE: u64 = 1 << 20;
const GIBIBYTE: u64 = 1 << 30;

/// Where the first partition begins, and what the second copy of the table may take at the end.
const MARGIN: u64 = MEBIBYTE;

/// What the firmware reads: a boot loader, a kernel and its first root file system, twice over.
const ESP: u64 = 300 * MEBIBYTE;

/// The smallest volume that an instance of Ubuntu's or Debian's own image is given.
const SMALLEST_ROOT: u64 = 8 * GIBIBYTE;

/// The types of partitions: <https://uefi.org/specs/UEFI/2.10/05_GUID_Partition_Table_Format.html>
/// and <https://uapi-group.org/specifications/specs/discoverable_partitions_specification/>.
const ESP_TYPE: &str = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
const ROOT_TYPE: &str = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709";

/// A part of the disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    pub begin: u64,
    pub size: u64,
}

/// The whole disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub esp: Partition,
    pub root: Partition,
    /// Ids that tell what the disk is made of, and are the same whenever it is made of it.
    pub disk_id: String,
    pub esp_id: String,
    pub root_id: String,
}

impl Layout {
    /// A disk with sandbox for so many bytes of files, and as much again.
    #[must_use]
    pub fn new(content_key: &str, content: u64) -> Self {
        let esp = Partition {
            begin: MARGIN,
            size: ESP,
        };
        let root = Partition {
            begin: esp.begin + esp.size,
            size: (2 * content).next_multiple_of(GIBIBYTE).max(SMALLEST_ROOT),
        };
        Self {
            esp,
            root,
            disk_id: id(content_key, "disk"),
            esp_id: id(content_key, "esp"),
            root_id: id(content_key, "root"),
        }
    }

    /// Bytes of the whole disk.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.root.begin + self.root.size + MARGIN
    }

    /// What sfdisk makes the partition table of.
    #[must_use]
    pub fn script(&self) -> String {
        let mut script = format!("label: gpt\nlabel-id: {}\nunit: sectors\n", self.disk_id);
        for (partition, kind, id, name) in [
            (self.esp, ESP_TYPE, &self.esp_id, "esp"),
            (self.root, ROOT_TYPE, &self.root_id, "root"),
        ] {
            let (start, size) = (partition.begin / SECTOR, partition.size / SECTOR);
            let _ = writeln!(
                script,
                "start={start}, size={size}, type={kind}, uuid={id}, name={name}"
            );
        }
        script
    }

    /// The serial number of the ESP's file system, as mkfs.vfat takes it.
    #[must_use]
    pub fn esp_serial(&self) -> String {
        self.esp_id.chars().take(8).collect()
    }
}

/// A UUID of version 8, which is somebody's own: RFC 9562, section 5.8.
fn id(content_key: &str, what: &str) -> String {
    let digest = Sha256::new().chain_update(content_key).chain_update(what);
    let mut bytes: [u8; 16] = [0; 16];
    bytes.copy_from_slice(&digest.finalize()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex::encode(bytes);
    let ends = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    ends.map(|(from, to)| &hex[from..to]).join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_begins_at_a_mebibyte_and_has_room() {
        for content in [0, 900_000_000, 5_000_000_000] {
            let layout = Layout::new("x", content);
            assert!(layout.root.size >= 2 * content, "{layout:?}");
            for edge in [layout.esp.begin, layout.root.begin, layout.size()] {
                assert_eq!(edge % MEBIBYTE, 0, "{layout:?}");
            }
        }
        assert_eq!(Layout::new("x", 0).root.size, SMALLEST_ROOT);
        assert_eq!(Layout::new("x", 5_000_000_000).root.size, 10 * GIBIBYTE);
    }

    #[test]
    fn the_same_content_has_the_same_ids() {
        let layout = Layout::new("image-1", 0);
        assert_eq!(layout, Layout::new("image-1", 0));
        let other = Layout::new("image-2", 0);
        assert_ne!(layout.root_id, other.root_id);
        assert_ne!(layout.root_id, layout.esp_id);
        assert_eq!(layout.root_id.len(), 36);
        assert_eq!(&layout.root_id[14..15], "8");
    }

    #[test]
    fn sfdisk_is_told_every_place_and_id() {
        let layout = Layout {
            disk_id: "D".to_owned(),
            esp_id: "E".to_owned(),
            root_id: "R".to_owned(),
            ..Layout::new("x", 0)
        };
        assert_eq!(
            layout.script(),
            "label: gpt\nlabel-id: D\nunit: sectors\n\
             start=2048, size=614400, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=E, name=esp\n\
             start=616448, size=16777216, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, uuid=R, name=root\n"
        );
    }
}

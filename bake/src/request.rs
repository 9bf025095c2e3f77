//! What a bake is asked for.

use std::path::Path;

use crate::base::BaseRequest;
use crate::image_dir::Files;

/// What is baked, from what, and where the results go.
#[derive(Clone, Copy, Debug)]
pub struct BakeRequest<'o> {
    pub environment: &'o str,
    /// The suite of fleet.toml's base.
    pub fleet_suite: &'o str,
    /// Debian's name of the architecture.
    pub architecture: &'o str,
    /// The rendered files of the image.
    pub files: &'o Files,
    /// Another suite.
    pub suite: Option<&'o str>,
    /// Another archive.
    pub mirror: Option<&'o str>,
    /// Keys of the archive, where they are not in their usual place.
    pub keyring: Option<&'o Path>,
    /// Binaries that are no part of the rendering.
    pub payload: Option<&'o Path>,
    /// Whether the image may be made without some of them.
    pub without_payload: bool,
    /// Whether the root file system is copied to a folder of its own.
    pub export_rootfs: bool,
    /// Whether a disk is made of it.
    pub with_disk: bool,
    /// The folder of the benchmarks, where the image and its base are audited.
    pub scan_content: Option<&'o Path>,
    /// The folder for the results.
    pub out: &'o Path,
    pub cache: &'o Path,
}

impl<'o> BakeRequest<'o> {
    /// The part of it that decides the base root file system.
    pub(crate) fn base(&self) -> BaseRequest<'o> {
        BaseRequest {
            suite: self.suite,
            fleet_suite: self.fleet_suite,
            architecture: self.architecture,
            mirror: self.mirror,
            keyring: self.keyring,
        }
    }
}

//! The image that these tests share.

pub use test_support::image::*;

/// The image, or nothing where it cannot be made.
pub fn baked() -> Option<&'static Baked> {
    shared(Scan::No)
}

//! Which keys shape the image. All others come to a host with its instance's user data, or concern AWS alone.

/// Tables and keys that the rendered files of the image depend on.
pub const IMAGE_KEYS: &[&str] = &[
    "access.ssh",
    "image.apt_sources",
    "image.base",
    "image.ca_certificates",
    "image.files",
    "image.hardening.profile",
    "image.hardening.waivers.control",
    "image.packages",
    "image.secret_exceptions.path",
    "image.steps",
    "instances.architecture",
    "network.egress",
    "worker.adspower",
    "worker.novnc",
    "worker.runtime",
];

/// Whether another value of a key makes another image, with other files in it.
#[must_use]
pub fn shapes_image(key: &str) -> bool {
    IMAGE_KEYS.iter().any(|shaping| {
        key == *shaping
            || key
                .strip_prefix(shaping)
                .is_some_and(|rest| rest.starts_with('.'))
    })
}

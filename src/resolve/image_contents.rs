//! What fleet.toml puts into the image besides packages and programs, as the image has it.

use crate::derive::image_contents::with_last_line_feed;
use crate::fleet::{AptSource, CaCertificate, ImageFile, ImageStep};

/// Certificates in the order of their names.
pub fn certificates(declared: &[CaCertificate]) -> Vec<CaCertificate> {
    let mut certificates: Vec<CaCertificate> = declared
        .iter()
        .map(|declared| {
            let CaCertificate { name, certificate } = declared;
            CaCertificate {
                name: name.clone(),
                certificate: with_last_line_feed(certificate.trim()),
            }
        })
        .collect();
    certificates.sort_by(|one, other| one.name.cmp(&other.name));
    certificates
}

/// Package sources in the order of their names.
pub fn apt_sources(declared: &[AptSource]) -> Vec<AptSource> {
    let mut sources: Vec<AptSource> = declared
        .iter()
        .map(|declared| {
            let AptSource {
                name,
                uri,
                suites,
                components,
                key,
                packages,
            } = declared;
            let mut packages = packages.clone();
            packages.sort_unstable();
            AptSource {
                name: name.clone(),
                uri: uri.clone(),
                suites: suites.clone(),
                components: components.clone(),
                key: with_last_line_feed(key.trim()),
                packages,
            }
        })
        .collect();
    sources.sort_by(|one, other| one.name.cmp(&other.name));
    sources
}

/// Files in the order of their paths.
pub fn files(declared: &[ImageFile]) -> Vec<ImageFile> {
    let mut files: Vec<ImageFile> = declared
        .iter()
        .map(|declared| {
            let ImageFile {
                path,
                content,
                owner,
                group,
                mode,
            } = declared;
            ImageFile {
                path: path.clone(),
                content: content.replace("\r\n", "\n"),
                owner: owner.clone(),
                group: group.clone(),
                mode: mode.clone(),
            }
        })
        .collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// Steps in the order in which they are run.
pub fn steps(declared: &[ImageStep]) -> Vec<ImageStep> {
    declared
        .iter()
        .map(|declared| {
            let ImageStep { name, script } = declared;
            ImageStep {
                name: name.clone(),
                script: with_last_line_feed(script),
            }
        })
        .collect()
}

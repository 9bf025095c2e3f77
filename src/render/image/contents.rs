//! The files that fleet.toml itself puts into the image. They lie in `fleet/` beside the rendered ones: `files/` as they
//! are typed, `steps/` in their order, `certificates/` and `apt/`.

use crate::derive::image_contents::{PREFIX, host};
use crate::fleet::{AptSource, ImageStep};
use crate::render::provenance;
use crate::resolve::Image;

/// What apt thinks of a package of another source than the distribution's: it is installed where nobody else has one, and
/// replaces none.
const PRIORITY: u32 = 100;

/// What it thinks of those that fleet.toml names: they come from there, whoever else has one.
const PRIORITY_OF_NAMED: u32 = 600;

/// Every such file: its path below `image/`, and its text.
pub fn files(image: &Image) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for certificate in &image.ca_certificates {
        let path = format!("fleet/certificates/{}.crt", certificate.name);
        files.push((path, certificate.certificate.clone()));
    }
    for source in &image.apt_sources {
        let name = &source.name;
        let architecture = image.base.architecture;
        files.push((format!("fleet/apt/{name}.asc"), source.key.clone()));
        files.push((
            format!("fleet/apt/{name}.sources"),
            deb822(source, architecture),
        ));
        files.push((format!("fleet/apt/{name}.pref"), preferences(source)));
    }
    for file in &image.files {
        let path = file.path.strip_prefix('/').unwrap_or(&file.path);
        files.push((format!("fleet/files/{path}"), file.content.clone()));
    }
    for (path, step) in step_files(&image.steps).iter().zip(&image.steps) {
        files.push((format!("fleet/steps/{path}"), step.script.clone()));
    }
    files
}

/// The names of the files of steps: their number is what keeps their order.
pub fn step_files(steps: &[ImageStep]) -> Vec<String> {
    let steps = steps.iter().enumerate();
    steps
        .map(|(index, step)| format!("{:03}-{}", index + 1, step.name))
        .collect()
}

/// A package source as deb822 has it.
fn deb822(source: &AptSource, architecture: &str) -> String {
    let mut text = provenance::of_image("#", "packages of the fleet's own");
    let key = format!("/etc/apt/keyrings/{PREFIX}{}.asc", source.name);
    for (field, value) in [
        ("Types", "deb".to_owned()),
        ("URIs", word(&source.uri)),
        ("Suites", words(&source.suites)),
        ("Components", words(&source.components)),
        ("Architectures", architecture.to_owned()),
        ("Signed-By", word(&key)),
    ] {
        // A flat source has no component.
        if !value.is_empty() {
            text.push_str(&format!("{field}: {value}\n"));
        }
    }
    text
}

/// What apt may take from a source.
fn preferences(source: &AptSource) -> String {
    let mut text = provenance::of_image("#", "what comes from packages of the fleet's own");
    let host = word(host(&source.uri).unwrap_or_default());
    let mut pin = |packages: &str, priority: u32| {
        text.push_str(&format!(
            "Package: {packages}\nPin: origin \"{host}\"\nPin-Priority: {priority}\n\n"
        ));
    };
    pin("*", PRIORITY);
    if !source.packages.is_empty() {
        pin(&words(&source.packages), PRIORITY_OF_NAMED);
    }
    text.pop();
    text
}

fn words(list: &[String]) -> String {
    let words = list.iter().map(|text| word(text));
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// A text as one word of a line: what would end the word, the line or a quoted text is left out.
fn word(text: &str) -> String {
    let is_plain = |letter: &char| letter.is_ascii_graphic() && !matches!(letter, '"' | '#' | '\\');
    text.chars().filter(is_plain).collect()
}

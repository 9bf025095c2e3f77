//! What was verified is what is promoted: digests, held against each other.

use valet_bake_aws::sdk::Ec2Image;
use valet_bake_aws::tags;
use valet_images_lock::LockedImage;

use super::inputs::Inputs;
use crate::cli::{Exit, print};
use crate::images::config_sha256;

/// Refuses an image that is not what was verified: a copy of other content, one whose tags are not what `images.lock`
/// says of it, or one that was made for another environment from other files than this one's.
pub fn refuse_other_content(
    inputs: &Inputs,
    images: &[Ec2Image],
    entry: Option<&LockedImage>,
) -> Result<(), Exit> {
    let environment = &inputs.environment().identity;
    let name = &environment.environment;
    let home = images.iter().find(|it| it.region == environment.region);
    for image in images {
        let of_home = |key| home.map_or("", |home| home.tag_value(key)).to_owned();
        let content = [
            tags::BUNDLE_SHA256,
            tags::CONFIG_DIGEST,
            tags::SBOM_SHA256,
            tags::WORKER_SHA256,
        ];
        let other = content
            .into_iter()
            .find(|key| image.tag_value(key) != of_home(key));
        if let Some(key) = other {
            let problem = format!(
                "its {key} is another one than that in {}",
                environment.region
            );
            return Err(refuse(
                image,
                &problem,
                "bake again: what was verified has to be what every region launches",
            ));
        }
    }
    let Some(home) = home else { return Ok(()) };
    if let Some(entry) = entry.filter(|entry| entry.ami.as_str() == home.ami) {
        let locked = [
            (tags::BUNDLE_SHA256, entry.bundle_sha256.as_str()),
            (tags::CONFIG_DIGEST, entry.config_sha256.as_str()),
            (tags::SBOM_SHA256, entry.sbom_sha256.as_str()),
            (tags::WORKER_SHA256, entry.agent_sha256.as_str()),
        ];
        if let Some((key, expected)) = locked
            .iter()
            .find(|(key, value)| home.tag_value(key) != *value)
        {
            let problem = format!(
                "its {key} is {}, and images.lock says {expected}",
                shown(home.tag_value(key))
            );
            return Err(refuse(
                home,
                &problem,
                "find out who changed the tag or the lock; bake again where nobody knows",
            ));
        }
    }
    let made_for = home.tag_value("Environment");
    let (has, makes) = (
        home.tag_value(tags::CONFIG_DIGEST),
        config_sha256(&inputs.files, name),
    );
    if made_for == name || has == makes {
        return Ok(());
    }
    let problem = format!(
        "it was made for `{made_for}`, from other files than those of `{name}`: its {} is {}, and fleet.toml makes {makes}",
        tags::CONFIG_DIGEST,
        shown(has)
    );
    let help = format!(
        "make `{made_for}` and `{name}` equal in all that is in the image, which docs/fleet-toml.md marks, and bake again; or bake for `{name}`"
    );
    Err(refuse(home, &problem, &help))
}

fn shown(digest: &str) -> &str {
    if digest.is_empty() { "missing" } else { digest }
}

fn refuse(image: &Ec2Image, problem: &str, help: &str) -> Exit {
    print::line_to_stderr(format_args!(
        "error: {} in {}: {problem}\n  help: {help}",
        image.ami, image.region
    ));
    Exit::Unsafe
}

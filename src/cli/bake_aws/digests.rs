//! What was verified is what is promoted: digests, held against each other.

use valet_bake_aws::sdk::Ec2Image;
use valet_bake_aws::tags;
use valet_images_lock::LockedImage;

use super::inputs::Inputs;
use crate::cli::{Exit, print};
use crate::images::config_sha256;
use crate::resolve::Environment;

/// Refuses an image that is not what was verified: a copy of other content, or one whose tags are not what `images.lock`
/// says of it.
pub fn refuse_other_content(
    inputs: &Inputs,
    images: &[Ec2Image],
    entry: Option<&LockedImage>,
) -> Result<(), Exit> {
    let environment = &inputs.environment().identity;
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
    Ok(())
}

/// Refuses an image that was made for another environment and is not what this one would be: it is of other files, or under
/// keys that only the other one's instances may use.
pub fn refuse_other_environment(inputs: &Inputs, images: &[Ec2Image]) -> Result<(), Exit> {
    let environment = inputs.environment();
    let name = &environment.identity.environment;
    let mut images = images.iter();
    let Some(home) = images.find(|it| it.region == environment.identity.region) else {
        return Ok(());
    };
    let made_for = home.tag_value("Environment");
    if made_for == name {
        return Ok(());
    }
    let (has, makes) = (
        home.tag_value(tags::CONFIG_DIGEST),
        config_sha256(&inputs.files, name),
    );
    if has != makes {
        let problem = format!(
            "it was made for `{made_for}`, from other files than those of `{name}`: its {} is {}, and fleet.toml makes {makes}",
            tags::CONFIG_DIGEST,
            shown(has)
        );
        let help = format!(
            "make `{made_for}` and `{name}` equal in all that is in the image, which docs/fleet-toml.md marks, and bake again; or bake for `{name}`"
        );
        return Err(refuse(home, &problem, &help));
    }
    let has_keys = |it: &Environment| !it.image.keys.is_empty();
    if !has_keys(environment) && inputs.find(made_for).is_some_and(has_keys) {
        let problem = format!(
            "the images of `{made_for}` are shared, and so encrypted with keys that no instance of `{name}` may use"
        );
        let help = format!(
            "name one key of each region in image.kms_keys of both, with `share_with`, apply, and bake again; or bake for `{name}`"
        );
        return Err(refuse(home, &problem, &help));
    }
    Ok(())
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

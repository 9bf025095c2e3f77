//! From the lock to the plan.

use valet_images_lock::ImagesLock;

use crate::fleet::ImageSource;
use crate::resolve::Plan;

/// Gives each environment its locked image. One without an entry, or with `source = "parameter"`,
/// stays with the parameter.
pub fn apply(plan: &mut Plan, lock: &ImagesLock) {
    for environment in &mut plan.environments {
        if environment.image.source == Some(ImageSource::Parameter) {
            continue;
        }
        let locked = lock.find(
            &environment.identity.environment,
            environment.instances.architecture.as_str(),
            &environment.identity.region,
        );
        environment.image.locked_ami = locked.map(|image| image.ami.to_string());
    }
}

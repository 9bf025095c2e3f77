//! The whole file.

use std::collections::BTreeMap;

use crate::entry::{LockedImage, Status};

/// What an entry is found by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageKey {
    pub environment: String,
    /// As EC2 names it: `x86_64` or `arm64`.
    pub architecture: String,
    pub region: String,
}

/// Every locked image, sorted by environment, architecture and region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImagesLock {
    pub images: BTreeMap<ImageKey, LockedImage>,
}

impl ImagesLock {
    /// The image of an environment in a region.
    #[must_use]
    pub fn find(
        &self,
        environment: &str,
        architecture: &str,
        region: &str,
    ) -> Option<&LockedImage> {
        let key = ImageKey {
            environment: environment.to_owned(),
            architecture: architecture.to_owned(),
            region: region.to_owned(),
        };
        self.images.get(&key)
    }

    /// Makes an image that of an environment. What stood there before becomes its `previous`; the
    /// same image again keeps the `previous` that it had.
    pub fn promote(&mut self, key: ImageKey, mut image: LockedImage) {
        image.status = Status::Promoted;
        image.previous = match self.images.remove(&key) {
            Some(before) if before.ami == image.ami => before.previous,
            Some(mut before) => {
                before.previous = None;
                Some(Box::new(before))
            }
            None => None,
        };
        self.images.insert(key, image);
    }

    /// Goes back to the image of before, which becomes the one of now; the one of now becomes its
    /// `previous`, so that a second rollback undoes the first. `false` where there is no image of before.
    pub fn roll_back(&mut self, key: &ImageKey) -> bool {
        let previous = self.images.get_mut(key).and_then(|it| it.previous.take());
        let Some(previous) = previous else {
            return false;
        };
        self.promote(key.clone(), *previous);
        true
    }
}

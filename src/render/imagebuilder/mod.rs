//! EC2 Image Builder: the component that makes and tests the image, and the bodies of the five
//! requests that have it made. They are the API's own members, written by serde.
//!
//! What only the account knows is left out: ARNs, bucket, instance profile. `README.md` beside
//! them lists it. So is `clientToken`, which belongs to one attempt.

mod component;
mod files;
mod readme;
mod requests;

pub use files::render;

//! The fleet as a picture: SVG for the README, Mermaid for pages that draw it themselves.
//!
//! Both are made from the plan, so neither can show what is not there, and both say the same words.

mod escape;
mod labels;
mod mermaid;
mod svg;

pub use mermaid::mermaid;
pub use svg::svg;

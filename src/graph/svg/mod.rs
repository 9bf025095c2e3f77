//! The fleet as one SVG document.

mod canvas;
mod document;
mod group;
mod layout;
mod measure;
mod network;
mod services;
mod style;

pub use document::svg;

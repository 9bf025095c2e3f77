//! What a command tells while it works.

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgressEvent {
    /// A stage begins, such as `upload` or `build`.
    Begins(String),
    /// What the stage does now.
    Shows(String),
    /// A stage, or a step in it, has ended well. `detail` may be empty.
    Done { what: String, detail: String },
}

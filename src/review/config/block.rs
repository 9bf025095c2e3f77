//! What a block says beside the values of its resource, and how its resources are addressed.

use hcl_edit::structure::Block;

/// What `lifecycle` says of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// Attributes whose changes Terraform leaves alone; `all` for every one.
    pub ignored: Vec<String>,
    pub prevents_destroy: bool,
    pub creates_before_destroy: bool,
}

impl Lifecycle {
    /// Whether changes of every attribute are left alone.
    #[must_use]
    pub fn ignores_all(&self) -> bool {
        self.ignored.iter().any(|name| name == "all")
    }
}

/// The address of the block of a resource.
pub fn without_key(address: &str) -> &str {
    address.split('[').next().unwrap_or(address)
}

/// An argument as it is written, without its blanks.
pub fn written(block: &Block, name: &str) -> Option<String> {
    let text = block.body.get_attribute(name)?.value.to_string();
    Some(text.trim().to_owned())
}

/// The address of one resource of a `for_each`.
pub fn keyed(address: &str, key: &str) -> String {
    let key = key.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{address}[\"{key}\"]")
}

/// What the `lifecycle` block inside of a block says.
pub fn lifecycle(block: &Block) -> Lifecycle {
    let Some(inside) = block.body.get_blocks("lifecycle").next() else {
        return Lifecycle::default();
    };
    let is_on = |name: &str| written(inside, name).as_deref() == Some("true");
    let ignored = written(inside, "ignore_changes").unwrap_or_default();
    Lifecycle {
        ignored: ignored
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        prevents_destroy: is_on("prevent_destroy"),
        creates_before_destroy: is_on("create_before_destroy"),
    }
}

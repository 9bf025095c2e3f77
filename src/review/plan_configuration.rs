//! The configuration that a plan was made of, as far as it stands in the plan: which blocks there are, and which arguments
//! each sets.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

/// The blocks by their addresses without keys, with their arguments as JSON.
#[derive(Clone, Debug)]
pub struct Blocks<'a>(BTreeMap<String, Option<&'a RawValue>>);

impl Blocks<'_> {
    /// Addresses of the blocks of the root module.
    #[must_use]
    pub fn of_root(&self) -> BTreeSet<&str> {
        let of_root = self
            .0
            .keys()
            .filter(|address| !address.starts_with("module."));
        of_root.map(String::as_str).collect()
    }

    /// Whether the block of a resource sets an argument or a block; `None` where that is not known.
    #[must_use]
    pub fn sets(&self, address: &str, argument: &str) -> Option<bool> {
        let arguments = (*self.0.get(&without_keys(address))?)?;
        let arguments: BTreeMap<String, &RawValue> = serde_json::from_str(arguments.get()).ok()?;
        Some(arguments.contains_key(argument))
    }
}

impl<'a> Configuration<'a> {
    /// The blocks of the root module and of all that it calls.
    #[must_use]
    pub fn blocks(self) -> Option<Blocks<'a>> {
        let mut blocks = BTreeMap::new();
        add_blocks(self.root_module?, "", &mut blocks);
        Some(Blocks(blocks))
    }
}

#[derive(Deserialize)]
pub struct Configuration<'a> {
    #[serde(borrow)]
    root_module: Option<RootModule<'a>>,
}

#[derive(Deserialize)]
struct RootModule<'a> {
    #[serde(borrow, default)]
    resources: Vec<ConfiguredBlock<'a>>,
    #[serde(borrow, default)]
    module_calls: BTreeMap<String, ModuleCall<'a>>,
}

#[derive(Deserialize)]
struct ModuleCall<'a> {
    #[serde(borrow)]
    module: Option<RootModule<'a>>,
}

#[derive(Deserialize)]
struct ConfiguredBlock<'a> {
    #[serde(borrow)]
    address: Cow<'a, str>,
    #[serde(borrow)]
    expressions: Option<&'a RawValue>,
}

fn add_blocks<'a>(
    module: RootModule<'a>,
    prefix: &str,
    blocks: &mut BTreeMap<String, Option<&'a RawValue>>,
) {
    for block in module.resources {
        blocks.insert(format!("{prefix}{}", block.address), block.expressions);
    }
    for (name, call) in module.module_calls {
        if let Some(inner) = call.module {
            add_blocks(inner, &format!("{prefix}module.{name}."), blocks);
        }
    }
}

/// An address as the configuration has it: without the keys of `count` and `for_each`, which may be any text.
fn without_keys(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    let (mut depth, mut is_quoted, mut is_escaped) = (0usize, false, false);
    for letter in address.chars() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' if depth > 0 => is_quoted = !is_quoted,
            '[' if !is_quoted => depth += 1,
            ']' if !is_quoted => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(letter),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_be_any_text() {
        for (address, block) in [
            ("aws_vpc.a", "aws_vpc.a"),
            ("aws_vpc.a[0]", "aws_vpc.a"),
            ("module.m[\"x\"].aws_vpc.a[\"b\"]", "module.m.aws_vpc.a"),
            (
                "module.m[\"a\\\"].evil[\\\"b\"].aws_vpc.a",
                "module.m.aws_vpc.a",
            ),
            ("aws_vpc.a[\"]\"]", "aws_vpc.a"),
            ("aws_vpc.a[\"\\\\\"]", "aws_vpc.a"),
        ] {
            assert_eq!(without_keys(address), block, "{address}");
        }
    }
}

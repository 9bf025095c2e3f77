//! The blocks of a root module.

use std::collections::BTreeMap;

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, BlockLabel, Body};

use super::evaluate::{self, Scope};
use super::term::Term;
use crate::render::FileSet;

/// One resource or data source with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Such as `aws_subnet.private["us-east-1a"]`, with `data.` before a data source.
    pub address: String,
    pub kind: String,
    pub is_data: bool,
    pub values: BTreeMap<String, Term>,
    /// Attributes whose changes Terraform leaves alone.
    pub ignored: Vec<String>,
    pub prevents_destroy: bool,
}

/// A parsed root module.
pub struct Module {
    /// Resources and data sources by address, without keys.
    blocks: BTreeMap<String, Block>,
    locals: BTreeMap<String, Expression>,
    /// Variables that are a switch, with what they are unless somebody gives another value.
    switches: BTreeMap<String, bool>,
    /// The provider's region and the tags that it gives to everything.
    pub region: Term,
    pub default_tags: Term,
}

impl Module {
    /// Parses the `.tf` files below a folder of a rendering.
    ///
    /// # Errors
    /// When a file is no HCL, which is a fault of the generator.
    pub fn read(files: &FileSet, folder: &str) -> Result<Self, String> {
        let mut module = Self {
            blocks: BTreeMap::new(),
            locals: BTreeMap::new(),
            switches: BTreeMap::new(),
            region: Term::Null,
            default_tags: Term::Null,
        };
        let is_of_module = |path: &str| path.starts_with(folder) && path.ends_with(".tf");
        for (path, text) in files.iter().filter(|(path, _)| is_of_module(path)) {
            let body: Body = text.parse().map_err(|error| format!("{path}: {error}"))?;
            for block in body.into_blocks() {
                module.add(block);
            }
        }
        Ok(module)
    }

    fn add(&mut self, block: Block) {
        let labels: Vec<&str> = block.labels.iter().map(BlockLabel::as_str).collect();
        let address = match (block.ident.as_str(), labels.as_slice()) {
            ("resource", [kind, name]) => format!("{kind}.{name}"),
            ("data", [kind, name]) => format!("data.{kind}.{name}"),
            ("provider", _) => {
                let values = Term::Map(evaluate::body(self, &block.body, &Scope::new()));
                self.region = values.at("region").cloned().unwrap_or(Term::Null);
                self.default_tags = values
                    .at("default_tags.tags")
                    .cloned()
                    .unwrap_or(Term::Null);
                return;
            }
            ("variable", [name]) => {
                let default = block.body.get_attribute("default");
                if let Some(Expression::Bool(value)) = default.map(|default| &default.value) {
                    self.switches.insert((*name).to_owned(), *value.value());
                }
                return;
            }
            ("locals", _) => {
                let local = block.body.attributes();
                self.locals
                    .extend(local.map(|one| (one.key.as_str().to_owned(), one.value.clone())));
                return;
            }
            _ => return,
        };
        self.blocks.insert(address, block);
    }

    /// What a name of `locals` comes to.
    pub(super) fn local(&self, name: &str) -> Option<Term> {
        let value = self.locals.get(name)?;
        Some(evaluate::expression(self, value, &Scope::new()))
    }

    /// What a variable is that is a switch: its default.
    pub(super) fn switch(&self, name: &str) -> Option<Term> {
        self.switches.get(name).copied().map(Term::Bool)
    }

    /// Every resource and data source, by address.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<String, Object> {
        let mut objects = BTreeMap::new();
        for (address, block) in &self.blocks {
            let kind = block
                .labels
                .first()
                .map(BlockLabel::as_str)
                .unwrap_or_default();
            let (ignored, prevents_destroy) = lifecycle(block);
            for one in self.instances(address) {
                objects.insert(
                    one.address.clone(),
                    Object {
                        address: one.address,
                        kind: kind.to_owned(),
                        is_data: address.starts_with("data."),
                        values: evaluate::body(self, &block.body, &one.scope),
                        ignored: ignored.clone(),
                        prevents_destroy,
                    },
                );
            }
        }
        objects
    }

    /// The addresses that a block stands for, each with its key and what `each` and `count` mean in it.
    fn instances(&self, address: &str) -> Vec<Instance> {
        let Some(block) = self.blocks.get(address) else {
            return Vec::new();
        };
        let evaluated = |name: &str| {
            let attribute = block.body.get_attribute(name)?;
            Some(evaluate::expression(self, &attribute.value, &Scope::new()))
        };
        if let Some(count) = evaluated("count") {
            // A count that only the account knows is taken for one.
            let count = count.as_number().map_or(1, |count| count as usize);
            return (0..count).map(|index| counted(address, index)).collect();
        }
        let Some(collection) = evaluated("for_each") else {
            return vec![Instance {
                key: String::new(),
                address: address.to_owned(),
                scope: Scope::new(),
            }];
        };
        let items = evaluate::items(&collection).into_iter();
        items
            .map(|(key, value)| {
                let members = [
                    ("key".to_owned(), Term::Text(key.clone())),
                    ("value".to_owned(), value),
                ];
                Instance {
                    address: keyed(address, &key),
                    key,
                    scope: [("each".to_owned(), Term::Map(members.into()))].into(),
                }
            })
            .collect()
    }

    /// What a reference to a block means.
    pub(super) fn resource(&self, address: &str) -> Term {
        let has_keys = self.blocks.get(address).is_some_and(|block| {
            ["count", "for_each"]
                .iter()
                .any(|name| block.body.get_attribute(name).is_some())
        });
        if !has_keys {
            return Term::Resource(address.to_owned());
        }
        let instances = self.instances(address).into_iter();
        Term::Resources(instances.map(|one| (one.key, one.address)).collect())
    }

    /// An attribute of a resource: its value where the module gives it one, or a reference.
    pub(super) fn attribute(&self, instance: &str, attribute: &str) -> Term {
        let base = instance.split('[').next().unwrap_or(instance);
        let configured = self
            .blocks
            .get(base)
            .and_then(|block| block.body.get_attribute(attribute))
            .filter(|_| !base.starts_with("data."));
        let reference = || Term::Reference {
            address: instance.to_owned(),
            attribute: attribute.to_owned(),
        };
        let Some(configured) = configured else {
            return reference();
        };
        let scope = self
            .instances(base)
            .into_iter()
            .find(|known| known.address == instance);
        match scope {
            Some(one) => evaluate::expression(self, &configured.value, &one.scope),
            None => reference(),
        }
    }
}

/// One resource of a block.
struct Instance {
    /// Empty where the block is one resource.
    key: String,
    address: String,
    scope: Scope,
}

fn counted(address: &str, index: usize) -> Instance {
    let members = [("index".to_owned(), Term::Number(index.to_string()))];
    Instance {
        key: index.to_string(),
        address: format!("{address}[{index}]"),
        scope: [("count".to_owned(), Term::Map(members.into()))].into(),
    }
}

/// The address of one resource of a `for_each`.
fn keyed(address: &str, key: &str) -> String {
    let key = key.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{address}[\"{key}\"]")
}

fn lifecycle(block: &Block) -> (Vec<String>, bool) {
    let Some(lifecycle) = block.body.get_blocks("lifecycle").next() else {
        return (Vec::new(), false);
    };
    let text = |name: &str| {
        lifecycle
            .body
            .get_attribute(name)
            .map(|attribute| attribute.value.to_string())
    };
    let ignored = text("ignore_changes").unwrap_or_default();
    let ignored = ignored
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let prevents = text("prevent_destroy").is_some_and(|value| value.trim() == "true");
    (ignored, prevents)
}

//! The blocks of a root module.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::OnceLock;

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, BlockLabel, Body};

use super::block::{Lifecycle, keyed, lifecycle, without_key, written};
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
    /// `count` or `for_each` where only the account knows what it comes to. The address then has no
    /// key, and stands for however many there are.
    pub unknown_repetition: Option<Term>,
}

/// A block that takes a resource out of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Removed {
    from: String,
    destroys: bool,
}

/// A file and its blocks, which modules share that have the same file.
struct Parsed {
    text: String,
    blocks: Vec<Rc<Block>>,
}

impl Parsed {
    fn of(path: &str, text: &str) -> Result<Rc<Self>, String> {
        let body: Body = text.parse().map_err(|error| format!("{path}: {error}"))?;
        Ok(Rc::new(Self {
            text: text.to_owned(),
            blocks: body.into_blocks().map(Rc::new).collect(),
        }))
    }
}

/// A parsed root module.
pub struct Module {
    /// The parsed `.tf` files by their path.
    parsed: BTreeMap<String, Rc<Parsed>>,
    /// Resources and data sources by address, without keys.
    blocks: BTreeMap<String, Rc<Block>>,
    locals: BTreeMap<String, Expression>,
    /// Variables, with what they are unless somebody gives another value on the command line.
    variables: BTreeMap<String, Term>,
    /// From where to where resources were moved.
    pub moved: Vec<(String, String)>,
    removed: Vec<Removed>,
    /// Files beside the configuration, which `file` and its like read, by their path in the module.
    texts: BTreeMap<String, String>,
    /// The provider's region and the tags that it gives to everything.
    pub region: Term,
    pub default_tags: Term,
    /// See [`Module::objects`].
    objects: OnceLock<BTreeMap<String, Object>>,
}

impl Module {
    /// Parses the `.tf` files below a folder of a rendering.
    ///
    /// # Errors
    /// When a file is no HCL, which is a fault of the generator.
    pub fn read(files: &FileSet, folder: &str) -> Result<Self, String> {
        Self::read_beside(files, folder, None)
    }

    /// The same beside another module: a file that both have is not parsed again.
    ///
    /// # Errors
    /// As [`Module::read`].
    pub fn read_beside(
        files: &FileSet,
        folder: &str,
        other: Option<&Self>,
    ) -> Result<Self, String> {
        let mut module = Self {
            parsed: BTreeMap::new(),
            blocks: BTreeMap::new(),
            locals: BTreeMap::new(),
            variables: BTreeMap::new(),
            moved: Vec::new(),
            removed: Vec::new(),
            texts: BTreeMap::new(),
            region: Term::Null,
            default_tags: Term::Null,
            objects: OnceLock::new(),
        };
        let is_of_module = |path: &str| path.starts_with(folder) && path.ends_with(".tf");
        for (path, text) in files.iter().filter(|(path, _)| is_of_module(path)) {
            let known = other.and_then(|other| other.parsed.get(path));
            let parsed = match known.filter(|known| known.text == *text) {
                Some(known) => Rc::clone(known),
                None => Parsed::of(path, text)?,
            };
            for block in &parsed.blocks {
                module.add(block);
            }
            module.parsed.insert(path.clone(), parsed);
        }
        for (path, text) in files {
            let name = path.strip_prefix(folder);
            if let Some(name) = name.filter(|name| !name.ends_with(".tf")) {
                module.texts.insert(name.to_owned(), text.clone());
            }
        }
        let is_values =
            |path: &str| path.starts_with(folder) && path.ends_with(".auto.tfvars.json");
        for (path, text) in files.iter().filter(|(path, _)| is_values(path)) {
            let values: BTreeMap<String, serde_json::Value> =
                serde_json::from_str(text).map_err(|error| format!("{path}: {error}"))?;
            let values = values.into_iter();
            module
                .variables
                .extend(values.map(|(name, value)| (name, Term::from(value))));
        }
        Ok(module)
    }

    fn add(&mut self, block: &Rc<Block>) {
        let labels: Vec<&str> = block.labels.iter().map(BlockLabel::as_str).collect();
        let address = match (block.ident.as_str(), labels.as_slice()) {
            ("resource", [kind, name]) => format!("{kind}.{name}"),
            ("data", [kind, name]) => format!("data.{kind}.{name}"),
            // One for another region, which has an alias and the same tags, is named by what it is for.
            ("provider", _) if block.body.get_attribute("alias").is_some() => return,
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
                if let Some(default) = block.body.get_attribute("default") {
                    let default = evaluate::expression(self, &default.value, &Scope::new());
                    self.variables.insert((*name).to_owned(), default);
                }
                return;
            }
            ("moved", _) => {
                if let (Some(from), Some(to)) = (written(block, "from"), written(block, "to")) {
                    self.moved.push((from, to));
                }
                return;
            }
            ("removed", _) => {
                if let Some(from) = written(block, "from") {
                    let lifecycle = block.body.get_blocks("lifecycle").next();
                    let destroy = lifecycle.and_then(|inner| written(inner, "destroy"));
                    let destroys = destroy.as_deref() != Some("false");
                    self.removed.push(Removed { from, destroys });
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
        self.blocks.insert(address, Rc::clone(block));
    }

    /// What a name of `locals` comes to.
    pub(super) fn local(&self, name: &str) -> Option<Term> {
        let value = self.locals.get(name)?;
        Some(evaluate::expression(self, value, &Scope::new()))
    }

    /// The text of a file beside the configuration.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// What a variable is: the value in a file that Terraform reads by itself, or its default.
    pub(super) fn variable(&self, name: &str) -> Option<Term> {
        self.variables.get(name).cloned()
    }

    /// Whether a `removed` block lets a resource go without destroying it.
    #[must_use]
    pub fn forgets(&self, address: &str) -> bool {
        let base = without_key(address);
        let mut removed = self.removed.iter();
        removed.any(|one| one.from == base && !one.destroys)
    }

    /// Whether the configuration still has the block of a resource, and it prevents that any of its
    /// resources is destroyed.
    #[must_use]
    pub fn prevents_destroy(&self, address: &str) -> bool {
        let block = self.blocks.get(without_key(address));
        block.is_some_and(|block| lifecycle(block).prevents_destroy)
    }

    /// What `lifecycle` says of each block of a resource, by address.
    #[must_use]
    pub fn lifecycles(&self) -> BTreeMap<String, Lifecycle> {
        let blocks = self.blocks.iter();
        blocks
            .map(|(address, block)| (address.clone(), lifecycle(block)))
            .collect()
    }

    /// The addresses of all blocks.
    #[must_use]
    pub fn addresses(&self) -> BTreeSet<String> {
        self.blocks.keys().cloned().collect()
    }

    /// Every resource and data source, by address.
    #[must_use]
    pub fn objects(&self) -> &BTreeMap<String, Object> {
        self.objects.get_or_init(|| self.evaluated())
    }

    fn evaluated(&self) -> BTreeMap<String, Object> {
        let mut objects = BTreeMap::new();
        for (address, block) in &self.blocks {
            let kind = block
                .labels
                .first()
                .map(BlockLabel::as_str)
                .unwrap_or_default();
            let lifecycle = lifecycle(block);
            for one in self.instances(address) {
                objects.insert(
                    one.address.clone(),
                    Object {
                        address: one.address,
                        kind: kind.to_owned(),
                        is_data: address.starts_with("data."),
                        values: evaluate::body(self, &block.body, &one.scope),
                        ignored: lifecycle.ignored.clone(),
                        prevents_destroy: lifecycle.prevents_destroy,
                        unknown_repetition: one.unknown,
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
            return match count.as_number() {
                Some(count) => (0..count as usize)
                    .map(|index| counted(address, index))
                    .collect(),
                None => vec![Instance::single(address, Some(count))],
            };
        }
        let Some(collection) = evaluated("for_each") else {
            return vec![Instance::single(address, None)];
        };
        if !matches!(
            collection,
            Term::Map(_) | Term::List(_) | Term::Resources(_)
        ) {
            return vec![Instance::single(address, Some(collection))];
        }
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
                    unknown: None,
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
        let instances = self.instances(address);
        if instances.iter().any(|one| one.unknown.is_some()) {
            return Term::Resource(address.to_owned());
        }
        Term::Resources(
            instances
                .into_iter()
                .map(|one| (one.key, one.address))
                .collect(),
        )
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
    /// See [`Object::unknown_repetition`].
    unknown: Option<Term>,
}

impl Instance {
    fn single(address: &str, unknown: Option<Term>) -> Self {
        Self {
            key: String::new(),
            address: address.to_owned(),
            scope: Scope::new(),
            unknown,
        }
    }
}

fn counted(address: &str, index: usize) -> Instance {
    let members = [("index".to_owned(), Term::Number(index.to_string()))];
    Instance {
        key: index.to_string(),
        address: format!("{address}[{index}]"),
        scope: [("count".to_owned(), Term::Map(members.into()))].into(),
        unknown: None,
    }
}

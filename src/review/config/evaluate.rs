//! Expressions to terms.

use std::collections::BTreeMap;

use hcl_edit::expr::{Expression, ForExpr, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::structure::{Block, Body, Structure};
use hcl_edit::template::{Element, StringTemplate};

use super::module::Module;
use super::term::Term;

/// What names mean inside of a block: `each`, the label of a dynamic block, the variables of `for`.
pub type Scope = BTreeMap<String, Term>;

/// Arguments that steer Terraform and are no values of the resource.
const META: [&str; 6] = [
    "count",
    "depends_on",
    "for_each",
    "lifecycle",
    "provider",
    "provisioner",
];

/// The values of a block: an attribute is its term, blocks of a name are a list of maps.
pub fn body(module: &Module, of: &Body, scope: &Scope) -> BTreeMap<String, Term> {
    let mut values = BTreeMap::new();
    for structure in of {
        match structure {
            Structure::Attribute(attribute) => {
                let name = attribute.key.as_str();
                if !META.contains(&name) {
                    values.insert(name.to_owned(), expression(module, &attribute.value, scope));
                }
            }
            Structure::Block(block) => {
                let name = block.ident.as_str();
                if name == "dynamic" {
                    dynamic(module, block, scope, &mut values);
                } else if !META.contains(&name) {
                    push(
                        &mut values,
                        name,
                        Term::Map(body(module, &block.body, scope)),
                    );
                }
            }
        }
    }
    values
}

fn push(values: &mut BTreeMap<String, Term>, name: &str, block: Term) {
    let list = values
        .entry(name.to_owned())
        .or_insert_with(|| Term::List(Vec::new()));
    if let Term::List(blocks) = list {
        blocks.push(block);
    }
}

fn dynamic(module: &Module, block: &Block, scope: &Scope, values: &mut BTreeMap<String, Term>) {
    let Some(name) = block
        .labels
        .first()
        .map(hcl_edit::structure::BlockLabel::as_str)
    else {
        return;
    };
    let for_each = block.body.get_attribute("for_each");
    let content = block.body.get_blocks("content").next();
    let (Some(for_each), Some(content)) = (for_each, content) else {
        return;
    };
    for (key, value) in items(&expression(module, &for_each.value, scope)) {
        let mut inner = scope.clone();
        let of_block = [
            ("key".to_owned(), Term::Text(key)),
            ("value".to_owned(), value),
        ];
        inner.insert(name.to_owned(), Term::Map(of_block.into()));
        push(values, name, Term::Map(body(module, &content.body, &inner)));
    }
}

/// What a `for_each` or a `for` goes through: keys and values.
pub fn items(term: &Term) -> Vec<(String, Term)> {
    match term {
        Term::Map(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        Term::List(terms) => terms
            .iter()
            .enumerate()
            .map(|(index, term)| {
                let key = term
                    .as_text()
                    .map_or_else(|| index.to_string(), str::to_owned);
                (key, term.clone())
            })
            .collect(),
        Term::Resources(all) => all
            .iter()
            .map(|(key, address)| (key.clone(), Term::Resource(address.clone())))
            .collect(),
        _ => Vec::new(),
    }
}

pub fn expression(module: &Module, of: &Expression, scope: &Scope) -> Term {
    let inner = |of: &Expression| expression(module, of, scope);
    match of {
        Expression::Null(_) => Term::Null,
        Expression::Bool(value) => Term::Bool(*value.value()),
        Expression::Number(number) => Term::Number(number.value().to_string()),
        Expression::String(text) => Term::Text(text.value().clone()),
        Expression::Array(items) => Term::List(items.iter().map(inner).collect()),
        Expression::Object(entries) => Term::Map(
            entries
                .iter()
                .map(|(key, value)| (object_key(module, key, scope), inner(value.expr())))
                .collect(),
        ),
        Expression::StringTemplate(template) => string_template(module, template, scope),
        Expression::Parenthesis(of) => inner(of.inner()),
        Expression::Variable(name) => scope
            .get(name.as_str())
            .cloned()
            .unwrap_or_else(|| made(&format!("variable {}", name.as_str()), Vec::new())),
        Expression::Conditional(choice) => match inner(&choice.cond_expr) {
            Term::Bool(true) => inner(&choice.true_expr),
            Term::Bool(false) => inner(&choice.false_expr),
            unknown => made(
                "if",
                vec![unknown, inner(&choice.true_expr), inner(&choice.false_expr)],
            ),
        },
        Expression::FuncCall(call) => {
            let name = call.name.name.as_str();
            let mut arguments: Vec<Term> = call.args.iter().map(inner).collect();
            // What is in a file is an argument as well.
            if name.starts_with("file") || name == "templatefile" {
                let path = arguments.first().and_then(path_in_module);
                let content = path.and_then(|path| module.text(&path));
                arguments.extend(content.map(|text| Term::Text(text.to_owned())));
            }
            function(name, arguments)
        }
        Expression::Traversal(way) => traversal(module, way, scope),
        Expression::UnaryOp(of) => made(&of.operator.to_string(), vec![inner(&of.expr)]),
        Expression::BinaryOp(of) => binary(
            &of.operator.to_string(),
            inner(&of.lhs_expr),
            inner(&of.rhs_expr),
        ),
        Expression::ForExpr(of) => for_expression(module, of, scope),
        Expression::HeredocTemplate(_) => made(&of.to_string(), Vec::new()),
    }
}

fn made(by: &str, of: Vec<Term>) -> Term {
    Term::Made {
        by: by.trim().to_owned(),
        of,
    }
}

/// The file that `"${path.module}/NAME"` names.
fn path_in_module(term: &Term) -> Option<String> {
    let Term::Made { by, of } = term else {
        return None;
    };
    match of.as_slice() {
        [Term::Made { by: root, .. }, Term::Text(name)]
            if by == "template" && root == "path.module" =>
        {
            Some(name.trim_start_matches('/').to_owned())
        }
        _ => None,
    }
}

/// A set has no order; every other function depends on its arguments alone.
fn function(name: &str, mut arguments: Vec<Term>) -> Term {
    if name == "toset"
        && let [Term::List(terms)] = arguments.as_mut_slice()
    {
        terms.sort();
        terms.dedup();
        return Term::List(std::mem::take(terms));
    }
    if name == "one"
        && let [Term::List(terms)] = arguments.as_mut_slice()
        && terms.len() < 2
    {
        return terms.pop().unwrap_or(Term::Null);
    }
    made(name, arguments)
}

fn binary(operator: &str, left: Term, right: Term) -> Term {
    let known = |term: &Term| {
        matches!(
            term,
            Term::Null | Term::Bool(_) | Term::Number(_) | Term::Text(_)
        )
    };
    match operator.trim() {
        "==" if known(&left) && known(&right) => Term::Bool(left == right),
        "!=" if known(&left) && known(&right) => Term::Bool(left != right),
        other => made(other, vec![left, right]),
    }
}

fn object_key(module: &Module, key: &ObjectKey, scope: &Scope) -> String {
    match key {
        ObjectKey::Ident(name) => name.as_str().to_owned(),
        ObjectKey::Expression(key) => match expression(module, key, scope) {
            Term::Text(text) => text,
            other => format!("{other:?}"),
        },
    }
}

fn string_template(module: &Module, of: &StringTemplate, scope: &Scope) -> Term {
    let mut parts: Vec<Term> = Vec::new();
    for element in of {
        let part = match element {
            Element::Literal(text) => Term::Text(text.value().clone()),
            Element::Interpolation(inner) => expression(module, &inner.expr, scope),
            Element::Directive(_) => made("directive", Vec::new()),
        };
        match (parts.last_mut(), part) {
            (Some(Term::Text(before)), Term::Text(text) | Term::Number(text)) => {
                before.push_str(&text);
            }
            (_, part) => parts.push(part),
        }
    }
    match parts.as_slice() {
        [] => Term::Text(String::new()),
        [Term::Text(_)] => parts.remove(0),
        _ => made("template", parts),
    }
}

fn for_expression(module: &Module, of: &ForExpr, scope: &Scope) -> Term {
    let collection = expression(module, &of.intro.collection_expr, scope);
    let mut list = Vec::new();
    let mut map = BTreeMap::new();
    for (key, value) in items(&collection) {
        let mut inner = scope.clone();
        if let Some(name) = &of.intro.key_var {
            inner.insert(name.as_str().to_owned(), Term::Text(key));
        }
        inner.insert(of.intro.value_var.as_str().to_owned(), value);
        let is_left_out = of.cond.as_ref().is_some_and(|condition| {
            expression(module, &condition.expr, &inner) == Term::Bool(false)
        });
        if is_left_out {
            continue;
        }
        let value = expression(module, &of.value_expr, &inner);
        match &of.key_expr {
            Some(key) => {
                if let Term::Text(key) = expression(module, key, &inner) {
                    map.insert(key, value);
                }
            }
            None => list.push(value),
        }
    }
    if of.key_expr.is_some() {
        Term::Map(map)
    } else {
        Term::List(list)
    }
}

fn traversal(module: &Module, of: &Traversal, scope: &Scope) -> Term {
    let mut steps = of.operators.iter().map(hcl_edit::Decorated::value);
    let mut term = match &of.expr {
        Expression::Variable(root) => match root.as_str() {
            name if scope.contains_key(name) => scope[name].clone(),
            root @ ("var" | "local") => {
                let Some(TraversalOperator::GetAttr(name)) = steps.next() else {
                    return made(&path(of), Vec::new());
                };
                let known = match root {
                    "local" => module.local(name.as_str()),
                    _ => module.variable(name.as_str()),
                };
                let Some(known) = known else {
                    return made(&path(of), Vec::new());
                };
                known
            }
            "path" | "terraform" | "self" | "module" => {
                return made(&path(of), Vec::new());
            }
            name => {
                let mut address = name.to_owned();
                for _ in 0..if name == "data" { 2 } else { 1 } {
                    let Some(TraversalOperator::GetAttr(part)) = steps.next() else {
                        return made(&path(of), Vec::new());
                    };
                    address.push('.');
                    address.push_str(part.as_str());
                }
                module.resource(&address)
            }
        },
        other => expression(module, other, scope),
    };
    for step in steps {
        term = match step {
            TraversalOperator::FullSplat(_) if matches!(term, Term::Resources(_)) => {
                Term::List(items(&term).into_iter().map(|(_, one)| one).collect())
            }
            // Behind a splat each of the list is meant.
            TraversalOperator::GetAttr(name) if matches!(&term, Term::List(all) if all.iter().all(|one| matches!(one, Term::Resource(_)))) =>
            {
                let all = term.elements().iter().cloned();
                Term::List(all.map(|one| member(module, one, name.as_str())).collect())
            }
            TraversalOperator::GetAttr(name) => member(module, term, name.as_str()),
            TraversalOperator::Index(index) => match expression(module, index, scope) {
                Term::Text(key) | Term::Number(key) => member(module, term, &key),
                other => made("index", vec![term, other]),
            },
            other => made(&format!("{other:?}"), vec![term]),
        };
    }
    term
}

/// A reference as it is written.
fn path(of: &Traversal) -> String {
    let mut path = match &of.expr {
        Expression::Variable(root) => root.as_str().to_owned(),
        _ => String::new(),
    };
    for step in &of.operators {
        if let TraversalOperator::GetAttr(name) = step.value() {
            path.push('.');
            path.push_str(name.as_str());
        }
    }
    path
}

fn member(module: &Module, of: Term, name: &str) -> Term {
    match of {
        Term::Map(members) => members.get(name).cloned().unwrap_or(Term::Null),
        Term::List(terms) => {
            let index = name.parse::<usize>().ok();
            index
                .and_then(|index| terms.get(index))
                .cloned()
                .unwrap_or(Term::Null)
        }
        Term::Resources(all) => all
            .get(name)
            .map_or(Term::Null, |address| Term::Resource(address.clone())),
        Term::Resource(address) => module.attribute(&address, name),
        Term::Reference { address, attribute } => Term::Reference {
            address,
            attribute: format!("{attribute}.{name}"),
        },
        other => made(&format!("member {name}"), vec![other]),
    }
}

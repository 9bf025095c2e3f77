//! Rendered HCL as a parser reads it: a tree of blocks, attributes and expressions in which every
//! string has its value, whatever escapes it was written with.

use hcl_edit::expr::{Expression, ObjectKey, TraversalOperator};
use hcl_edit::structure::{Body, Structure};
use hcl_edit::template::{Element, StringTemplate};
use serde_json::{Value, json};

/// Parses a file. Comments and layout are left out.
pub fn tree(text: &str) -> Result<Value, String> {
    text.parse::<Body>()
        .map(|file| body(&file))
        .map_err(|error| error.to_string())
}

fn body(of: &Body) -> Value {
    of.iter()
        .map(|structure| match structure {
            Structure::Attribute(attribute) => json!({
                "attribute": attribute.key.as_str(),
                "value": expression(&attribute.value),
            }),
            Structure::Block(block) => json!({
                "block": block.ident.as_str(),
                "labels": block.labels.iter().map(hcl_edit::structure::BlockLabel::as_str).collect::<Vec<_>>(),
                "body": body(&block.body),
            }),
        })
        .collect()
}

fn expression(of: &Expression) -> Value {
    match of {
        Expression::Null(_) => Value::Null,
        Expression::Bool(value) => json!(value.value()),
        Expression::Number(number) => json!({ "number": number.value().to_string() }),
        Expression::String(text) => string(text.value()),
        Expression::Array(items) => json!({
            "array": items.iter().map(expression).collect::<Vec<_>>(),
        }),
        Expression::Object(entries) => json!({
            "object": entries
                .iter()
                .map(|(key, value)| json!([object_key(key), expression(value.expr())]))
                .collect::<Vec<_>>(),
        }),
        Expression::StringTemplate(template) => string_template(template),
        Expression::HeredocTemplate(_) => panic!("a heredoc, for which no helper escapes"),
        Expression::Parenthesis(inner) => expression(inner.inner()),
        Expression::Variable(name) => json!({ "variable": name.as_str() }),
        Expression::Conditional(choice) => json!({
            "if": expression(&choice.cond_expr),
            "then": expression(&choice.true_expr),
            "else": expression(&choice.false_expr),
        }),
        Expression::FuncCall(call) => json!({
            "call": call.name.name.as_str(),
            "arguments": call.args.iter().map(expression).collect::<Vec<_>>(),
        }),
        Expression::Traversal(way) => json!({
            "of": expression(&way.expr),
            "way": way.operators.iter().map(|step| operator(step)).collect::<Vec<_>>(),
        }),
        Expression::UnaryOp(of) => json!({
            "operator": of.operator.to_string(),
            "operand": expression(&of.expr),
        }),
        Expression::BinaryOp(of) => json!({
            "operator": of.operator.to_string(),
            "left": expression(&of.lhs_expr),
            "right": expression(&of.rhs_expr),
        }),
        Expression::ForExpr(of) => json!({
            "for": expression(&of.intro.collection_expr),
            "key": of.key_expr.as_ref().map(expression),
            "value": expression(&of.value_expr),
        }),
    }
}

fn operator(of: &TraversalOperator) -> Value {
    match of {
        TraversalOperator::GetAttr(name) => json!({ "attribute": name.as_str() }),
        TraversalOperator::Index(index) => json!({ "index": expression(index) }),
        other => json!(format!("{other:?}").split('(').next()),
    }
}

/// A bare key and a quoted one are the same key.
fn object_key(of: &ObjectKey) -> Value {
    match of {
        ObjectKey::Ident(name) => string(name.as_str()),
        ObjectKey::Expression(key) => expression(key),
    }
}

fn string_template(of: &StringTemplate) -> Value {
    let parts: Vec<Value> = of
        .iter()
        .map(|element| match element {
            Element::Literal(text) => string(text),
            Element::Interpolation(inner) => json!({ "interpolation": expression(&inner.expr) }),
            Element::Directive(_) => panic!("a directive, which no template has"),
        })
        .collect();
    // What the parser takes for a template may have nothing but text in it.
    match parts.as_slice() {
        [single] if single.is_string() => single.clone(),
        _ => json!({ "template": parts }),
    }
}

/// A line of an environment file is recognised by its quoting, which is undone: what counts is the
/// value that its reader gets.
fn string(text: &str) -> Value {
    match text.split_once('=') {
        Some((name, value)) if name.starts_with("VALET_") => {
            json!({ "assigned": name, "value": unquoted(value) })
        }
        _ => json!(text),
    }
}

/// The value of an assignment in an environment file, as systemd and shells read it.
pub fn unquoted(value: &str) -> String {
    let Some(inner) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@".contains(letter);
        assert!(
            value.chars().all(plain),
            "unquoted and not plain: {value:?}"
        );
        return value.to_owned();
    };
    let mut out = String::new();
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(escaped @ ('"' | '\\' | '`' | '$')) => out.push(escaped),
                other => panic!("\\{other:?} means something else to a shell than to systemd"),
            },
            '"' | '`' | '$' => panic!("{letter} ends or expands something in {value:?}"),
            other => out.push(other),
        }
    }
    out
}

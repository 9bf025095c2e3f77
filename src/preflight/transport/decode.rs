//! What a service answers, as one kind of value: XML is read into the form that JSON has.

use roxmltree::{Document, Node};
use serde_json::{Map, Value};

/// An answer of HTTP.
pub struct Response {
    pub status: u16,
    /// The header `x-amzn-errortype`.
    pub error_type: Option<String>,
    pub text: String,
}

/// What it says, or by which code it refuses.
pub enum Decoded {
    Value(Value),
    Refusal {
        code: String,
        message: String,
    },
    /// It is nothing that a service of AWS says.
    Nonsense(String),
}

/// Elements whose children of one of these names are a list.
const ELEMENTS: [&str; 3] = ["item", "member", "Tag"];

#[must_use]
pub fn decode(response: &Response) -> Decoded {
    let Response {
        status,
        error_type,
        text,
    } = response;
    let is_xml = text.trim_start().starts_with('<');
    let parsed = if text.trim().is_empty() {
        Some(Value::Object(Map::new()))
    } else if is_xml {
        Document::parse(text)
            .ok()
            .map(|document| value(document.root_element()))
    } else {
        serde_json::from_str(text).ok()
    };
    if (200..300).contains(status) {
        return match parsed {
            Some(value) => Decoded::Value(unwrap_result(value)),
            None => Decoded::Nonsense(format!(
                "its answer is neither JSON nor XML: {}",
                plain(text)
            )),
        };
    }
    let parsed = parsed.unwrap_or_default();
    let code = error_type
        .clone()
        .or_else(|| find(&parsed, &["__type", "Code", "code"]));
    let Some(code) = code else {
        // HEAD has no body.
        let code = if *status == 404 {
            "NotFound".to_owned()
        } else {
            status.to_string()
        };
        let message = if text.trim().is_empty() {
            format!("HTTP status {status}")
        } else {
            return Decoded::Nonsense(format!("HTTP status {status}: {}", plain(text)));
        };
        return Decoded::Refusal { code, message };
    };
    // `namespace#Code:address`
    let code = code.rsplit('#').next().unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default().to_owned();
    let message = find(&parsed, &["message", "Message", "errorMessage"]).unwrap_or_default();
    Decoded::Refusal {
        code: plain(&code),
        message: plain(&message),
    }
}

/// What comes from outside never steers a terminal, nor fills it.
fn plain(text: &str) -> String {
    let text = text
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it });
    text.take(400).collect()
}

/// The first text of one of these names, at any depth.
fn find(value: &Value, names: &[&str]) -> Option<String> {
    match value {
        Value::Object(members) => {
            let here = names.iter().find_map(|name| members.get(*name)?.as_str());
            here.map(str::to_owned)
                .or_else(|| members.values().find_map(|value| find(value, names)))
        }
        Value::Array(items) => items.iter().find_map(|value| find(value, names)),
        _ => None,
    }
}

fn value(node: Node<'_, '_>) -> Value {
    let children: Vec<Node<'_, '_>> = node.children().filter(Node::is_element).collect();
    if children.is_empty() {
        let text = node.text().unwrap_or_default().trim();
        return if text.is_empty() {
            Value::Null
        } else {
            Value::from(text)
        };
    }
    if children
        .iter()
        .all(|child| ELEMENTS.contains(&child.tag_name().name()))
    {
        return children.into_iter().map(value).collect();
    }
    let members = children
        .into_iter()
        .map(|child| (child.tag_name().name().to_owned(), value(child)));
    Value::Object(members.collect())
}

/// Query services wrap what they say in `<OperationResult>`.
fn unwrap_result(value: Value) -> Value {
    match value {
        Value::Object(mut members) => {
            let name = members
                .keys()
                .find(|name| name.ends_with("Result"))
                .cloned();
            match name.and_then(|name| members.remove(&name)) {
                Some(Value::Null) => Value::Object(Map::new()),
                Some(result) => result,
                None => Value::Object(members),
            }
        }
        // An empty document.
        Value::Null => Value::Object(Map::new()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decoded(status: u16, text: &str) -> Decoded {
        decode(&Response {
            status,
            error_type: None,
            text: text.to_owned(),
        })
    }

    #[test]
    fn xml_is_read_as_json_is() {
        let text = "<DescribeVpcsResponse xmlns='x'><requestId>1</requestId><vpcSet><item><vpcId>vpc-1</vpcId><tagSet/></item></vpcSet></DescribeVpcsResponse>";
        let Decoded::Value(value) = decoded(200, text) else {
            panic!("a value")
        };
        assert_eq!(
            value["vpcSet"],
            json!([{ "vpcId": "vpc-1", "tagSet": null }])
        );
        let text = "<GetRoleResponse><GetRoleResult><Role><RoleName>a</RoleName></Role></GetRoleResult></GetRoleResponse>";
        let Decoded::Value(value) = decoded(200, text) else {
            panic!("a value")
        };
        assert_eq!(value, json!({ "Role": { "RoleName": "a" } }));
    }

    #[test]
    fn a_refusal_has_its_code_in_every_protocol() {
        for text in [
            "<Response><Errors><Error><Code>Denied</Code><Message>no</Message></Error></Errors></Response>",
            "<ErrorResponse><Error><Type>Sender</Type><Code>Denied</Code><Message>no</Message></Error></ErrorResponse>",
            "{\"__type\": \"com.amazonaws#Denied\", \"message\": \"no\"}",
        ] {
            let Decoded::Refusal { code, message } = decoded(403, text) else {
                panic!("{text}")
            };
            assert_eq!(
                (code.as_str(), message.as_str()),
                ("Denied", "no"),
                "{text}"
            );
        }
        let Decoded::Refusal { code, .. } = decoded(404, "") else {
            panic!("a refusal")
        };
        assert_eq!(code, "NotFound");
        assert!(matches!(decoded(500, "<html>"), Decoded::Nonsense(_)));
    }
}

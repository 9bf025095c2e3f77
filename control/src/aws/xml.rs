//! Responses in XML.

use roxmltree::{Document, Node, ParsingOptions};

/// The most nodes of a response: an instance of a group is about 50, one of EC2 about 200.
const MAX_NODES: u32 = 8_000_000;

/// Reads a response. Document type declarations are refused.
///
/// # Errors
///
/// Where it is not well-formed.
pub fn parse(text: &str) -> Result<Document<'_>, String> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| error.to_string())
}

/// The element of this name directly below, in whatever namespace.
pub fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children()
        .find(|child| child.tag_name().name() == name)
}

/// The text of the element of this name directly below; nothing where it is empty.
pub fn text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name)?
        .text()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// The elements `member` or `item` of a list directly below.
pub fn members<'a, 'input: 'a>(
    node: Node<'a, 'input>,
    list: &str,
) -> impl Iterator<Item = Node<'a, 'input>> + use<'a, 'input> {
    child(node, list)
        .into_iter()
        .flat_map(|list| list.children())
        .filter(|item| matches!(item.tag_name().name(), "member" | "item"))
}

/// The first element of this name, at whatever depth.
pub fn find<'a, 'input>(document: &'a Document<'input>, name: &str) -> Option<Node<'a, 'input>> {
    document
        .descendants()
        .find(|node| node.tag_name().name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_type_is_refused() {
        let bomb = r#"<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>"#;
        assert!(parse(bomb).is_err());
        let document =
            parse("<a xmlns='urn:x'><list><member><id> i-1 </id><none/></member></list></a>")
                .expect("well-formed");
        let members: Vec<_> = members(document.root_element(), "list").collect();
        assert_eq!(members.len(), 1);
        assert_eq!(text(members[0], "id"), Some("i-1"));
        assert_eq!(text(members[0], "none"), None);
    }
}

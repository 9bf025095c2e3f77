//! JSON as people review it.

/// Plain JSON, as people review it.
pub fn json_text(value: &impl serde::Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("plain data has a text");
    text.push('\n');
    text
}

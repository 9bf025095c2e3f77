//! Strings that break out of places, and Markdown as a parser reads it.

use pulldown_cmark::{Event, Options, Parser};

/// Every string that has broken a generator somewhere.
pub fn strings() -> Vec<String> {
    let fixed = [
        "${x}",
        "${path.module}",
        "%{if true}y%{endif}",
        "%{if",
        "$${x}",
        "$$${x}",
        "$$$${x}",
        "%%{x}",
        "%%%{x}",
        "$%{x}",
        "a$",
        "a%",
        "{b",
        "~}",
        "\"",
        "\"\n}\nresource \"x\" \"y\" {\n",
        "\\",
        "\\\"",
        "\\n",
        "\\${x}",
        "\\u0041",
        "a\nb",
        "a\r\nb",
        "\r",
        "\t",
        "\u{0}",
        "\u{7f}\u{85}\u{9b}",
        "\u{2028}\u{2029}",
        "\u{feff}",
        "'",
        "''",
        "`id`",
        "$(id)",
        "; rm -rf /",
        "</script><script>alert(1)</script>",
        "<!-- ",
        " -->",
        "<b>&amp;",
        "{{mustache}}",
        "{{{raw}}}",
        "{{#if x}}",
        "\\{{x}}",
        "EOT",
        "\nEOT\n",
        "<<EOT",
        "<<-EOT\n",
        "# heading",
        "## heading ##",
        "\n# heading\n",
        "\n\n## heading\n\n",
        "===",
        "---",
        "- item",
        "+ item",
        "1. item",
        "1) item",
        "```",
        "~~~",
        "> quote",
        "    code",
        "[link](javascript:x)",
        "![image](x)",
        "| a | b |",
        "*a* _b_ **c** ~~d~~",
        "a\\",
        "#",
        "//",
        "/* ",
        "*/",
        "for",
        "null",
        "true",
        "if",
        "in",
        "each.key",
        "a.b",
        "a b",
        "a=b",
        "a: b",
        "\u{fc}mlaut",
        "e\u{301}",
        "\u{1100}\u{1161}",
        "\u{65e5}\u{672c}\u{8a9e}",
        "\u{1f600}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
        "a\u{202e}b\u{2066}c",
        "checkov:skip=CKV_AWS_1:x",
        "..",
    ];
    fixed.iter().map(ToString::to_string).collect()
}

/// Pieces that are dangerous together.
pub const DANGEROUS: &[&str] = &[
    "$", "%", "{", "}", "${", "%{", "$${", "\"", "\\", "\n", "\r", "~}", "#", "//", "/*", "EOT",
    "<<", "`", "'", "{{", "}}", "<", "]", "- ", "1. ", "\u{202e}", " ", ".", "=",
];

/// What GitHub reads besides the standard.
const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_MATH)
    .union(Options::ENABLE_GFM);

/// Markdown as a parser reads it: what each piece is, and the text of it without its spaces,
/// which Markdown does not keep.
pub fn markdown(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut run = String::new();
    for event in Parser::new_ext(text, OPTIONS) {
        match event {
            Event::Text(text) => run.push_str(&visible(&text)),
            Event::SoftBreak => {}
            other => {
                flush(&mut pieces, &mut run);
                pieces.push(format!("{other:?}"));
            }
        }
    }
    flush(&mut pieces, &mut run);
    pieces
}

fn flush(pieces: &mut Vec<String>, run: &mut String) {
    if !run.is_empty() {
        pieces.push(std::mem::take(run));
    }
}

/// What [`markdown`] makes of a page when `text` stands in the place of `word`.
pub fn harmless_markdown(page: &str, word: &str, text: &str) -> Vec<String> {
    markdown(page)
        .into_iter()
        .map(|piece| piece.replace(word, &visible(text)))
        .filter(|piece| !piece.is_empty())
        .collect()
}

/// Spaces, controls and letters that only turn the direction are not kept.
pub fn visible(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_whitespace() && !letter.is_control())
        .filter(|letter| {
            !matches!(
                letter,
                '\u{61c}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{2069}' | '\u{feff}'
            )
        })
        .collect()
}

//! Empty lines where parts of a template were left out.

/// Adds what a template gave, with one empty line where parts that were left out leave several,
/// and none at the ends. No value is touched: a string of HCL has no line's end in it.
pub fn push_tidy(text: &mut String, rendered: &str) {
    let mut gap = false;
    let before = text.len();
    for line in rendered.lines() {
        if line.is_empty() {
            gap = true;
            continue;
        }
        if gap && text.len() > before {
            text.push('\n');
        }
        gap = false;
        text.push_str(line);
        text.push('\n');
    }
}

//! Tables and paragraphs for a terminal, laid out by comfy-table.

use comfy_table::{ContentArrangement, Table, presets};

/// The columns between two columns of a table.
pub const GAP: u16 = 2;

/// An empty table without lines. No cell is wrapped until the table has a width.
#[must_use]
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    table
}

/// The lines of a table, without blanks at their ends.
pub fn lines(table: &Table) -> impl Iterator<Item = String> {
    table.lines().map(|line| line.trim_end().to_owned())
}

/// A text in lines of at most so many columns, broken between words; `None` breaks none.
#[must_use]
pub fn wrap(text: &str, width: Option<u16>) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    match width {
        Some(width) => table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table.add_row([words.join(" ")]);
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 0));
    });
    lines(&table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_broken_between_words() {
        assert_eq!(wrap("ab cd  ef", Some(5)), ["ab cd", "ef"]);
        assert_eq!(wrap("a b c", None), ["a b c"]);
        assert!(wrap(" ", Some(5)).is_empty());
    }
}

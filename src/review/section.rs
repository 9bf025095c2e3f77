//! Pages of Markdown that have to fit into a limit: whole sections first, then what fits of the others.

use std::fmt::Write as _;

/// A part of a page. It can be left out as a whole, or cut between its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// What it is called where it is left out.
    pub name: String,
    pub head: String,
    pub lines: Vec<String>,
    pub tail: String,
}

impl Section {
    /// A section that is not cut.
    #[must_use]
    pub fn whole(name: &str, text: String) -> Self {
        Self {
            name: name.to_owned(),
            head: text,
            ..Self::default()
        }
    }

    /// A folded list or table.
    #[must_use]
    pub fn folded(summary: &str, open: bool, table_head: &str, lines: Vec<String>) -> Self {
        let open = if open { " open" } else { "" };
        Self {
            name: summary.to_owned(),
            head: format!("<details{open}><summary>{summary}</summary>\n\n{table_head}"),
            lines,
            tail: "\n</details>\n".to_owned(),
        }
    }

    fn length(&self) -> usize {
        let lines: usize = self.lines.iter().map(|line| characters(line)).sum();
        characters(&self.head) + lines + characters(&self.tail)
    }

    fn write(&self, page: &mut String) {
        page.push_str(&self.head);
        self.lines.iter().for_each(|line| page.push_str(line));
        page.push_str(&self.tail);
    }

    /// As many of its lines as fit, and how many there are more. `None` where not even one fits.
    fn cut(&self, room: usize) -> Option<Self> {
        // The last line says how many are missing: in a list or as a row of a table.
        let more = |left: usize| {
            let prefix = if self.lines[0].starts_with('|') {
                "| … "
            } else {
                "- … "
            };
            format!("{prefix}and {left} more\n")
        };
        let outside = characters(&self.head) + characters(&self.tail);
        let mut taken = 0;
        let mut length = outside;
        for (index, line) in self.lines.iter().enumerate() {
            let left = self.lines.len() - index - 1;
            let next = length + characters(line);
            if next + characters(&more(left.max(1))) > room {
                break;
            }
            length = next;
            taken = index + 1;
        }
        if taken == 0 {
            return None;
        }
        let mut lines = self.lines[..taken].to_vec();
        lines.push(more(self.lines.len() - taken));
        Some(Self {
            lines,
            ..self.clone()
        })
    }
}

/// GitHub counts characters, not bytes.
fn characters(text: &str) -> usize {
    text.chars().count()
}

/// All sections, as one page.
#[must_use]
pub fn page(sections: &[Section]) -> String {
    let mut page = String::new();
    for (index, section) in sections.iter().enumerate() {
        if index > 0 {
            page.push('\n');
        }
        section.write(&mut page);
    }
    page
}

/// A page of so many characters at the most. Sections stand in the order of their importance: each that
/// fits is there as a whole. The first that does not is cut between its lines, and `elsewhere` says where
/// everything is.
#[must_use]
pub fn fitting(sections: &[Section], limit: usize, elsewhere: &str) -> String {
    let all = page(sections);
    if characters(&all) <= limit {
        return all;
    }
    let names: usize = sections
        .iter()
        .map(|section| characters(&section.name) + 2)
        .sum();
    // What says what is left out takes room as well.
    let mut room = limit.saturating_sub(characters(elsewhere) + names.min(MAX_NAMES) + 100);
    let mut kept: Vec<Section> = Vec::new();
    let mut left_out: Vec<&str> = Vec::new();
    let mut is_cut = false;
    for section in sections {
        if section.length() < room {
            room -= section.length() + 1;
            kept.push(section.clone());
            continue;
        }
        left_out.push(&section.name);
        if !is_cut && let Some(part) = section.cut(room.saturating_sub(1)) {
            room = room.saturating_sub(part.length() + 1);
            kept.push(part);
            is_cut = true;
        }
    }
    let mut text = page(&kept);
    let mut names = String::new();
    for name in &left_out {
        if characters(&names) + characters(name) > MAX_NAMES {
            names.push_str(", …");
            break;
        }
        let comma = if names.is_empty() { "" } else { ", " };
        let _ = write!(names, "{comma}{name}");
    }
    let _ = write!(
        text,
        "\nNot shown, or not as a whole: {names}. {elsewhere}\n"
    );
    text
}

/// The most characters for the names of sections that are left out.
const MAX_NAMES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn section(name: &str, lines: usize) -> Section {
        let rows = (0..lines)
            .map(|row| format!("| {name} {row} |\n"))
            .collect();
        Section::folded(name, false, "| what |\n|---|\n", rows)
    }

    #[test]
    fn what_fits_is_left_alone() {
        let sections = [section("a", 3), section("b", 3)];
        assert_eq!(fitting(&sections, 10_000, "elsewhere"), page(&sections));
    }

    #[test]
    fn whole_sections_come_first_and_one_is_cut_between_its_lines() {
        let sections = [section("a", 3), section("b", 1000), section("c", 3)];
        let limit = 2000;
        let text = fitting(&sections, limit, "Elsewhere.");
        assert!(text.chars().count() <= limit, "{}", text.chars().count());
        assert!(text.contains("| a 2 |"));
        assert!(text.contains("| b 0 |") && !text.contains("| b 999 |"));
        assert!(text.contains("| … and "), "{text}");
        assert!(
            text.ends_with("Not shown, or not as a whole: b, c. Elsewhere.\n"),
            "{text}"
        );
        assert_eq!(
            text.matches("<details").count(),
            text.matches("</details>").count()
        );
    }

    #[test]
    fn no_page_is_longer_than_its_limit() {
        for limit in [300, 500, 1000, 1500, 5000] {
            let many: Vec<Section> = (0..40)
                .map(|number| section(&number.to_string(), 30))
                .collect();
            let text = fitting(&many, limit, "Elsewhere.");
            assert!(
                text.chars().count() <= limit,
                "{limit}: {}",
                text.chars().count()
            );
        }
    }
}

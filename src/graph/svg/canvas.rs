//! Shapes and text, in the order in which they are painted.

use std::fmt::Write;

use super::measure::width;
use crate::graph::escape;

/// A rectangle in the picture's units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

impl Rect {
    #[must_use]
    pub fn right(self) -> i32 {
        self.x + self.width
    }

    #[must_use]
    pub fn bottom(self) -> i32 {
        self.y + self.height
    }

    #[must_use]
    pub fn middle_x(self) -> i32 {
        self.x + self.width / 2
    }

    #[must_use]
    pub fn middle_y(self) -> i32 {
        self.y + self.height / 2
    }
}

/// Which point of a text its place is.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// Which ends of a path have arrowheads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrowHeads {
    None,
    End,
    Both,
}

/// What has been painted so far. Nothing but its methods writes markup.
#[derive(Debug, Default)]
pub struct Canvas {
    body: String,
}

impl Canvas {
    pub fn rectangle(&mut self, class: &str, area: Rect, radius: i32) {
        let Rect {
            x,
            y,
            width,
            height,
        } = area;
        let _ = writeln!(
            self.body,
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>"#
        );
    }

    /// Text on the baseline `y`. An empty class is body text.
    pub fn text(&mut self, class: &str, anchor: Anchor, x: i32, y: i32, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let class = if class.is_empty() {
            String::new()
        } else {
            format!(r#" class="{class}""#)
        };
        let text = escape::xml(text);
        let _ = writeln!(
            self.body,
            r#"<text{class} x="{x}" y="{y}"{anchor}>{text}</text>"#
        );
    }

    /// A line through these points.
    pub fn path(&mut self, indirect: bool, heads: ArrowHeads, points: &[(i32, i32)]) {
        let places: Vec<String> = points.iter().map(|(x, y)| format!("{x} {y}")).collect();
        let class = if indirect { "path indirect" } else { "path" };
        let end = r#" marker-end="url(#fleet-head)""#;
        let start = r#" marker-start="url(#fleet-head)""#;
        let markers = match heads {
            ArrowHeads::None => String::new(),
            ArrowHeads::End => end.to_owned(),
            ArrowHeads::Both => format!("{start}{end}"),
        };
        let d = places.join(" L");
        let _ = writeln!(self.body, r#"<path class="{class}" d="M{d}"{markers}/>"#);
    }

    /// A box with one line of text in its middle.
    pub fn pill(&mut self, class: &str, area: Rect, text: &str) {
        self.rectangle(class, area, area.height / 2);
        self.text(
            "",
            Anchor::Middle,
            area.middle_x(),
            area.middle_y() + 4,
            text,
        );
    }

    /// A box with a heading and lines of notes, from its top left.
    pub fn card(&mut self, class: &str, area: Rect, heading: &str, notes: &[String]) {
        self.rectangle(class, area, 8);
        self.text("heading", Anchor::Start, area.x + 12, area.y + 22, heading);
        let mut y = area.y + 22;
        for note in notes {
            y += 17;
            self.text("note", Anchor::Start, area.x + 12, y, note);
        }
    }

    /// Labels in boxes.
    pub fn chips(&mut self, class: &str, x: i32, y: i32, rows: &[Vec<String>]) {
        for (index, row) in rows.iter().enumerate() {
            let mut left = x;
            let top = y + index as i32 * CHIP_PITCH;
            for label in row {
                let area = Rect {
                    x: left,
                    y: top,
                    width: chip_width(label),
                    height: CHIP_HEIGHT,
                };
                self.rectangle(class, area, 6);
                self.text("", Anchor::Middle, area.middle_x(), top + 16, label);
                left = area.right() + CHIP_GAP;
            }
        }
    }

    /// The painting as the body of an SVG document.
    #[must_use]
    pub fn into_body(self) -> String {
        self.body
    }
}

const CHIP_HEIGHT: i32 = 24;
const CHIP_GAP: i32 = 8;
const CHIP_PITCH: i32 = CHIP_HEIGHT + CHIP_GAP;

fn chip_width(label: &str) -> i32 {
    width(label, 12, false) + 20
}

/// Labels in rows of this width, in pixels. A label that is wider than a row is cut to it, and has one of its own.
#[must_use]
pub fn chip_rows(labels: &[String], available: i32) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut left = 0;
    for label in labels {
        let label = super::measure::truncate(label, available - 20, 12, false);
        let width = chip_width(&label);
        match rows.last_mut() {
            Some(row) if left + width <= available => row.push(label),
            _ => {
                left = 0;
                rows.push(vec![label]);
            }
        }
        left += width + CHIP_GAP;
    }
    rows
}

/// The height of rows of chips.
#[must_use]
pub fn chips_height(rows: &[Vec<String>]) -> i32 {
    (rows.len() as i32 * CHIP_PITCH - CHIP_GAP).max(0)
}

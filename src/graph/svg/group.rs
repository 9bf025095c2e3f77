//! The Auto Scaling group and the interface endpoints: bands that run through all subnets.

use super::canvas::{Anchor, ArrowHeads, Canvas, Rect};
use super::layout::{BAND_PADDING, Column, ENDPOINTS_HEAD, GROUP_HEAD, Layout};
use super::measure::{truncate, truncate_list, width};
use crate::graph::labels;
use crate::resolve::Environment;

pub fn draw(canvas: &mut Canvas, layout: &Layout, environment: &Environment) {
    group(canvas, layout, environment);
    if let Some(area) = layout.endpoints {
        endpoints(canvas, layout, area);
    }
}

fn group(canvas: &mut Canvas, layout: &Layout, environment: &Environment) {
    let area = layout.group;
    canvas.rectangle("group", area, 8);
    let sizes = labels::group_sizes(environment);
    let right = area.right() - BAND_PADDING;
    canvas.text("heading", Anchor::End, right, area.y + 24, &sizes);
    let available = area.width - 3 * BAND_PADDING - width(&sizes, 14, false);
    let name = format!("Auto Scaling group {}", environment.identity.group);
    let name = truncate(&name, available, 14, false);
    canvas.text(
        "heading",
        Anchor::Start,
        area.x + BAND_PADDING,
        area.y + 24,
        &name,
    );
    let available = area.width - 2 * BAND_PADDING;
    let types = truncate_list(
        &labels::instance_types(&environment.instances),
        available,
        11,
        true,
    );
    canvas.text(
        "code",
        Anchor::Start,
        area.x + BAND_PADDING,
        area.y + 44,
        &types,
    );
    for column in &layout.columns {
        workers(canvas, column, area.y + 62);
    }
    canvas.chips(
        "inset",
        area.x + BAND_PADDING,
        area.y + GROUP_HEAD,
        &layout.moves,
    );
}

/// Three sheets, one above the other: some number of workers.
fn workers(canvas: &mut Canvas, column: &Column, top: i32) {
    for behind in (0..3).rev() {
        let area = Rect {
            x: column.middle() - 46 + behind * 4,
            y: top - behind * 4 + 6,
            width: 84,
            height: 28,
        };
        canvas.rectangle("worker", area, 5);
    }
    canvas.text("", Anchor::Middle, column.middle() - 4, top + 24, "workers");
}

fn endpoints(canvas: &mut Canvas, layout: &Layout, area: Rect) {
    for column in &layout.columns {
        let x = column.middle();
        canvas.path(
            false,
            ArrowHeads::End,
            &[(x, layout.group.bottom()), (x, area.y)],
        );
    }
    if let Some(column) = layout.columns.first() {
        let y = layout.group.bottom() + 21;
        canvas.text("note", Anchor::Start, column.middle() + 10, y, "443");
    }
    canvas.rectangle("endpoints", area, 8);
    let left = area.x + BAND_PADDING;
    canvas.text(
        "heading",
        Anchor::Start,
        left,
        area.y + 23,
        "Interface endpoints",
    );
    let note = match layout.columns.len() {
        1 => "in the zone, for the workers alone",
        _ => "in every zone, for the workers alone",
    };
    canvas.text(
        "note",
        Anchor::End,
        area.right() - BAND_PADDING,
        area.y + 23,
        note,
    );
    canvas.chips(
        "inset",
        left,
        area.y + ENDPOINTS_HEAD,
        &layout.endpoint_chips,
    );
}

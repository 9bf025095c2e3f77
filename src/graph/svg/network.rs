//! Region, VPC, zones and subnets, and the way to the internet.

use super::canvas::{Anchor, ArrowHeads, Canvas, Rect};
use super::layout::{Column, Layout, WIDTH};
use super::measure::{truncate, truncate_list};
use crate::graph::labels;
use crate::resolve::Environment;

const NAT_WIDTH: i32 = 108;

/// Where the way to the internet leaves the VPC.
const WAY_OUT: i32 = WIDTH / 2;

pub fn draw(canvas: &mut Canvas, layout: &Layout, environment: &Environment) {
    frames(canvas, layout, environment);
    for column in &layout.columns {
        subnets(canvas, layout, column);
    }
    match &environment.network.created {
        Some(created) if created.has_nat => nat_paths(canvas, layout),
        Some(_) => {}
        None => own_routes(canvas, layout),
    }
    if has_way_out(environment) {
        internet(canvas, layout, environment);
    }
}

fn has_way_out(environment: &Environment) -> bool {
    let created = environment.network.created.as_ref();
    created.is_none_or(|created| created.has_nat)
}

fn frames(canvas: &mut Canvas, layout: &Layout, environment: &Environment) {
    let (region, vpc) = (layout.region, layout.vpc);
    canvas.rectangle("region", region, 10);
    let name = format!("Region {}", environment.identity.region);
    canvas.text(
        "heading",
        Anchor::Start,
        region.x + 16,
        region.y + 24,
        &name,
    );
    canvas.rectangle("vpc", vpc, 8);
    let label = match (&environment.network.created, &environment.network.existing) {
        (Some(created), _) => format!("VPC {}", created.cidr_block),
        (None, Some(existing)) => format!("Existing VPC {}", existing.vpc_id),
        (None, None) => "VPC".to_owned(),
    };
    let label = truncate(&label, WIDTH / 2 - 180, 13, false);
    canvas.text("heading", Anchor::Start, vpc.x + 16, vpc.y + 24, &label);
    let note = if !has_way_out(environment) {
        "no internet gateway, no way to the internet"
    } else if environment.network.existing.is_some() {
        "routes, gateways and endpoints are the VPC's own"
    } else {
        "flow logs on"
    };
    canvas.text("note", Anchor::End, vpc.right() - 16, vpc.y + 24, note);
}

fn subnets(canvas: &mut Canvas, layout: &Layout, column: &Column) {
    let inset = if column.zone.is_empty() { 0 } else { 8 };
    if !column.zone.is_empty() {
        let zone = Rect {
            x: column.x,
            y: layout.zone_top,
            width: column.width,
            height: layout.zone_bottom - layout.zone_top,
        };
        canvas.rectangle("zone", zone, 8);
        let name = truncate(&column.zone, column.width - 44, 13, false);
        canvas.text("heading", Anchor::Start, zone.x + 12, zone.y + 20, &name);
    }
    if let Some(range) = &column.public {
        public_subnet(canvas, layout, column, range);
    }
    let private = Rect {
        x: column.x + inset,
        y: layout.private_top,
        width: column.width - 2 * inset,
        height: layout.zone_bottom - inset - layout.private_top,
    };
    canvas.rectangle("private", private, 6);
    subnet_label(canvas, private, "Private subnet", &column.private);
}

/// The NAT gateway is beside the text where there is available for both, and below it otherwise.
fn public_subnet(canvas: &mut Canvas, layout: &Layout, column: &Column, range: &str) {
    let area = Rect {
        x: column.x + 8,
        y: layout.public_top,
        width: column.width - 16,
        height: layout.public_height,
    };
    canvas.rectangle("public", area, 6);
    subnet_label(canvas, area, "Public subnet", range);
    let gateway = Rect {
        x: area.right() - 6 - NAT_WIDTH.min(area.width - 12),
        y: area.bottom() - 32,
        width: NAT_WIDTH.min(area.width - 12),
        height: 24,
    };
    // Less round than a pill: the lane meets it near its corner.
    canvas.rectangle("gateway", gateway, 6);
    let (x, y) = (gateway.middle_x(), gateway.middle_y() + 4);
    canvas.text("", Anchor::Middle, x, y, "NAT gateway");
}

fn subnet_label(canvas: &mut Canvas, area: Rect, kind: &str, range: &str) {
    let left = area.x + if area.width < 150 { 6 } else { 10 };
    canvas.text("note", Anchor::Start, left, area.y + 19, kind);
    let range = truncate(range, area.width - 16, 11, false);
    canvas.text("label", Anchor::Start, left, area.y + 37, &range);
}

/// From every zone's workers to its NAT gateway or to the only one, and on to the internet gateway.
fn nat_paths(canvas: &mut Canvas, layout: &Layout) {
    let with_nat: Vec<&Column> = layout
        .columns
        .iter()
        .filter(|column| column.public.is_some())
        .collect();
    let public_bottom = layout.public_top + layout.public_height;
    let low_bus = layout.private_top - 14;
    let high_bus = layout.zone_top - 16;
    for column in &with_nat {
        let x = column.lane();
        canvas.path(
            false,
            ArrowHeads::End,
            &[(x, layout.private_top), (x, public_bottom - 8)],
        );
    }
    if let Some(only) = with_nat.first() {
        for column in layout
            .columns
            .iter()
            .filter(|column| column.public.is_none())
        {
            let from = (column.lane(), layout.private_top);
            let (turn, join) = ((column.lane(), low_bus), (only.lane(), low_bus));
            canvas.path(false, ArrowHeads::None, &[from, turn, join]);
        }
    }
    let lanes: Vec<i32> = with_nat.iter().map(|column| column.lane()).collect();
    bus(canvas, false, &lanes, public_bottom - 32, high_bus);
    up(canvas, layout, false, high_bus);
}

/// Lanes that go up and meet. Every stretch is drawn once: dashes that overlap look solid.
fn bus(canvas: &mut Canvas, indirect: bool, lanes: &[i32], from: i32, to: i32) {
    for lane in lanes {
        canvas.path(indirect, ArrowHeads::None, &[(*lane, from), (*lane, to)]);
    }
    let left = lanes.iter().copied().min().unwrap_or(WAY_OUT).min(WAY_OUT);
    let right = lanes.iter().copied().max().unwrap_or(WAY_OUT).max(WAY_OUT);
    canvas.path(indirect, ArrowHeads::None, &[(left, to), (right, to)]);
}

/// From where the lanes meet to the way out of the VPC.
fn up(canvas: &mut Canvas, layout: &Layout, indirect: bool, from: i32) {
    let points = [(WAY_OUT, from), (WAY_OUT, layout.vpc.y + 14)];
    canvas.path(indirect, ArrowHeads::End, &points);
}

/// The ways of an existing VPC are not the generator's to draw.
fn own_routes(canvas: &mut Canvas, layout: &Layout) {
    let high_bus = layout.zone_top - 16;
    let lanes: Vec<i32> = layout.columns.iter().map(Column::lane).collect();
    bus(canvas, true, &lanes, layout.private_top, high_bus);
    up(canvas, layout, true, high_bus);
}

fn internet(canvas: &mut Canvas, layout: &Layout, environment: &Environment) {
    let own = environment.network.created.is_some();
    let pill = |y: i32, width: i32| Rect {
        x: WAY_OUT - width / 2,
        y,
        width,
        height: 28,
    };
    let internet = pill(72, 110);
    canvas.pill("card", internet, "Internet");
    let gateway = pill(layout.vpc.y - 14, 150);
    let name = if own {
        "Internet gateway"
    } else {
        "The VPC's routes"
    };
    canvas.pill("gateway", gateway, name);
    let points = [(WAY_OUT, gateway.y), (WAY_OUT, internet.bottom())];
    canvas.path(!own, ArrowHeads::End, &points);
    let available = WIDTH - WAY_OUT - 60;
    let ports = truncate_list(
        &labels::egress(&environment.network),
        available - 36,
        11,
        true,
    );
    let label = format!("ports {ports}");
    canvas.text(
        "note",
        Anchor::Start,
        WAY_OUT + 14,
        layout.region.y - 16,
        &label,
    );
}

//! Where everything is. Widths are fixed, heights follow from what there is to say.

use super::canvas::{Rect, chip_rows, chips_height};
use crate::graph::labels;
use crate::resolve::{CreatedNetwork, Environment};

/// Width of the picture: what a README shows without scaling, or with little.
pub const WIDTH: i32 = 960;

/// From the picture's edge to the region.
pub const MARGIN: i32 = 32;

/// Columns of subnets; AWS has no more zones in a region.
const MAX_COLUMNS: usize = 6;

/// Room for two lines of text and the NAT gateway.
const PUBLIC_HEIGHT: i32 = 86;

/// One zone, or one subnet of an existing VPC.
#[derive(Clone, Debug)]
pub struct Column {
    /// The zone; empty for a subnet of an existing VPC.
    pub zone: String,
    pub private: String,
    /// The public subnet's range, where the zone has a NAT gateway.
    pub public: Option<String>,
    pub x: i32,
    pub width: i32,
}

impl Column {
    /// Where the way to the NAT gateway runs.
    #[must_use]
    pub fn lane(&self) -> i32 {
        let from_edge = if self.is_narrow() { 17 } else { 22 };
        self.x + self.width - from_edge
    }

    /// Whether a range of addresses and the lane beside it only just fit.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        self.width < 150
    }

    #[must_use]
    pub fn middle(&self) -> i32 {
        self.x + self.width / 2
    }
}

/// Every place of the picture.
#[derive(Clone, Debug)]
pub struct Layout {
    pub height: i32,
    pub region: Rect,
    pub vpc: Rect,
    pub columns: Vec<Column>,
    /// Top and bottom of the columns.
    pub zone_top: i32,
    pub zone_bottom: i32,
    /// Top of the public subnets.
    pub public_top: i32,
    pub public_height: i32,
    pub private_top: i32,
    pub group: Rect,
    /// Rows of what moves the group.
    pub moves: Vec<Vec<String>>,
    pub endpoints: Option<Rect>,
    pub endpoint_chips: Vec<Vec<String>>,
    /// The tops of the two rows of services, and of what is outside the region.
    pub services_top: i32,
    pub alarms_top: i32,
    pub outside_top: i32,
}

impl Layout {
    #[must_use]
    pub fn page(&self) -> Rect {
        Rect {
            x: 1,
            y: 1,
            width: WIDTH - 2,
            height: self.height - 2,
        }
    }

    /// One of the four columns of services.
    #[expect(
        clippy::unused_self,
        reason = "asked of the layout like every other place, though it is the same in all"
    )]
    #[must_use]
    pub fn service(&self, column: i32, top: i32) -> Rect {
        Rect {
            x: SERVICES_LEFT + column * (SERVICE_WIDTH + SERVICE_GAP),
            y: top,
            width: SERVICE_WIDTH,
            height: SERVICE_HEIGHT,
        }
    }
}

pub const SERVICE_HEIGHT: i32 = 66;
const SERVICES_LEFT: i32 = MARGIN + 16;
const SERVICE_GAP: i32 = 28;
const SERVICE_WIDTH: i32 = (WIDTH - 2 * SERVICES_LEFT - 3 * SERVICE_GAP) / 4;

/// Inner width of the bands that run through all subnets.
const BAND_WIDTH: i32 = WIDTH - 2 * (MARGIN + 24) - 2 * BAND_PADDING;
pub const BAND_PADDING: i32 = 16;

/// From a band's top to its chips.
pub const GROUP_HEAD: i32 = 112;
pub const ENDPOINTS_HEAD: i32 = 34;

#[must_use]
pub fn layout(environment: &Environment) -> Layout {
    let network = &environment.network;
    let has_public = network
        .created
        .as_ref()
        .is_some_and(|created| created.has_nat);
    let has_way_out = has_public || network.existing.is_some();
    let moves = chip_rows(&labels::scaling_policies(&environment.scaling), BAND_WIDTH);
    let endpoint_chips = chip_rows(&endpoint_names(environment), BAND_WIDTH);

    let region_top = if has_way_out { 140 } else { 84 };
    let vpc_top = region_top + 38;
    let zone_top = vpc_top + if has_way_out { 52 } else { 34 };
    let public_top = zone_top + 30;
    let public_height = if has_public { PUBLIC_HEIGHT } else { 0 };
    let zone_head = if network.created.is_some() { 30 } else { 0 };
    let public_room = if has_public { PUBLIC_HEIGHT + 36 } else { 0 };
    let private_top = zone_top + zone_head + public_room;
    // Without anything that moves it, the group ends below its workers.
    let moves_height = if moves.is_empty() {
        -12
    } else {
        chips_height(&moves)
    };
    let group = band(private_top + 54, GROUP_HEAD + moves_height);
    let endpoints = (!endpoint_chips.is_empty()).then(|| {
        let height = ENDPOINTS_HEAD + chips_height(&endpoint_chips);
        band(group.bottom() + 34, height)
    });
    let zone_bottom = endpoints.unwrap_or(group).bottom() + 28;
    let vpc_bottom = zone_bottom + 30;
    let services_top = vpc_bottom + 44;
    let alarms_top = services_top + SERVICE_HEIGHT + 34;
    let region_bottom = alarms_top + SERVICE_HEIGHT + 20;
    let outside_top = region_bottom + 40;
    Layout {
        height: outside_top + SERVICE_HEIGHT + MARGIN,
        region: frame(MARGIN - 8, region_top, region_bottom),
        vpc: frame(MARGIN + 8, vpc_top, vpc_bottom),
        columns: columns(environment),
        zone_top,
        zone_bottom,
        public_top,
        public_height,
        private_top,
        group,
        moves,
        endpoints,
        endpoint_chips,
        services_top,
        alarms_top,
        outside_top,
    }
}

fn frame(x: i32, top: i32, bottom: i32) -> Rect {
    Rect {
        x,
        y: top,
        width: WIDTH - 2 * x,
        height: bottom - top,
    }
}

/// A band through all subnets, a little wider than they are.
fn band(top: i32, height: i32) -> Rect {
    frame(MARGIN + 24, top, top + height + 14)
}

fn endpoint_names(environment: &Environment) -> Vec<String> {
    let created = environment.network.created.iter();
    let mut names: Vec<String> = created
        .flat_map(|created| created.interface_endpoints.iter().cloned())
        .collect();
    if environment.access.instance_connect {
        names.push("EC2 Instance Connect".to_owned());
    }
    names
}

fn columns(environment: &Environment) -> Vec<Column> {
    let mut columns = match (&environment.network.created, &environment.network.existing) {
        (Some(created), _) => created_columns(created),
        (None, Some(existing)) => existing_columns(&existing.private_subnet_ids),
        (None, None) => Vec::new(),
    };
    let count = columns.len().max(1) as i32;
    let gap = if count > 3 { 10 } else { 16 };
    let left = MARGIN + 32;
    let available = WIDTH - 2 * left;
    let width = (available - (count - 1) * gap) / count;
    for (index, column) in columns.iter_mut().enumerate() {
        column.x = left + index as i32 * (width + gap);
        column.width = width;
    }
    columns
}

fn created_columns(network: &CreatedNetwork) -> Vec<Column> {
    let zones = network.zones.iter().take(MAX_COLUMNS);
    zones
        .map(|zone| Column {
            zone: zone.clone(),
            private: network
                .private_subnets
                .get(zone)
                .cloned()
                .unwrap_or_default(),
            public: network.public_subnets.get(zone).cloned(),
            x: 0,
            width: 0,
        })
        .collect()
}

/// As many as there is available for; the last column then says how many more there are.
fn existing_columns(ids: &[String]) -> Vec<Column> {
    let shown = if ids.len() > MAX_COLUMNS {
        MAX_COLUMNS - 1
    } else {
        ids.len()
    };
    let mut names = ids[..shown].to_vec();
    if shown < ids.len() {
        names.push(format!("{} more subnets", ids.len() - shown));
    }
    names
        .into_iter()
        .map(|private| Column {
            zone: String::new(),
            private,
            public: None,
            x: 0,
            width: 0,
        })
        .collect()
}

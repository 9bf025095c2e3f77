//! The dashboard, laid out on CloudWatch's grid of 24 columns.

use serde::Serialize;

use super::alarms::{AlarmQuery, series};
use crate::catalog::dashboard::{Graph, SECTIONS, Section};
use crate::catalog::metrics;

/// The dashboard of one environment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dashboard {
    /// Seconds of one point.
    pub period: u32,
    pub sections: Vec<DashboardSection>,
}

/// A heading and the graphs below it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DashboardSection {
    pub title: &'static str,
    /// The row of the heading.
    pub y: u32,
    pub widgets: Vec<Widget>,
}

/// A graph and its place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Widget {
    pub title: &'static str,
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
    pub series: Vec<LabelledSeries>,
}

/// One line of a graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelledSeries {
    pub label: &'static str,
    pub query: AlarmQuery,
}

/// Rows of the alarm widget above the first section.
const ALARM_ROWS: u32 = 4;
const HEADING_ROWS: u32 = 1;
const GRAPH_ROWS: u32 = 6;
const GRAPH_COLUMNS: u32 = 8;
const PERIOD: u32 = 60;

/// `heals` says whether any alarm asks for healing; without it there is no queue to watch.
pub fn resolve(namespace: &str, heals: bool) -> Dashboard {
    let mut y = ALARM_ROWS;
    let mut sections = Vec::new();
    for section in SECTIONS {
        sections.push(resolve_section(section, y, namespace, heals));
        y += HEADING_ROWS + GRAPH_ROWS;
    }
    Dashboard {
        period: PERIOD,
        sections,
    }
}

fn resolve_section(section: &Section, y: u32, namespace: &str, heals: bool) -> DashboardSection {
    let columns = (0..).step_by(GRAPH_COLUMNS as usize);
    DashboardSection {
        title: section.title,
        y,
        widgets: section
            .graphs
            .iter()
            .filter(|graph| heals || !watches_healing(graph))
            .zip(columns)
            .map(|(graph, x)| widget(graph, x, y + HEADING_ROWS, namespace))
            .collect(),
    }
}

fn watches_healing(graph: &Graph) -> bool {
    graph
        .lines
        .iter()
        .any(|line| line.metric == metrics::HEAL_UNDELIVERED)
}

fn widget(graph: &Graph, x: u32, y: u32, namespace: &str) -> Widget {
    Widget {
        title: graph.title,
        x,
        y,
        width: GRAPH_COLUMNS,
        height: GRAPH_ROWS,
        series: graph
            .lines
            .iter()
            .map(|line| LabelledSeries {
                label: line.label,
                query: series("", line.metric, line.statistic, PERIOD, namespace),
            })
            .collect(),
    }
}

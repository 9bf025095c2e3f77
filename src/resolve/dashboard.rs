//! The dashboard, laid out on CloudWatch's grid of 24 columns.

use serde::Serialize;

use super::alarms::{AlarmQuery, series};
use crate::catalog::dashboard::{Graph, SECTIONS, Section};
use crate::catalog::metrics::{self, Metric};

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

/// What a fleet has that a graph may show.
#[derive(Clone, Copy, Debug)]
pub struct Contents {
    /// Whether any alarm asks for healing; without it there is no queue of undelivered commands.
    pub heals: bool,
    /// Whether tasks are listed; without them nobody publishes the depth of their queue.
    pub has_tasks: bool,
}

impl Contents {
    fn publishes(self, metric: Metric) -> bool {
        (self.heals || metric != metrics::HEAL_UNDELIVERED)
            && (self.has_tasks || !metric.needs_tasks())
    }
}

pub fn resolve(namespace: &str, contents: Contents) -> Dashboard {
    let mut y = ALARM_ROWS;
    let mut sections = Vec::new();
    for section in SECTIONS {
        sections.push(resolve_section(section, y, namespace, contents));
        y += HEADING_ROWS + GRAPH_ROWS;
    }
    Dashboard {
        period: PERIOD,
        sections,
    }
}

fn resolve_section(
    section: &Section,
    y: u32,
    namespace: &str,
    contents: Contents,
) -> DashboardSection {
    let columns = (0..).step_by(GRAPH_COLUMNS as usize);
    DashboardSection {
        title: section.title,
        y,
        widgets: section
            .graphs
            .iter()
            .filter(|graph| {
                let mut lines = graph.lines.iter();
                lines.any(|line| contents.publishes(line.metric))
            })
            .zip(columns)
            .map(|(graph, x)| widget(graph, x, y + HEADING_ROWS, namespace, contents))
            .collect(),
    }
}

fn widget(graph: &Graph, x: u32, y: u32, namespace: &str, contents: Contents) -> Widget {
    Widget {
        title: graph.title,
        x,
        y,
        width: GRAPH_COLUMNS,
        height: GRAPH_ROWS,
        series: graph
            .lines
            .iter()
            .filter(|line| contents.publishes(line.metric))
            .map(|line| LabelledSeries {
                label: line.label,
                query: series("", line.metric, line.statistic, PERIOD, namespace),
            })
            .collect(),
    }
}

//! The document: its title, its styles, and what is drawn.

use super::canvas::{Anchor, Canvas};
use super::layout::{self, Layout, MARGIN, WIDTH};

use super::{group, measure, network, services, style};
use crate::graph::{escape, labels};
use crate::resolve::Environment;

/// The picture of one environment.
#[must_use]
pub fn svg(environment: &Environment) -> String {
    let layout = layout::layout(environment);
    let mut canvas = Canvas::default();
    canvas.rectangle("page", layout.page(), 12);
    title(&mut canvas, environment);
    network::draw(&mut canvas, &layout, environment);
    group::draw(&mut canvas, &layout, environment);
    services::draw(&mut canvas, &layout, environment);
    document(environment, &layout, &canvas.into_body())
}

fn title(canvas: &mut Canvas, environment: &Environment) {
    let available = WIDTH - 2 * MARGIN - 300;
    let name = measure::truncate(&environment.identity.prefix, available, 20, false);
    canvas.text("title", Anchor::Start, MARGIN, 44, &name);
    let mix = labels::purchase_options(&environment.instances);
    canvas.text("note", Anchor::Start, MARGIN, 64, &mix);
}

fn document(environment: &Environment, layout: &Layout, body: &str) -> String {
    let title = escape::xml(&format!("The fleet {}", environment.identity.prefix));
    let description = escape::xml(&description(environment));
    let height = layout.height;
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-labelledby="fleet-title fleet-description">
<title id="fleet-title">{title}</title>
<desc id="fleet-description">{description}</desc>
<style>
{style}</style>
<defs>
<marker id="fleet-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path class="head" d="M0 0 L10 5 L0 10 z"/></marker>
</defs>
{body}</svg>
"#,
        style = style::STYLE
    )
}

/// The picture for those who cannot see it.
fn description(environment: &Environment) -> String {
    let network = &environment.network;
    let place = match &network.created {
        Some(created) => format!(
            "a VPC {} with {}",
            created.cidr_block,
            labels::quantity(created.zones.len(), "zone")
        ),
        None => format!(
            "an existing VPC with {}",
            labels::quantity(network.zones(), "subnet")
        ),
    };
    let internet = match &network.created {
        Some(created) if created.has_nat => format!(
            "Workers reach the internet through {} on ports {}.",
            labels::quantity(created.public_subnets.len(), "NAT gateway"),
            labels::egress(network).join(", ")
        ),
        Some(_) => "Workers have no way to the internet.".to_owned(),
        None => "Workers reach the internet as the VPC's routes allow.".to_owned(),
    };
    format!(
        "In {}, {place} holds an Auto Scaling group of {}. {internet} Alarms notify by e-mail and \
         run valet-worker heal through Systems Manager; operators reach workers through Session \
         Manager alone.",
        environment.identity.region,
        labels::group_sizes(environment),
    )
}

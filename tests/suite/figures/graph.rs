use roxmltree::Document;
use valet_gen::graph::{mermaid, svg};
use valet_gen::resolve::Environment;

use super::{plan, snapshot};

const FLEETS: [&str; 6] = [
    "figures-business-hours",
    "figures-example",
    "figures-existing",
    "figures-one-zone",
    "figures-six-zones",
    "figures-ten-types",
];

fn first(name: &str) -> Environment {
    plan(name).environments.remove(0)
}

/// All text of a picture.
fn texts(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).expect("the picture is XML");
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    texts
        .filter_map(|node| node.text().map(str::to_owned))
        .collect()
}

#[test]
fn every_picture_is_xml_with_title_and_description() {
    for name in FLEETS {
        for environment in &plan(name).environments {
            let picture = svg(environment);
            let document = Document::parse(&picture).expect("the picture is XML");
            for tag in ["title", "desc"] {
                let node = document.descendants().find(|node| node.has_tag_name(tag));
                assert!(node.and_then(|node| node.text()).is_some(), "{name}: {tag}");
            }
            assert_eq!(picture, svg(environment), "{name} is drawn alike twice");
        }
    }
}

#[test]
fn every_rectangle_is_on_the_page() {
    for name in FLEETS {
        let picture = svg(&first(name));
        let document = Document::parse(&picture).expect("the picture is XML");
        let number = |node: &roxmltree::Node<'_, '_>, attribute: &str| -> i32 {
            let value = node.attribute(attribute).expect("it has the attribute");
            value.parse().expect("it is a whole number")
        };
        let (width, height) = (
            number(&document.root_element(), "width"),
            number(&document.root_element(), "height"),
        );
        for node in document
            .descendants()
            .filter(|node| node.has_tag_name("rect"))
        {
            let (x, y) = (number(&node, "x"), number(&node, "y"));
            let (w, h) = (number(&node, "width"), number(&node, "height"));
            assert!(x >= 0 && y >= 0 && w > 0 && h > 0, "{name}: {node:?}");
            assert!(x + w <= width && y + h <= height, "{name}: {node:?}");
        }
    }
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "</text><script>alert(1)</script>]]>&#x0;\u{0}\"'";
    let mut environment = first("figures-ten-types");
    environment.identity.prefix = hostile.to_owned();
    environment.identity.group = hostile.to_owned();
    environment.identity.region = hostile.to_owned();
    environment.alerts.email = vec![hostile.to_owned(); 2];
    environment.scaling.schedules[0].name = hostile.to_owned();
    environment.instances.types[0].instance_type = hostile.to_owned();
    environment.network.egress[0].cidr_block = Some(hostile.to_owned());
    let picture = svg(&environment);
    let document = Document::parse(&picture).expect("the picture is XML");
    assert!(
        !document
            .descendants()
            .any(|node| node.has_tag_name("script"))
    );
    let shown = texts(&picture);
    let survived = hostile.replace('\u{0}', "\u{fffd}");
    assert!(
        shown.iter().any(|text| text.contains(&survived)),
        "{shown:?}"
    );
}

#[test]
fn hostile_labels_do_not_leave_their_quotes() {
    let mut environment = first("figures-ten-types");
    environment.identity.group = "\"]\nend\nclick a call b() %%{init}".to_owned();
    environment.alerts.email = vec!["\"<img onerror=x>\"@valet.example".to_owned()];
    for line in mermaid(&environment).lines() {
        let quotes = line.matches('"').count();
        assert!(quotes == 0 || quotes == 2, "{line}");
        assert!(!line.contains("<img") && !line.contains("%%"), "{line}");
        assert!(!line.trim_start().starts_with("click"), "{line}");
    }
}

#[test]
fn flowcharts_close_what_they_open() {
    for name in FLEETS {
        let chart = mermaid(&first(name));
        let opened = chart
            .lines()
            .filter(|line| line.trim_start().starts_with("subgraph "));
        let closed = chart.lines().filter(|line| line.trim() == "end");
        assert_eq!(opened.count(), closed.count(), "{name}");
        assert!(chart.starts_with("flowchart TB\n"), "{name}");
    }
}

#[test]
fn pictures_show_what_is_there_and_nothing_else() {
    let shows = |name: &str, text: &str| {
        texts(&svg(&first(name)))
            .iter()
            .any(|shown| shown.contains(text))
    };
    let gateways = |name: &str| {
        let shown = texts(&svg(&first(name)));
        shown.iter().filter(|text| *text == "NAT gateway").count()
    };
    assert_eq!(gateways("figures-ten-types"), 1);
    assert_eq!(gateways("figures-six-zones"), 6);
    assert_eq!(gateways("figures-existing"), 0);
    assert_eq!(gateways("figures-one-zone"), 0);
    assert!(shows("figures-six-zones", "7070-7079 to 203.0.113.0/24"));
    assert!(
        shows("figures-six-zones", "192.168.250.0/23"),
        "ranges are not cut"
    );
    assert!(shows("figures-existing", "vpc-0123456789abcdef0"));
    assert!(!shows("figures-one-zone", "Internet gateway"));
    assert!(
        shows("figures-ten-types", "m6i.xlarge"),
        "all ten types have room"
    );
}

#[test]
fn graph_svg_single_nat() {
    snapshot("graph_svg_single_nat", &svg(&first("figures-ten-types")));
}

#[test]
fn graph_svg_nat_per_zone() {
    snapshot("graph_svg_nat_per_zone", &svg(&first("figures-six-zones")));
}

#[test]
fn graph_svg_existing_vpc() {
    snapshot("graph_svg_existing_vpc", &svg(&first("figures-existing")));
}

#[test]
fn graph_svg_one_zone() {
    snapshot("graph_svg_one_zone", &svg(&first("figures-one-zone")));
}

#[test]
fn graph_mermaid_single_nat() {
    snapshot(
        "graph_mermaid_single_nat",
        &mermaid(&first("figures-ten-types")),
    );
}

#[test]
fn graph_mermaid_existing_vpc() {
    snapshot(
        "graph_mermaid_existing_vpc",
        &mermaid(&first("figures-existing")),
    );
}

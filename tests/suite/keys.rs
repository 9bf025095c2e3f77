//! Every key of the language does something: another value changes what is rendered, what it costs or what is baked.
//! And it changes the image exactly where the reference says that it does.

mod excused;
mod values;

use std::collections::BTreeSet;

use test_support::pipeline::{files_of, fixture_text, try_plan_of};
use toml::{Table, Value};
use valet_gen::cost;
use valet_gen::fleet::image_keys::shapes_image;
use valet_gen::images::config_sha256;
use valet_gen::resolve::Plan;

use excused::{NOT_ALONE, WITHOUT_EFFECT};
use values::others;

/// The full fleet, in its one environment.
fn fleet() -> Table {
    let mut fleet: Table = fixture_text("golden-full").parse().expect("TOML");
    let environments = fleet["environments"].as_table_mut().expect("a table");
    environments.remove("trial");
    fleet
}

/// The same with prices of its own for the type of first choice, by which the estimate goes.
fn fleet_with_prices() -> Table {
    let mut fleet = fleet();
    let types = fleet["instances"]["types"].as_array_mut().expect("a list");
    let first = types[0].as_table_mut().expect("a table");
    first.insert("spot_price_ratio".to_owned(), Value::Float(0.4));
    first.insert("usd_per_hour".to_owned(), Value::Float(0.2));
    fleet
}

/// A step on the way to a value.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Entry(usize),
}

/// The way to every value of a table.
fn ways(value: &Value, way: &[Step], found: &mut Vec<Vec<Step>>) {
    let deeper = |step: Step| [way, &[step]].concat();
    match value {
        Value::Table(table) if !way.is_empty() || !table.is_empty() => {
            for (key, value) in table {
                ways(value, &deeper(Step::Key(key.clone())), found);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_table) => {
            for (index, item) in items.iter().enumerate() {
                ways(item, &deeper(Step::Entry(index)), found);
            }
        }
        _ => found.push(way.to_vec()),
    }
}

/// A way in the words of the reference: without the places of lists.
fn key_of(way: &[Step]) -> String {
    let keys = way.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Entry(_) => None,
    });
    keys.collect::<Vec<_>>().join(".")
}

fn at<'v>(value: &'v mut Value, way: &[Step]) -> &'v mut Value {
    way.iter().fold(value, |value, step| match step {
        Step::Key(key) => &mut value[key.as_str()],
        Step::Entry(index) => &mut value[*index],
    })
}

/// What a fleet comes to.
struct Result {
    everything: String,
    image: String,
}

fn result(plan: &Plan) -> Result {
    let files = files_of(plan);
    let payload: Vec<_> = plan
        .environments
        .iter()
        .map(|environment| &environment.image.payload)
        .collect();
    Result {
        everything: format!(
            "{files:?}{}{payload:?}",
            cost::to_json(&cost::estimate(plan))
        ),
        image: config_sha256(&files, "production"),
    }
}

/// The first other value that the rules accept, and what it comes to; or else the default, where that is another value.
fn with_another(fleet: &Table, way: &[Step], before: &Result) -> Option<Result> {
    let mut fleet = Value::Table(fleet.clone());
    let value = at(&mut fleet, way).clone();
    let of_other = others(&key_of(way), &value).into_iter().find_map(|other| {
        if other == value {
            return None;
        }
        *at(&mut fleet, way) = other;
        result_of(&fleet)
    });
    of_other.or_else(|| {
        let (last, above) = way.split_last()?;
        let Step::Key(key) = last else { return None };
        at(&mut fleet, above).as_table_mut()?.remove(key);
        result_of(&fleet).filter(|after| after.everything != before.everything)
    })
}

/// What a fleet comes to, if the rules accept it.
fn result_of(fleet: &Value) -> Option<Result> {
    let text = toml::to_string(fleet).expect("TOML");
    Some(result(&try_plan_of(&text).ok()?))
}

/// What another value of each key comes to.
#[derive(Default)]
struct Walk {
    tried: BTreeSet<String>,
    untried: BTreeSet<String>,
    effective: BTreeSet<String>,
    shaping: BTreeSet<String>,
}

impl Walk {
    /// Gives each of these keys another value, one at a time.
    fn through(&mut self, fleet: &Table, is_walked: impl Fn(&str) -> bool) {
        let text = toml::to_string(fleet).expect("TOML");
        let before = result(&try_plan_of(&text).expect("valid"));
        let mut all = Vec::new();
        ways(&Value::Table(fleet.clone()), &[], &mut all);
        for way in all {
            let key = key_of(&way);
            if !is_walked(&key) {
                continue;
            }
            let Some(after) = with_another(fleet, &way, &before) else {
                self.untried.insert(key);
                continue;
            };
            if after.everything != before.everything {
                self.effective.insert(key.clone());
            }
            if after.image != before.image {
                self.shaping.insert(key.clone());
            }
            self.tried.insert(key);
        }
    }
}

#[test]
fn every_key_changes_something_and_the_image_where_it_is_said() {
    let prices = [
        "instances.types.spot_price_ratio",
        "instances.types.usd_per_hour",
    ];
    let mut walk = Walk::default();
    walk.through(&fleet(), |key| !prices.contains(&key));
    walk.through(&fleet_with_prices(), |key| prices.contains(&key));
    let known = WITHOUT_EFFECT.iter().chain(&NOT_ALONE);
    let known: BTreeSet<&str> = known.map(|(key, _)| *key).collect();
    let excused = |key: &&String| known.contains(key.as_str());
    let without = walk.tried.difference(&walk.effective);
    let without: Vec<_> = without.filter(|key| !excused(key)).collect();
    assert_eq!(without, Vec::<&String>::new(), "these keys change nothing");
    let untried = walk.untried.difference(&walk.tried);
    let untried: Vec<_> = untried.filter(|key| !excused(key)).collect();
    assert_eq!(untried, Vec::<&String>::new(), "give these another value");
    let said: BTreeSet<_> = walk.tried.iter().filter(|key| shapes_image(key)).collect();
    let found: BTreeSet<_> = walk.shaping.iter().collect();
    assert_eq!(
        found, said,
        "keys that shape the image, and those marked so"
    );
    assert!(walk.tried.len() > 100, "{}", walk.tried.len());
}

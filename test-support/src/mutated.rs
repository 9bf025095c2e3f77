//! Fleets that somebody has spoilt: a value of another type, a text with another language's syntax in it, a number out of
//! all ranges, a key too many or too few.

use toml::{Table, Value};

use crate::hostile;

/// A place and what is done to it, as two numbers that are taken modulo what there is.
pub type Mutation = (usize, usize);

/// Every place of a document that has a value.
fn places(value: &Value, path: &[Step], found: &mut Vec<Vec<Step>>) {
    let deeper = |step: Step| [path, &[step]].concat();
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let path = deeper(Step::Key(key.clone()));
                found.push(path.clone());
                places(value, &path, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = deeper(Step::Entry(index));
                found.push(path.clone());
                places(item, &path, found);
            }
        }
        _ => {}
    }
}

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Entry(usize),
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key.as_str()),
        Step::Entry(index) => value.get_mut(*index),
    })
}

/// Values of every kind that no key expects.
fn strangers() -> Vec<Value> {
    let text = |text: &str| Value::String(text.to_owned());
    let parsed = |value: &str| -> Value {
        let table: Table = format!("v = {value}").parse().expect("TOML");
        table["v"].clone()
    };
    let mut values = vec![
        text(""),
        text(" "),
        text("*"),
        text("/"),
        text("-1"),
        text("10.0.0.0/0"),
        text("::/0"),
        text("arn:aws:iam::111122223333:role/${aws:username}"),
        text("https://example.com/${x}"),
        text("http://%{x}:1"),
        text("0 0 29 2 *"),
        Value::String("x".repeat(70_000)),
        Value::Array(Vec::new()),
        Value::Array(vec![text("${x}"), text("\"")]),
        Value::Array(vec![Value::Integer(1), text("a")]),
        Value::Table(Table::new()),
        Value::Array(vec![Value::Table(Table::new())]),
    ];
    values.extend(
        [
            "0",
            "-1",
            "1",
            "65536",
            "4294967296",
            "9223372036854775807",
            "-9223372036854775808",
            "0.1",
            "-0.0",
            "1e308",
            "inf",
            "-inf",
            "nan",
            "true",
            "false",
            "1979-05-27",
            "1979-05-27T07:32:00Z",
            "07:32:00",
        ]
        .map(parsed),
    );
    values
}

/// Changes one place: another value, a text with something in it, a key that is gone, called otherwise or there twice.
fn change(document: &mut Value, (place, what): Mutation) {
    let mut all = Vec::new();
    places(document, &[], &mut all);
    if all.is_empty() {
        return;
    }
    let path = all[place % all.len()].clone();
    let hostile = hostile::strings();
    let strangers = strangers();
    let kinds = strangers.len() + 3 * hostile.len() + 4;
    let what = what % kinds;
    let (last, above) = path.split_last().expect("a place has a last step");
    if let Some(stranger) = strangers.get(what) {
        if let Some(value) = at(document, &path) {
            *value = stranger.clone();
        }
        return;
    }
    let what = what - strangers.len();
    if let Some(text) = hostile
        .get(what % hostile.len())
        .filter(|_| what < 3 * hostile.len())
    {
        if let Some(value) = at(document, &path) {
            *value = match (value.as_str(), what / hostile.len()) {
                (Some(own), 0) => Value::String(format!("{own}{text}")),
                (Some(own), 1) => Value::String(format!("{text}{own}")),
                _ => Value::String(text.clone()),
            };
        }
        return;
    }
    let what = what - 3 * hostile.len();
    match (at(document, above), last) {
        (Some(Value::Table(table)), Step::Key(key)) => {
            let Some(value) = table.remove(key) else {
                return;
            };
            match what {
                0 => {}
                1 => {
                    table.insert(format!("{key}x"), value);
                }
                2 => {
                    table.insert(hostile[place % hostile.len()].clone(), value);
                }
                _ => {
                    table.insert(key.clone(), Value::Array(vec![value]));
                }
            }
        }
        (Some(Value::Array(items)), Step::Entry(index)) => match what {
            0 => {
                items.remove(*index);
            }
            1 => {
                let item = items[*index].clone();
                items.push(item);
            }
            _ => {
                let item = items[*index].clone();
                items[*index] = Value::Array(vec![item]);
            }
        },
        _ => {}
    }
}

/// The document with all these changes, as TOML. `None` where TOML cannot write it.
#[must_use]
pub fn mutated(base: &str, mutations: &[Mutation]) -> Option<String> {
    let table: Table = base.parse().expect("the base is TOML");
    let mut document = Value::Table(table);
    for mutation in mutations {
        change(&mut document, *mutation);
    }
    toml::to_string(&document).ok()
}

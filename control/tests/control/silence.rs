//! Silence counts only while the server could hear: the schema's view against a clock that goes second by second, and the
//! mistakes that the view could have.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use test_support::folders;
use tokio_postgres::{Client, Transaction};

use crate::support::{Agent, Api};

/// When the server could hear, and when the host was heard last; all in seconds before now.
#[derive(Clone, Debug)]
struct History {
    /// Uninterrupted times, the oldest first.
    up: Vec<(i32, i32)>,
    seen: i32,
}

/// A time that was written down last so long ago goes on: it is written down again within 10 s.
const GOES_ON: i32 = 30;
/// The longest pause of an agent whose heartbeat could not be taken.
const BACKOFF: i64 = 120;

impl History {
    fn can_hear(&self, second: i32) -> bool {
        let is_within = |&(start, end): &(i32, i32)| {
            let end = if end <= GOES_ON { 0 } else { end };
            second < start && second >= end
        };
        self.up.iter().any(is_within)
    }

    /// Counts each second in which the host could have been heard. When the server hears again, the host may wait as long
    /// as its backoff does.
    fn silence(&self) -> i64 {
        let mut silence = 0;
        let mut could_hear = true;
        for second in (0..self.seen).rev() {
            let can_hear = self.can_hear(second);
            match (could_hear, can_hear) {
                (false, true) => silence = 1 - BACKOFF,
                (true, true) => silence += 1,
                _ => {}
            }
            could_hear = can_hear;
        }
        silence.max(0)
    }
}

/// One to four times with interruptions between them, and a heartbeat within one of them.
fn history() -> impl Strategy<Value = History> {
    let time = (1..400_i32, (GOES_ON + 1)..300_i32);
    let last = prop_oneof![3 => Just(0), 1 => 1..=GOES_ON, 2 => (GOES_ON + 1)..300];
    let times = proptest::collection::vec(time, 1..5);
    (times, last, 0..4_usize, 0.0..1.0_f64).prop_map(|(times, last, which, at)| {
        let mut up = Vec::new();
        let mut end = last;
        for (length, pause) in times {
            up.insert(0, (end + length, end));
            end += length + pause;
        }
        let (start, end) = up[which % up.len()];
        let seen = end + ((f64::from(start - end)) * at) as i32;
        History { up, seen }
    })
}

/// Whatever a history may be, and those in which a second more or less decides.
fn cases() -> Vec<History> {
    let mut runner = TestRunner::deterministic();
    let any = (0..250).map(|_| history().new_tree(&mut runner).expect("a case").current());
    let uninterrupted = (88..94).map(|seen| History {
        up: vec![(1000, 0)],
        seen,
    });
    let interrupted = (208..214).map(|since| History {
        up: vec![(1000, 600), (since, 0)],
        seen: 700,
    });
    any.chain(uninterrupted).chain(interrupted).collect()
}

/// The silence and the state that each view says, at the same instant as the history ends.
async fn ask(
    transaction: &Transaction<'_>,
    views: &[String],
    history: &History,
) -> Vec<(i64, String)> {
    let (starts, ends): (Vec<i32>, Vec<i32>) = history.up.iter().copied().unzip();
    let set = format!(
        "DELETE FROM ingest_up;
         INSERT INTO ingest_up (started_at, last_at)
            SELECT now() - make_interval(secs => a), now() - make_interval(secs => b)
            FROM unnest('{{{}}}'::int[], '{{{}}}'::int[]) AS up (a, b);
         UPDATE pulse SET seen_at = now() - make_interval(secs => {})",
        list(&starts),
        list(&ends),
        history.seen
    );
    transaction.batch_execute(&set).await.expect("set");
    let select = views
        .iter()
        .map(|view| format!("SELECT silence, state FROM {view}"))
        .collect::<Vec<_>>()
        .join(" UNION ALL ");
    let rows = transaction.query(&select, &[]).await.expect("rows");
    let said = rows
        .iter()
        .map(|row| (row.get::<_, f64>(0) as i64, row.get(1)));
    said.collect()
}

fn list(numbers: &[i32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(i32::to_string).collect();
    numbers.join(",")
}

fn expected(history: &History) -> (i64, String) {
    let silence = history.silence();
    let state = if silence > 90 { "offline" } else { "ready" };
    (silence, state.to_owned())
}

async fn one_host() -> Option<(Api, Client)> {
    let api = Api::start().await?;
    let mut agent = Agent::enrolled(&api, 1).await;
    agent.beat(&api, serde_json::json!({})).await.ok();
    let client = api.database.dedicated().await.expect("it runs");
    Some((api, client))
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_what_a_clock_counts_second_by_second() {
    let Some((_api, mut client)) = one_host().await else {
        return;
    };
    let transaction = client.transaction().await.expect("it runs");
    let view = ["sandboxes".to_owned()];
    for history in cases() {
        let said = ask(&transaction, &view, &history).await;
        assert_eq!(said, [expected(&history)], "{history:?}");
    }
}

/// The statements of the newest migration that makes the view, with those of the views that it reads.
fn statements() -> String {
    let folder = folders::repository().join("control/migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("it is there")
        .map(|file| file.expect("a file").path())
        .collect();
    files.sort();
    let texts = files
        .iter()
        .rev()
        .map(|file| folders::read(file).expect("text"));
    let text = texts
        .into_iter()
        .find(|text| text.contains("CREATE OR REPLACE VIEW sandboxes"))
        .expect("a migration makes it");
    let begin = text
        .find("CREATE VIEW hearing")
        .expect("it makes all of them");
    text[begin..].to_owned()
}

/// The same with a mistake, as views of other names.
fn mutant(statements: &str, (right, wrong): (&str, &str), name: &str) -> String {
    assert!(statements.contains(right), "the view has no `{right}`");
    statements
        .replacen(right, wrong, 1)
        .replace("VIEW sandboxes", &format!("VIEW {name}"))
        .replace("hearing", &format!("hearing_of_{name}"))
        .replace("pulses", &format!("pulses_of_{name}"))
        .replace("CREATE OR REPLACE VIEW", "CREATE VIEW")
        .replace("CREATE VIEW", "CREATE TEMP VIEW")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_of_the_view_is_noticed() {
    let Some((_api, mut client)) = one_host().await else {
        return;
    };
    let statements = statements();
    let mistakes = [
        ("silence > 90", "silence > 91"),
        ("silence > 90", "silence >= 90"),
        ("silence > 90", "silence > 900"),
        ("interval '120 seconds'", "interval '119 seconds'"),
        ("interval '120 seconds'", "interval '0 seconds'"),
        (
            "WHEN seen_at < (SELECT started_at FROM hearing)",
            "WHEN false",
        ),
        (
            "WHEN seen_at < (SELECT started_at FROM hearing)",
            "WHEN true",
        ),
        ("WHEN seen_at < (", "WHEN seen_at > ("),
        ("max(started_at)", "min(started_at)"),
        ("THEN max(last_at)", "THEN now()"),
        (
            "ELSE now() END AS heard_until",
            "ELSE max(last_at) END AS heard_until",
        ),
        ("interval '30 seconds'", "interval '290 seconds'"),
        ("greatest(0, ", "greatest(-1, "),
    ];
    let transaction = client.transaction().await.expect("it runs");
    let mut views = Vec::new();
    for (number, mistake) in mistakes.iter().enumerate() {
        let name = format!("mistake_{number}");
        let mutant = mutant(&statements, *mistake, &name);
        transaction.batch_execute(&mutant).await.expect("a view");
        views.push(name);
    }
    let mut noticed = vec![0; mistakes.len()];
    for history in cases() {
        let said = ask(&transaction, &views, &history).await;
        for (count, said) in noticed.iter_mut().zip(&said) {
            *count += usize::from(*said != expected(&history));
        }
    }
    for ((right, wrong), count) in mistakes.iter().zip(noticed) {
        assert!(
            count > 0,
            "`{wrong}` instead of `{right}` is noticed by no case"
        );
    }
}

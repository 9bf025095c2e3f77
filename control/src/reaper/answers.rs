//! What was answered about many subjects that cannot all be asked about at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long an answer stands before its subject is asked about again.
pub const ASK_AGAIN: Duration = Duration::from_secs(30);
/// How long an answer counts where asking again gave none.
const MAX_AGE: Duration = Duration::from_mins(10);

/// The last answer about each subject.
#[derive(Debug)]
pub struct Answers<T> {
    of: BTreeMap<String, Answer<T>>,
}

#[derive(Debug)]
struct Answer<T> {
    asked: Instant,
    /// What was said last, and when.
    said: Option<(T, Instant)>,
}

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self {
            of: BTreeMap::new(),
        }
    }
}

impl<T: Copy> Answers<T> {
    /// Forgets everything about those that are not among these.
    pub fn keep(&mut self, subjects: &BTreeSet<&str>) {
        self.of
            .retain(|subject, _| subjects.contains(subject.as_str()));
    }

    /// Those that are to be asked about: first those that never were, in their order, then whoever waits for the longest
    /// time. So whatever the number that is asked about at a time, everybody's turn comes.
    #[must_use]
    pub fn due<'a>(&self, subjects: impl Iterator<Item = &'a str>, now: Instant) -> Vec<&'a str> {
        let asked = |subject: &str| self.of.get(subject).map(|answer| answer.asked);
        let mut due: Vec<(Option<Instant>, &str)> = subjects
            .map(|subject| (asked(subject), subject))
            .filter(|(asked, _)| asked.is_none_or(|asked| now.duration_since(asked) >= ASK_AGAIN))
            .collect();
        due.sort_by_key(|(asked, _)| *asked);
        due.into_iter().map(|(_, subject)| subject).collect()
    }

    /// Keeps what was answered; nothing where there was no answer.
    pub fn put(&mut self, subject: &str, answer: Option<T>, now: Instant) {
        let former = self.of.get(subject).and_then(|former| former.said);
        let former = former.filter(|(_, at)| now.duration_since(*at) <= MAX_AGE);
        let said = answer.map(|answer| (answer, now)).or(former);
        let answer = Answer { asked: now, said };
        self.of.insert(subject.to_owned(), answer);
    }

    /// The answer that counts.
    #[must_use]
    pub fn of(&self, subject: &str) -> Option<T> {
        self.of
            .get(subject)
            .and_then(|answer| answer.said)
            .map(|(said, _)| said)
    }

    /// Whether it was asked about at all.
    #[must_use]
    pub fn was_asked(&self, subject: &str) -> bool {
        self.of.contains_key(subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybodys_turn_comes_before_anybody_is_asked_about_twice() {
        let names: Vec<String> = (0..1000).map(|number| format!("i-{number:04}")).collect();
        let mut answers = Answers::default();
        let mut now = Instant::now();
        let mut asked = Vec::new();
        for _ in 0..100 {
            let due = answers.due(names.iter().map(String::as_str), now);
            for name in due.into_iter().take(20) {
                asked.push(name.to_owned());
                // Those of every second turn are not answered.
                answers.put(name, (asked.len() % 40 < 20).then_some(()), now);
            }
            now += Duration::from_secs(5);
        }
        assert_eq!(asked[..1000], names);
        assert_eq!(asked[1000..], names);
    }

    #[test]
    fn an_answer_stands_for_a_while_and_is_forgotten_with_its_subject() {
        let mut answers = Answers::default();
        let start = Instant::now();
        answers.put("a", Some(1), start);
        let due = |answers: &Answers<u8>, after| {
            let due = answers.due(["a"].into_iter(), start + after);
            due.len()
        };
        assert_eq!(due(&answers, Duration::from_secs(29)), 0);
        assert_eq!(due(&answers, ASK_AGAIN), 1);
        answers.put("a", None, start + MAX_AGE);
        assert_eq!(answers.of("a"), Some(1));
        answers.put("a", None, start + MAX_AGE + Duration::from_millis(1));
        assert_eq!((answers.of("a"), answers.was_asked("a")), (None, true));
        answers.keep(&BTreeSet::from(["b"]));
        assert!(!answers.was_asked("a"));
    }
}

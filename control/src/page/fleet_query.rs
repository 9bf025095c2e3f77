//! The fleet's search, filter and sort: all of it in the address, so that it works without script and can be sent on.

use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::registry::{HostQuery, HostSort, STATES};

/// The hosts of a page.
pub const PAGE_ROWS: i64 = 500;
/// The most characters that are searched for.
const MAX_SEARCH_CHARS: usize = 200;

/// What can be sorted by: its name in the address, and the column.
const SORTS: [(&str, HostSort); 8] = [
    ("host", HostSort::Id),
    ("state", HostSort::State),
    ("tasks", HostSort::Tasks),
    ("zone", HostSort::Zone),
    ("type", HostSort::Type),
    ("image", HostSort::Image),
    ("launched", HostSort::Launched),
    ("heard", HostSort::Heard),
];

/// The query. What is not understood is left out: an address that somebody has sent on should still show hosts.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct FleetQuery {
    #[serde(default)]
    pub search: String,
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub group: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    page: String,
}

impl FleetQuery {
    pub fn normalized(mut self) -> Self {
        let search: String = self.search.trim().replace('\0', "");
        self.search = search.chars().take(MAX_SEARCH_CHARS).collect();
        if !STATES.contains(&self.state.as_str()) {
            self.state.clear();
        }
        self.group = self.group.replace('\0', "").chars().take(255).collect();
        self
    }

    pub fn is_filtered(&self) -> bool {
        !self.search.is_empty() || !self.state.is_empty()
    }

    pub fn group(&self) -> Option<&str> {
        Some(self.group.as_str()).filter(|group| !group.is_empty())
    }

    /// The name of the sort, and whether it is descending.
    pub fn sorted(&self) -> (&'static str, HostSort, bool) {
        let (name, descending) = match self.sort.strip_prefix('-') {
            Some(name) => (name, true),
            None => (self.sort.as_str(), false),
        };
        let known = SORTS.into_iter().find(|(known, _)| *known == name);
        known.map_or((SORTS[0].0, SORTS[0].1, false), |(name, sort)| {
            (name, sort, descending)
        })
    }

    /// The page's number, from 0 on.
    pub fn page(&self) -> i64 {
        self.page.parse().unwrap_or(0).clamp(0, 10_000)
    }

    /// One host more than a page has says that there is another page.
    pub fn hosts(&self) -> HostQuery<'_> {
        let (_, sort, descending) = self.sorted();
        HostQuery {
            group: self.group(),
            state: Some(self.state.as_str()).filter(|state| !state.is_empty()),
            search: Some(self.search.as_str()).filter(|search| !search.is_empty()),
            sort,
            descending,
            offset: self.page() * PAGE_ROWS,
            limit: PAGE_ROWS + 1,
            ..HostQuery::default()
        }
    }

    /// The address with these values in place of what it has.
    pub fn address(&self, changes: &[(&str, &str)]) -> String {
        let (name, _, descending) = self.sorted();
        let sort = format!("{}{name}", if descending { "-" } else { "" });
        let page = self.page().to_string();
        let own = [
            ("search", self.search.as_str()),
            ("state", &self.state),
            ("group", &self.group),
            ("sort", if sort == "host" { "" } else { &sort }),
            ("page", if page == "0" { "" } else { &page }),
        ];
        let mut query = Serializer::new(String::new());
        for (key, value) in own {
            let changed = changes.iter().find(|(other, _)| *other == key);
            let value = changed.map_or(value, |(_, value)| value);
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        match query.finish() {
            query if query.is_empty() => "/".to_owned(),
            query => format!("/?{query}"),
        }
    }

    /// The address that sorts by this, the other way round if it does already.
    pub fn sort_address(&self, by: &str) -> String {
        let (name, _, descending) = self.sorted();
        let sort = if name == by && !descending {
            format!("-{by}")
        } else {
            by.to_owned()
        };
        let sort = if sort == "host" { "" } else { &sort };
        self.address(&[("sort", sort), ("page", "")])
    }

    /// The command that lists the same hosts.
    pub fn command(&self) -> String {
        let mut words = vec!["hosts"];
        for (flag, value) in [
            ("--group", &self.group),
            ("--state", &self.state),
            ("--search", &self.search),
        ] {
            if !value.is_empty() {
                words.extend([flag, value]);
            }
        }
        super::commands::command(&words)
    }
}

//! Where a value stands in a fleet.toml, independent of the text.

use std::fmt;

/// One step from a table or an array to what it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    Key(String),
    Index(usize),
}

/// The way from the root of the file to a value, such as `instances.types[3].slots`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<Segment>);

impl Path {
    /// The path of dotted bare keys, as rules write it: `Path::of("network.cidr_block")`.
    #[must_use]
    pub fn of(dotted: &str) -> Self {
        dotted.split('.').fold(Self::default(), Self::key)
    }

    /// Goes on to a key of a table. The key may hold any character.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.0.push(Segment::Key(key.to_owned()));
        self
    }

    /// Goes on to an element of an array, counted from 0.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Segment::Index(index));
        self
    }

    /// The path of what holds this value; `None` for the root.
    #[must_use]
    pub fn parent(mut self) -> Option<Self> {
        self.0.pop().map(|_| self)
    }

    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether one of the two values holds the other, or they are the same.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }

    /// Whether two values stand in the same table or array.
    #[must_use]
    pub fn is_beside(&self, other: &Self) -> bool {
        let above = |path: &Self| path.0.split_last().map(|(_, above)| above.to_vec());
        above(self) == above(other)
    }

    /// The top-level table that the value belongs to.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        match self.0.first() {
            Some(Segment::Key(key)) => Some(key),
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if position == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

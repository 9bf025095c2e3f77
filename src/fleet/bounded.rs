//! Numbers that carry their range in their type, so that the schema, the typing and the
//! documentation state the same limits.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// A whole number from `MIN` to `MAX`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Bounded<const MIN: u32, const MAX: u32>(u32);

/// A share of a whole in percent.
pub type Percent = Bounded<0, 100>;

/// A TCP port.
pub type Port = Bounded<1, 65535>;

/// A TCP port that a program may listen on without the capability that ports below 1024 ask for.
pub type UnprivilegedPort = Bounded<1024, 65535>;

/// Input and output operations per second of a gp3 volume.
pub type VolumeIops = Bounded<3000, 16000>;

/// Throughput of a gp3 volume in MiB per second.
pub type VolumeThroughput = Bounded<125, 1000>;

impl<const MIN: u32, const MAX: u32> Bounded<MIN, MAX> {
    /// A number that is known to be in range; for defaults.
    ///
    /// # Panics
    /// When it is not, which a constant shows at compile time.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        assert!(number >= MIN && number <= MAX, "out of range");
        Self(number)
    }

    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Display for Bounded<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Bounded<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        u32::try_from(number)
            .ok()
            .filter(|number| (MIN..=MAX).contains(number))
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom(format!("{number} is not from {MIN} to {MAX}")))
    }
}

impl<const MIN: u32, const MAX: u32> JsonSchema for Bounded<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Owned(format!("Integer{MIN}To{MAX}"))
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// A fraction from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Ratio(f64);

impl Ratio {
    /// A fraction that is known to be one; for defaults.
    ///
    /// # Panics
    /// When it is not, which a constant shows at compile time.
    #[must_use]
    pub const fn new(ratio: f64) -> Self {
        assert!(ratio >= 0.0 && ratio <= 1.0, "out of range");
        Self(ratio)
    }

    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ratio = f64::deserialize(deserializer)?;
        if (0.0..=1.0).contains(&ratio) {
            Ok(Self(ratio))
        } else {
            Err(serde::de::Error::custom(format!(
                "{ratio} is not from 0 to 1"
            )))
        }
    }
}

impl JsonSchema for Ratio {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Ratio")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0.0, "maximum": 1.0 })
    }
}

/// A positive quantity that need not be whole.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Quantity(f64);

impl Quantity {
    /// The largest quantity that is accepted; far above anything a fleet has.
    const MAX: f64 = 1_000_000.0;

    /// A quantity that is known to be in range; for defaults.
    ///
    /// # Panics
    /// When it is not, which a constant shows at compile time.
    #[must_use]
    pub const fn new(quantity: f64) -> Self {
        assert!(quantity >= 0.0 && quantity <= Self::MAX, "out of range");
        Self(quantity)
    }

    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let quantity = f64::deserialize(deserializer)?;
        if (0.0..=Self::MAX).contains(&quantity) {
            Ok(Self(quantity))
        } else {
            Err(serde::de::Error::custom(format!(
                "{quantity} is not from 0 to {}",
                Self::MAX
            )))
        }
    }
}

impl JsonSchema for Quantity {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Quantity")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0.0, "maximum": Self::MAX })
    }
}

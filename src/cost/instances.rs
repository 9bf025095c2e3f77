//! How many instances run, of which purchase option, and what they cost.

use super::item::CostItem;
use super::range::CostRange;
use super::rates::HOURS_PER_MONTH;
use super::week::{self, SizePeriod};
use crate::resolve::{GroupInstanceType, Instances};

/// Instances by purchase option. Not whole, because they are averages over the week.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RunningInstances {
    pub on_demand: f64,
    pub spot: f64,
}

impl RunningInstances {
    fn plus(self, other: Self, weight: f64) -> Self {
        Self {
            on_demand: self.on_demand + other.on_demand * weight,
            spot: self.spot + other.spot * weight,
        }
    }
}

/// Average instances of the week.
#[derive(Clone, Copy, Debug, Default)]
pub struct AverageInstances {
    pub on_demand: CostRange,
    pub spot: CostRange,
}

impl AverageInstances {
    #[must_use]
    pub fn all(&self) -> CostRange {
        self.on_demand.plus(self.spot)
    }
}

/// Averages over the week's bounds. The load is the share of the way from the smallest size to
/// the largest, in percent.
#[must_use]
pub fn average(instances: &Instances, week: &[SizePeriod], load_percent: u32) -> AverageInstances {
    let over_week = |units: &dyn Fn(&SizePeriod) -> f64| {
        week.iter()
            .fold(RunningInstances::default(), |sum, bounds| {
                let share = f64::from(bounds.minutes) / f64::from(week::MINUTES);
                sum.plus(of_units(instances, units(bounds)), share)
            })
    };
    let load = f64::from(load_percent) / 100.0;
    let minimum = over_week(&|bounds| f64::from(bounds.min_size));
    let expected = over_week(&|bounds| {
        let room = f64::from(bounds.max_size - bounds.min_size);
        f64::from(bounds.min_size) + load * room
    });
    let maximum = over_week(&|bounds| f64::from(bounds.max_size));
    let figures = |part: fn(RunningInstances) -> f64| CostRange {
        minimum: part(minimum),
        expected: part(expected),
        maximum: part(maximum),
    };
    AverageInstances {
        on_demand: figures(|running| running.on_demand),
        spot: figures(|running| running.spot),
    }
}

/// Instances of a size. A group is at whole sizes only, so a size between two is a mix of both.
fn of_units(instances: &Instances, units: f64) -> RunningInstances {
    let below = units.floor();
    let share_above = units - below;
    let at = |units: f64| of_whole_units(instances, units as u32);
    RunningInstances::default()
        .plus(at(below), 1.0 - share_above)
        .plus(at(units.ceil()), share_above)
}

/// The base first, then the percentage of what is above it, rounded up to whole units in favour of
/// on-demand; the other instances are spot. An instance that counts for more units than are missing is
/// launched all the same.
fn of_whole_units(instances: &Instances, units: u32) -> RunningInstances {
    let base = units.min(instances.on_demand_base_capacity);
    let percentage = instances.on_demand_percentage_above_base_capacity;
    let above = (u64::from(units - base) * u64::from(percentage)).div_ceil(100);
    let on_demand = base + u32::try_from(above).unwrap_or(u32::MAX);
    let weight = preferred(instances).map_or(1, |choice| choice.weight.max(1));
    RunningInstances {
        on_demand: f64::from(on_demand.div_ceil(weight)),
        spot: f64::from((units - on_demand).div_ceil(weight)),
    }
}

/// The type that every instance is taken for: the first in order of preference.
#[must_use]
pub fn preferred(instances: &Instances) -> Option<&GroupInstanceType> {
    instances.types.first()
}

/// The type that every instance is taken for, where its price is unknown.
#[must_use]
pub fn unpriced(instances: &Instances) -> Vec<String> {
    let choice = preferred(instances).filter(|choice| choice.usd_per_hour.is_none());
    choice
        .map(|choice| choice.instance_type.clone())
        .into_iter()
        .collect()
}

/// The instances' lines of an estimate.
#[must_use]
pub fn lines(instances: &Instances, average: &AverageInstances) -> Vec<CostItem> {
    let Some(choice) = preferred(instances) else {
        return Vec::new();
    };
    let line = |option: &str, usd_per_hour: Option<f64>, count: CostRange| {
        let item = format!("{option} instances, {}", choice.instance_type);
        let hours = count.times(HOURS_PER_MONTH);
        CostItem::new(item, usd_per_hour, "instance-hour", hours)
    };
    let spot_usd = (choice.usd_per_hour).map(|usd| usd * choice.spot_price_ratio);
    vec![
        line("on-demand", choice.usd_per_hour, average.on_demand),
        line("spot", spot_usd, average.spot),
    ]
}

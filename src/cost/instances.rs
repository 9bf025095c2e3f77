//! How many instances run, of which purchase option, and what they cost.

use super::figures::Figures;
use super::line::Line;
use super::rates::HOURS_PER_MONTH;
use super::week::{self, Bounds};
use crate::resolve::{InstanceType, Instances};

/// Instances by purchase option. Not whole, because they are averages over the week.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Running {
    pub on_demand: f64,
    pub spot: f64,
}

impl Running {
    fn plus(self, other: Self, weight: f64) -> Self {
        Self {
            on_demand: self.on_demand + other.on_demand * weight,
            spot: self.spot + other.spot * weight,
        }
    }
}

/// Average instances of the week.
#[derive(Clone, Copy, Debug, Default)]
pub struct Average {
    pub on_demand: Figures,
    pub spot: Figures,
}

impl Average {
    #[must_use]
    pub fn all(&self) -> Figures {
        self.on_demand.plus(self.spot)
    }
}

/// Averages over the week's bounds. The load is the share of the way from the smallest size to
/// the largest, in percent.
#[must_use]
pub fn average(instances: &Instances, week: &[Bounds], load_percent: u32) -> Average {
    let over_week = |units: &dyn Fn(&Bounds) -> f64| {
        week.iter().fold(Running::default(), |sum, bounds| {
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
    let figures = |part: fn(Running) -> f64| Figures {
        minimum: part(minimum),
        expected: part(expected),
        maximum: part(maximum),
    };
    Average {
        on_demand: figures(|running| running.on_demand),
        spot: figures(|running| running.spot),
    }
}

/// Instances of a size. A group is at whole sizes only, so a size between two is a mix of both.
fn of_units(instances: &Instances, units: f64) -> Running {
    let below = units.floor();
    let share_above = units - below;
    let at = |units: f64| of_whole_units(instances, units as u32);
    Running::default()
        .plus(at(below), 1.0 - share_above)
        .plus(at(units.ceil()), share_above)
}

/// The base first, then the percentage of what is above it, rounded up to whole units in favour of
/// on-demand; the other instances are spot. An instance that counts for more units than are missing is
/// launched all the same.
fn of_whole_units(instances: &Instances, units: u32) -> Running {
    let base = units.min(instances.on_demand_base_capacity);
    let percentage = instances.on_demand_percentage_above_base_capacity;
    let above = (u64::from(units - base) * u64::from(percentage)).div_ceil(100);
    let on_demand = base + u32::try_from(above).unwrap_or(u32::MAX);
    let weight = preferred(instances).map_or(1, |choice| choice.weight.max(1));
    Running {
        on_demand: f64::from(on_demand.div_ceil(weight)),
        spot: f64::from((units - on_demand).div_ceil(weight)),
    }
}

/// The type that every instance is taken for: the first in order of preference.
#[must_use]
pub fn preferred(instances: &Instances) -> Option<&InstanceType> {
    instances.types.first()
}

/// The instances' lines of an estimate.
#[must_use]
pub fn lines(instances: &Instances, average: &Average) -> Vec<Line> {
    let Some(choice) = preferred(instances) else {
        return Vec::new();
    };
    let line = |option: &str, usd_per_hour: f64, count: Figures| {
        let item = format!("{option} instances, {}", choice.instance_type);
        let hours = count.times(HOURS_PER_MONTH);
        Line::new(item, usd_per_hour, "instance-hour", hours)
    };
    let spot_usd = choice.usd_per_hour * choice.spot_price_ratio;
    vec![
        line("on-demand", choice.usd_per_hour, average.on_demand),
        line("spot", spot_usd, average.spot),
    ]
}

//! The instances' volumes.

use super::item::CostItem;
use super::range::CostRange;
use super::rates::{INCLUDED_IOPS, INCLUDED_THROUGHPUT, RegionalRates, VOLUME_THROUGHPUT};
use crate::resolve::Instances;

/// The volumes of each instance. Operations and throughput only where they are more than included.
#[must_use]
pub fn lines(instances: &Instances, rates: &RegionalRates, count: CostRange) -> Vec<CostItem> {
    let root = &instances.root_volume;
    let mut lines = of_volume(
        "root",
        root.volume_size,
        (root.iops, root.throughput),
        rates,
        count,
    );
    for volume in &instances.volumes {
        lines.extend(of_volume(
            &volume.device_name,
            volume.volume_size,
            (volume.iops, volume.throughput),
            rates,
            count,
        ));
    }
    lines
}

fn of_volume(
    name: &str,
    size: u32,
    (iops, throughput): (Option<u32>, Option<u32>),
    rates: &RegionalRates,
    count: CostRange,
) -> Vec<CostItem> {
    let iops = iops.unwrap_or(INCLUDED_IOPS);
    let throughput = throughput.unwrap_or(INCLUDED_THROUGHPUT);
    let extra_iops = f64::from(iops.saturating_sub(INCLUDED_IOPS));
    let extra_throughput = f64::from(throughput.saturating_sub(INCLUDED_THROUGHPUT));
    let mut lines = vec![CostItem::of(
        rates.volume,
        name,
        count.times(f64::from(size)),
    )];
    if extra_iops > 0.0 {
        let what = format!("{name}, above 3000");
        lines.push(CostItem::of(
            rates.volume_iops,
            &what,
            count.times(extra_iops),
        ));
    }
    if extra_throughput > 0.0 {
        let what = format!("{name}, above 125");
        lines.push(CostItem::of(
            VOLUME_THROUGHPUT,
            &what,
            count.times(extra_throughput),
        ));
    }
    lines
}

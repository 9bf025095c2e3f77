//! The instances' root volumes.

use super::item::CostItem;
use super::range::CostRange;
use super::rates::{INCLUDED_IOPS, INCLUDED_THROUGHPUT, VOLUME, VOLUME_IOPS, VOLUME_THROUGHPUT};
use crate::resolve::Instances;

/// One volume per instance. Operations and throughput only where they are more than included.
#[must_use]
pub fn lines(instances: &Instances, count: CostRange) -> Vec<CostItem> {
    let volume = &instances.root_volume;
    let size = f64::from(volume.volume_size);
    let iops = volume.iops.unwrap_or(INCLUDED_IOPS);
    let throughput = volume.throughput.unwrap_or(INCLUDED_THROUGHPUT);
    let extra_iops = f64::from(iops.saturating_sub(INCLUDED_IOPS));
    let extra_throughput = f64::from(throughput.saturating_sub(INCLUDED_THROUGHPUT));
    let mut lines = vec![CostItem::of(VOLUME, "root", count.times(size))];
    if extra_iops > 0.0 {
        let what = "root, above 3000";
        lines.push(CostItem::of(VOLUME_IOPS, what, count.times(extra_iops)));
    }
    if extra_throughput > 0.0 {
        let what = "root, above 125";
        lines.push(CostItem::of(
            VOLUME_THROUGHPUT,
            what,
            count.times(extra_throughput),
        ));
    }
    lines
}

use jiff::Timestamp;
use valet_protocol::WorkerMetric;

use super::*;
use crate::testing::identity;

fn dimensions(metric: WorkerMetric, instance_series: bool) -> Vec<Vec<(String, String)>> {
    let point = Point {
        metric,
        value: 1.0,
        at: Timestamp::UNIX_EPOCH,
    };
    data_of(&point, &identity(), instance_series)
        .iter()
        .map(|datum| {
            let pair = |dimension: &Dimension| {
                (
                    dimension.name().unwrap().to_owned(),
                    dimension.value().unwrap().to_owned(),
                )
            };
            datum.dimensions().iter().map(pair).collect()
        })
        .collect()
}

#[test]
fn a_value_goes_into_the_series_of_its_metric() {
    let fleet = ("AutoScalingGroupName".to_owned(), "valet-test".to_owned());
    let instance = ("InstanceId".to_owned(), "i-0123456789abcdef0".to_owned());
    assert_eq!(
        dimensions(WorkerMetric::XvfbStatus, true),
        [vec![fleet.clone(), instance], vec![fleet.clone()]]
    );
    let fleet = [vec![fleet]];
    assert_eq!(dimensions(WorkerMetric::QueueDepth, true), fleet);
    assert_eq!(dimensions(WorkerMetric::XvfbStatus, false), fleet);
}

#[test]
fn every_unit_is_one_of_cloudwatchs() {
    for metric in WorkerMetric::ALL {
        let unit = metric.unit();
        assert!(StandardUnit::values().contains(&unit), "{unit}");
    }
}

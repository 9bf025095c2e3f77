//! Values to CloudWatch.

use aws_sdk_cloudwatch::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use valet_protocol::metrics::{FLEET_DIMENSION, INSTANCE_DIMENSION, Series};

use super::collect::Point;
use crate::error::chain;
use crate::host::Host;
use crate::state::Identity;

/// The most values in one call. CloudWatch takes 1000 data and 1 MB; a value is two data, of about
/// 300 bytes each.
pub const MAX_VALUES_PER_CALL: usize = 500;

/// Why values were not taken.
#[derive(Debug)]
pub enum PutError {
    /// CloudWatch will never take them.
    Rejected(String),
    /// It may later.
    Transient(String),
}

/// Sends values in one call.
///
/// # Errors
///
/// Why they were not taken.
pub async fn send(host: &Host, identity: &Identity, points: &[Point]) -> Result<(), PutError> {
    let data = points
        .iter()
        .flat_map(|point| data_of(point, identity, host.config.metrics.instance_series))
        .collect();
    host.aws
        .cloudwatch
        .put_metric_data()
        .namespace(&host.config.metrics.namespace)
        .set_metric_data(Some(data))
        .send()
        .await
        .map(|_| ())
        .map_err(|error| {
            let message = chain(&error);
            if is_about_the_data(&error) {
                PutError::Rejected(message)
            } else {
                PutError::Transient(message)
            }
        })
}

/// Whether the same data would be refused again: CloudWatch calls it invalid, or too much.
fn is_about_the_data<E: aws_sdk_cloudwatch::error::ProvideErrorMetadata, R>(
    error: &SdkError<E, R>,
) -> bool {
    matches!(
        error,
        SdkError::ServiceError(_) | SdkError::ConstructionFailure(_)
    ) && error.code().is_some_and(|code| {
        code.starts_with("InvalidParameter")
            || code.starts_with("MissingRequiredParameter")
            || code == "RequestEntityTooLarge"
    })
}

/// A value in each series of its metric: of the fleet, and of the instance within the fleet where instances
/// have series of their own.
fn data_of(point: &Point, identity: &Identity, instance_series: bool) -> Vec<MetricDatum> {
    let fleet = Dimension::builder()
        .name(FLEET_DIMENSION)
        .value(&identity.group)
        .build();
    let instance = Dimension::builder()
        .name(INSTANCE_DIMENSION)
        .value(&identity.instance_id)
        .build();
    let datum = |dimensions: Vec<Dimension>| {
        MetricDatum::builder()
            .metric_name(point.metric.name())
            .unit(StandardUnit::from(point.metric.unit()))
            .value(point.value)
            .timestamp(DateTime::from_millis(point.at.as_millisecond()))
            .set_dimensions(Some(dimensions))
            .build()
    };
    match point.metric.series() {
        Series::InstanceAndFleet if instance_series => {
            vec![datum(vec![fleet.clone(), instance]), datum(vec![fleet])]
        }
        Series::InstanceAndFleet | Series::Fleet => vec![datum(vec![fleet])],
    }
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;

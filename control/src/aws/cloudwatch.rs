//! Metrics.

use jiff::Timestamp;

use super::endpoints::Service;
use super::parameters::Parameters;
use super::{Aws, AwsError, Permit};

/// A value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricValue {
    pub name: &'static str,
    pub unit: &'static str,
    /// The dimension's name and value.
    pub dimension: (&'static str, String),
    pub value: f64,
    pub at: Timestamp,
}

impl Aws {
    /// Sends values to CloudWatch, 1,000 at the most.
    ///
    /// # Errors
    ///
    /// Why they were not taken, or whether that is not known.
    pub async fn put_metric_data(
        &self,
        region: &str,
        namespace: &str,
        values: &[MetricValue],
        permit: &Permit,
    ) -> Result<(), AwsError> {
        let mut parameters = Parameters::default().with("Namespace", namespace);
        for (index, value) in values.iter().enumerate() {
            let member = format!("MetricData.member.{}", index + 1);
            let (name, of) = &value.dimension;
            parameters = parameters
                .with(&format!("{member}.MetricName"), value.name)
                .with(&format!("{member}.Unit"), value.unit)
                .with(&format!("{member}.Value"), value.value.to_string())
                .with(&format!("{member}.Timestamp"), value.at.to_string())
                .with(&format!("{member}.Dimensions.member.1.Name"), *name)
                .with(&format!("{member}.Dimensions.member.1.Value"), of);
        }
        let action = "PutMetricData";
        self.change(Service::CloudWatch, region, action, &parameters, permit)
            .await
            .map(drop)
    }
}

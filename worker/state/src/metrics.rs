//! What became of the metrics.

/// Values of metrics since the agent started, each counted once, whatever series it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetricDelivery {
    /// Taken by CloudWatch.
    pub sent: u64,
    /// Given up: too many waited, or CloudWatch would not have them.
    pub dropped: u64,
    /// Buffer for CloudWatch.
    pub waiting: u64,
}

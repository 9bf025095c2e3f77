//! How long CloudWatch Logs keeps a log group's events.

/// The retentions that `PutRetentionPolicy` accepts, in days (CloudWatch Logs API reference).
pub const DAYS: &[u32] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// The shortest of them that is no shorter, or the longest.
#[must_use]
pub fn at_least(days: u32) -> u32 {
    DAYS.iter()
        .copied()
        .find(|offered| *offered >= days)
        .unwrap_or(3653)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_longer_one_is_found() {
        assert_eq!(at_least(0), 1);
        assert_eq!(at_least(100), 120);
        assert_eq!(at_least(365), 365);
        assert_eq!(at_least(9999), 3653);
    }
}

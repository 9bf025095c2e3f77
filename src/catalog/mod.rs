//! What the generator knows of AWS and of the fleet: one registry per subject, read by the
//! rules, the renderers, the cost estimate and the documentation alike.

pub mod alarms;
pub mod checkov;
pub mod controls;
pub mod dashboard;
pub mod endpoints;
pub mod instance_types;
pub mod log_retention;
pub mod metrics;
pub mod regions;
pub mod resource_names;
pub mod secret_scanner;

/// The known word nearest to what was typed, when it is near enough to be what was meant.
#[must_use]
pub fn nearest<'w>(typed: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(typed, word), word))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, word)| word)
}
